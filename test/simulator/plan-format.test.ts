import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parseFaultPlan } from '../../src/simulator/plan-format.ts'
import { formatPlanProblem } from '../../src/simulator/plan-problems.ts'

function problemsOf(written: unknown): string[] {
  const parsed = parseFaultPlan(written)
  return parsed.kind === 'plan' ? [] : parsed.problems.map(formatPlanProblem)
}

const inRule = (rule: object): string[] => problemsOf({ rules: [rule] })

it('tells all mistakes of a plan at once, each with its path, what is wrong and what to write', () => {
  const rules = [
    { do: { status: 99 } },
    { when: { ap: 666, every: 0, requests: {} }, do: { status: '500' } },
    {},
    { do: { stauts: 500 } },
    { do: [{ share: 0.5, status: 500 }, { status: 503 }] },
    {
      do: [
        { share: 0.6, status: 500 },
        { share: 0.5, status: 503 },
      ],
    },
  ]
  assert.deepEqual(problemsOf({ seed: -1, rules, rule: [] }), [
    'seed: -1 will not do; write a whole number from 0 to 4294967295',
    'rules[0].do.status: 99 will not do; write a whole number from 200 to 599',
    'rules[1].when.requests: this mapping will not do; write from, to, or both, with from no greater than to',
    'rules[1].when.every: 0 will not do; write a whole number from 1 to 1000000000',
    'rules[1].when.ap: is not a known key; known here: app, method, event, requests, seconds, every',
    'rules[1].do.status: "500" will not do; write a whole number from 200 to 599',
    'rules[2].do: is missing; write an action, or a list of actions with shares',
    'rules[3].do.stauts: is not a known key; known here: share, status, body, html, headers, retryAfter, cut, delayMs, reset, hang',
    'rules[4].do[1]: has no share; among several each needs one',
    'rules[5].do: has shares that add up to 1.1; write shares of 1 at most in all',
    'rule: is not a known key; known here: seed, rules',
  ])
})

it('tells what is wrong with one action', () => {
  const cases: [object, string][] = [
    [{}, ': this mapping will not do; write status, delayMs, reset or hang'],
    [{ share: 0.5 }, ': this mapping will not do; write status, delayMs, reset or hang'],
    [{ share: 0, status: 500 }, '.share: 0 will not do; write a number above 0, up to 1'],
    [{ status: 500, hang: 'before' }, '.status: stands beside reset or hang, which never answer; keep one of the two'],
    [{ hang: 'before', delayMs: 5 }, '.delayMs: stands beside reset or hang, which never answer; keep one of the two'],
    [{ reset: 'before', hang: 'after' }, '.hang: stands beside reset; keep one of the two'],
    [{ reset: 'now' }, '.reset: "now" will not do; write before or after: before or after the events are accepted'],
    [{ delayMs: 5, body: 'x' }, '.body: has a meaning only beside status; write a status, too'],
    [{ delayMs: 5, cut: true }, '.cut: has a meaning only beside status; write a status, too'],
    [{ status: 502, body: 'x', html: true }, '.html: stands beside body; keep one of the two'],
    [{ status: 429, headers: { 'retry-after': 3 } }, '.headers.retry-after: 3 will not do; write a text'],
    [{ status: 429, retryAfter: {} }, '.retryAfter: this mapping will not do; write seconds or date'],
    [{ status: 429, retryAfter: { seconds: 1, date: 1 } }, '.retryAfter: this mapping will not do; write seconds or date'],
  ]
  for (const [action, problem] of cases) assert.deepEqual(inRule({ do: action }), [`rules[0].do${problem}`])
})

it('tells what is wrong with a delay', () => {
  const either = 'write milliseconds from 0 to 600000, or one of { uniform }, { logNormal }, { pareto }'
  const cases: [unknown, string][] = [
    [600_001, ': 600001 will not do; write a whole number from 0 to 600000'],
    ['5ms', `: "5ms" will not do; ${either}`],
    [{}, ': this mapping will not do; write exactly one of uniform, logNormal, pareto'],
    [{ normal: {} }, '.normal: is not a known key; known here: uniform, logNormal, pareto'],
    [{ uniform: { min: 5, max: 4 } }, '.uniform: this mapping will not do; write a max that is not below the other times'],
    [{ uniform: { min: 5 } }, '.uniform.max: is missing; write a whole number from 0 to 600000'],
    [{ pareto: { min: 5, shape: 0, max: 9 } }, '.pareto.shape: 0 will not do; write a number above 0, up to 100'],
    [
      { logNormal: { median: 10, sigma: 1, max: 9 } },
      '.logNormal: this mapping will not do; write a max that is not below the other times',
    ],
  ]
  for (const [delayMs, problem] of cases) assert.deepEqual(inRule({ do: { delayMs } }), [`rules[0].do.delayMs${problem}`])
})

it('tells what is wrong with a choice of requests', () => {
  const methods = 'registration, registrationBatch, login, loginBatch, customEvent, customEventBatch, version, test-app-access'
  const cases: [object, string][] = [
    [{ method: 'logout' }, `.method: "logout" will not do; write a method or a list of them`],
    [{ method: ['login', 'logout'] }, `.method[1]: "logout" will not do; write one of ${methods}`],
    [{ app: [] }, '.app: an empty list will not do; write an idApp or a list of them'],
    [
      { seconds: { from: 5, to: 4 } },
      '.seconds: this mapping will not do; write from, to, or both, with from no greater than to',
    ],
    [{ seconds: { from: '5s' } }, '.seconds.from: "5s" will not do; write a whole number from 0 to 1000000000'],
    [{ event: { customUserId: {} } }, '.event.customUserId: this mapping will not do; write a value or a list of them'],
    [{ event: 'x' }, '.event: "x" will not do; write a mapping from parameters to values, as in { customUserId: "13" }'],
    ...['userId', 'customEventParams', 'customEventParams.'].map((name): [object, string] => [
      { event: { [name]: 'x' } },
      `.event.${name}: is no parameter with a single value; one of customEventParams is written customEventParams.NAME`,
    ]),
  ]
  for (const [when, problem] of cases) assert.deepEqual(inRule({ when, do: { status: 500 } }), [`rules[0].when${problem}`])
})

it('a plan of another kind altogether is told what a plan is', () => {
  for (const [written, what] of [
    [undefined, 'is missing'],
    [null, 'null will not do'],
    ['x', '"x" will not do'],
    [[], 'an empty list will not do'],
  ]) {
    assert.deepEqual(problemsOf(written), [`${what}; write a mapping of seed, rules`])
  }
  assert.deepEqual(problemsOf({}), ['rules: is missing; write a list of rules, as in [{ do: { status: 500 } }]'])
  const rules = Array.from({ length: 1_001 }, () => ({ do: { status: 500 } }))
  assert.deepEqual(problemsOf({ rules }), ['rules: this list will not do; write at most 1000 rules'])
})
