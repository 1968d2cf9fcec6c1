import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Fault, FaultPlan, FaultRequest } from '../../src/simulator/faults.ts'
import { parseFaultPlan } from '../../src/simulator/faults.ts'

function plan(json: unknown): FaultPlan {
  const parsed = parseFaultPlan(json)
  assert.equal(parsed.kind, 'plan', JSON.stringify(parsed))
  return parsed.plan
}

function ask(asked: FaultPlan, count: number, request: Partial<FaultRequest> = {}): (Fault | undefined)[] {
  return Array.from({ length: count }, (_, place) =>
    asked.next({ number: place + 1, method: 'login', idApp: '666', events: undefined, ...request }),
  )
}

it('an entry without bounds takes every request', () => {
  assert.deepEqual(ask(plan([{ status: 500 }]), 2), [{ status: 500 }, { status: 500 }])
  assert.deepEqual(ask(plan([]), 1), [undefined])
})

it('times bounds an entry, and the next one takes over', () => {
  assert.deepEqual(
    ask(
      plan([
        { times: 2, status: 500 },
        { times: 1, hang: true },
      ]),
      4,
    ),
    [{ status: 500 }, { status: 500 }, { hang: true }, undefined],
  )
})

it('everyNth takes each nth, and times counts those taken', () => {
  const fault = { reset: 'after' }
  assert.deepEqual(ask(plan([{ everyNth: 3, times: 2, reset: 'after' }]), 9), [
    undefined,
    undefined,
    fault,
    undefined,
    undefined,
    fault,
    undefined,
    undefined,
    undefined,
  ])
})

it('method and idApp choose requests, and the others do not count', () => {
  const asked = plan([{ method: 'login', idApp: 666, everyNth: 2, acceptThenHang: true }])
  assert.deepEqual(ask(asked, 3, { method: 'loginBatch' }), [undefined, undefined, undefined])
  assert.deepEqual(ask(asked, 1, { idApp: '667' }), [undefined])
  assert.deepEqual(ask(asked, 2), [undefined, { acceptThenHang: true }])
})

it('an answer carries its body, headers and delay', () => {
  const answer = { status: 429, body: '<html>', headers: { 'retry-after': '3' }, delayMs: 5 }
  assert.deepEqual(ask(plan([answer]), 1), [answer])
  assert.deepEqual(ask(plan([{ delayMs: 5 }]), 1), [{ delayMs: 5 }])
})

it('a plan that says nothing clear is refused with the place of each mistake', () => {
  const wrong = [
    {},
    { status: 500, hang: true },
    { hang: true, delayMs: 5 },
    { body: 'x' },
    { delayMs: 5, body: 'x' },
    { reset: 'before', acceptThenHang: true },
    { reset: 'now' },
    { status: 199 },
    { status: 600 },
    { status: '500' },
    { hang: false },
    { times: 0, status: 500 },
    { everyNth: 0, status: 500 },
    { delayMs: 600_001 },
    { stauts: 500 },
  ]
  const parsed = parseFaultPlan(wrong)
  assert.equal(parsed.kind, 'invalid')
  const places = new Set(parsed.problems.map((problem) => Number(/^plan\.(\d+)/.exec(problem)?.[1])))
  assert.deepEqual(
    [...places].sort((a, b) => a - b),
    wrong.map((_, place) => place),
  )
  for (const other of [undefined, {}, 'x']) assert.equal(parseFaultPlan(other).kind, 'invalid')
})
