import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { parseApps } from '../../src/simulator/apps-format.ts'
import type { Fault, FaultRequest } from '../../src/simulator/faults.ts'
import { FaultPlan } from '../../src/simulator/faults.ts'
import { parseFaultPlan } from '../../src/simulator/plan-format.ts'

const text = readFileSync(new URL('../../docs/simulate.md', import.meta.url), 'utf8')

type Asked = Partial<FaultRequest> & { readonly afterMs?: number }
/** What the nth of so many equal requests meets, the first being number 1. */
type Ask = (count: number, request?: Asked) => (Fault | undefined)[]

function planOf(written: string): FaultPlan {
  const parsed = parseFaultPlan(parse(written))
  assert.equal(parsed.kind, 'plan', JSON.stringify(parsed))
  return new FaultPlan(parsed.plan, 0)
}

function asking(plan: FaultPlan): Ask {
  return (count, { afterMs = 0, ...request } = {}) => {
    const asked = { method: 'login', idApp: '666', events: undefined, ...request }
    return Array.from({ length: count }, (_, place) => plan.next({ number: place + 1, ...asked }, afterMs))
  }
}

const status = (fault: Fault | undefined): number | undefined => (fault && 'status' in fault ? fault.status : undefined)
const order = (orderId: string): Asked => ({ events: [{ customUserId: '1' }, { customEventParams: { orderId } }] })
/** Numbers of the requests, from 1, that met this fault. */
const numbers = (faults: readonly (Fault | undefined)[], wanted: Fault): number[] =>
  faults.flatMap((fault, place) => (JSON.stringify(fault) === JSON.stringify(wanted) ? [place + 1] : []))
const span = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, place) => from + place)

/** By heading: what the sentence above the example says. */
const promises: Readonly<Record<string, (ask: Ask) => void>> = {
  'A bad day': (ask) => {
    const faults = ask(10_000)
    const count = (wanted: number): number => faults.filter((fault) => status(fault) === wanted).length
    assert.ok(Math.abs(count(500) + count(503) - 1_000) < 100)
    assert.ok(Math.abs(count(502) - 200) < 50)
    assert.ok(faults.every((fault) => fault !== undefined))
  },
  'Lone culprits': (ask) => {
    const met = ['1013', '1027', '1040', '1041'].map((orderId) => status(ask(1, order(orderId))[0]))
    assert.deepEqual(met, [400, 400, 500, undefined])
  },
  'A token that is withdrawn for a while': (ask) => {
    const at = (afterMs: number): number | undefined => status(ask(1, { afterMs })[0])
    assert.deepEqual([9_999, 10_000, 39_999, 40_000].map(at), [undefined, 403, 403, undefined])
    assert.deepEqual(numbers(ask(200, { idApp: '667' }), { status: 403 }), span(1, 100))
  },
  'An outage': (ask) => {
    const faults = ask(700)
    assert.deepEqual(numbers(faults, { hang: true }), span(200, 499))
    assert.deepEqual(numbers(faults, { status: 503 }), span(500, 599))
  },
  'Answers that are lost': (ask) => {
    const faults = ask(60)
    assert.deepEqual(numbers(faults, { reset: 'after' }), [30, 60])
    assert.deepEqual(numbers(faults, { acceptThenHang: true }), [20, 40])
    assert.deepEqual(numbers(faults, { delayMs: 60_000 }), [10, 50])
  },
  'Too many requests': (ask) => {
    const faults = ask(100)
    const date = 'Thu, 01 Jan 1970 00:00:03 GMT'
    assert.deepEqual(numbers(faults, { status: 429, headers: { 'retry-after': date } }), span(50, 54))
    assert.deepEqual(numbers(faults, { status: 429, headers: { 'retry-after': '1' } }), span(80, 84))
    assert.deepEqual(numbers(faults, { status: 429 }), span(90, 94))
  },
}

describe('the examples of docs/simulate.md', () => {
  const examples = [...text.matchAll(/^### (.+?)\n(?:(?!^#).*\n)*?```yaml\n([\s\S]*?)```/gm)]
  it('are all kept', () => {
    assert.deepEqual(
      examples.map(([, heading]) => heading),
      Object.keys(promises),
    )
  })
  for (const [, heading = '', plan = ''] of examples) {
    it(`${heading}: does what it says`, () => promises[heading]?.(asking(planOf(plan))))
  }

  it('the first plan and the list of apps can be used as they stand', () => {
    const [first] = text.match(/(?<=```yaml\n)seed: 7 [\s\S]*?(?=```)/) ?? []
    assert.deepEqual(asking(planOf(first ?? ''))(1), [{ status: 500 }])
    const [apps] = text.match(/(?<=```yaml apps\n)[\s\S]*?(?=```)/) ?? []
    const parsed = parseApps(parse(apps ?? ''))
    assert.deepEqual(parsed.kind === 'apps' && parsed.apps.map(({ idApp, vkMiniApp }) => [idApp, vkMiniApp]), [
      ['666', false],
      ['667', true],
    ])
  })
})

it('docs/simulate.md names every key of a plan', () => {
  const parsed = parseFaultPlan({ rules: [{ when: { x: 1 }, do: { x: 1, status: 1, delayMs: { x: 1 }, retryAfter: { x: 1 } } }] })
  assert.equal(parsed.kind, 'invalid')
  const known = parsed.problems.flatMap(({ message }) => /known here: (.*)/.exec(message)?.[1]?.split(', ') ?? [])
  assert.ok(known.length > 20)
  for (const key of known) assert.match(text, new RegExp(`\`[^\`]*\\b${key}\\b[^\`]*\``), key)
})
