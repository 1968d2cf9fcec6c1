import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../../src/core/outcome.ts'
import { Pace } from '../../src/pipeline/pace.ts'
import { delivered, refused, unavailable } from '../support/pipeline-fakes.ts'

const tooMany = (afterMs = 1_000): Answer => ({ kind: 'pace', afterMs, detail: '429' })
const paceOf = (changes: { requestsPerSecond?: number } = {}): Pace =>
  new Pace({ maxInFlight: 64, requestsPerSecond: 0, ...changes })

/** Answers of one kind, one every so many milliseconds. */
function answers(pace: Pace, answer: Answer, { from, count, everyMs }: { from: number; count: number; everyMs: number }): void {
  for (let each = 0; each < count; each += 1) pace.answered(answer, from + each * everyMs - 5, from + each * everyMs)
}

test('a 429 halves what may be in flight, and those that were in flight with it do not halve it again', () => {
  const pace = paceOf()
  answers(pace, tooMany(), { from: 10_000, count: 50, everyMs: 1 })
  assert.equal(pace.limit, 32)
  answers(pace, tooMany(), { from: 11_000, count: 50, everyMs: 1 })
  assert.equal(pace.limit, 16)
  answers(pace, tooMany(), { from: 20_000, count: 50, everyMs: 1_000 })
  assert.equal(pace.limit, 4, 'a sixteenth is left')
  const narrow = new Pace({ maxInFlight: 2, requestsPerSecond: 0 })
  answers(narrow, tooMany(), { from: 10_000, count: 9, everyMs: 1_000 })
  assert.equal(narrow.limit, 1)
})

test('a tracker that fails halves it, but single requests that fail do not', () => {
  const pace = paceOf()
  for (let each = 0; each < 1_000; each += 1) pace.answered(each % 20 === 0 ? unavailable : delivered, each * 100, each * 100)
  assert.equal(pace.limit, 64)
  answers(pace, unavailable, { from: 200_000, count: 5, everyMs: 1 })
  assert.equal(pace.limit, 32)
})

test('what is refused for its content says nothing of the pace', () => {
  const pace = paceOf()
  answers(pace, refused, { from: 0, count: 100, everyMs: 1_000 })
  assert.equal(pace.limit, 64)
})

test('it grows slowly: from half to the whole in ten seconds, however fast the answers come', () => {
  for (const everyMs of [2, 50, 500]) {
    const pace = paceOf()
    pace.answered(tooMany(0), 0, 0)
    answers(pace, delivered, { from: 0, count: 5_000 / everyMs, everyMs })
    assert.ok(pace.limit >= 46 && pace.limit <= 48, `${pace.limit} after 5 s of answers every ${everyMs} ms`)
    answers(pace, delivered, { from: 5_000, count: 5_500 / everyMs, everyMs })
    assert.equal(pace.limit, 64)
  }
})

test('after a pause it does not jump', () => {
  const pace = paceOf()
  pace.answered(tooMany(0), 0, 0)
  pace.answered(delivered, 600_000, 600_000)
  assert.ok(pace.limit <= 36, `${pace.limit}`)
})

test('a tracker that is back is not held to what it could do while it was down', () => {
  const pace = paceOf()
  answers(pace, unavailable, { from: 0, count: 20, everyMs: 1_000 })
  assert.equal(pace.limit, 4)
  pace.recovered()
  assert.equal(pace.limit, 32)
})

test('a wish for fewer requests counts for the whole, the longest of several, and until a request that went later is taken', () => {
  const pace = paceOf()
  pace.answered(tooMany(3_000), 990, 1_000)
  pace.answered(tooMany(1_000), 990, 1_500)
  assert.equal(pace.goesAt(1_500), 4_000)
  pace.answered(delivered, 900, 1_600)
  assert.equal(pace.asked?.since, 1_000, 'it had gone before')
  pace.answered(delivered, 4_000, 4_010)
  assert.deepEqual([pace.asked, pace.goesAt(4_010) <= 4_010], [undefined, true])
})

test('a fixed rate is kept, and no more than a tenth of a second of it is saved up', () => {
  const pace = paceOf({ requestsPerSecond: 50 })
  let sent = 0
  for (let now = 100_000; now < 110_000; now += 1) {
    for (; pace.goesAt(now) <= now; sent += 1) pace.went(now)
  }
  assert.ok(sent >= 500 && sent <= 506, `${sent} in ten seconds`)
  let burst = 0
  for (; pace.goesAt(200_000) <= 200_000; burst += 1) pace.went(200_000)
  assert.ok(burst >= 5 && burst <= 6, `${burst} at once`)
})

test('a clock that is set back does not stop a fixed rate for as long', () => {
  const pace = paceOf({ requestsPerSecond: 50 })
  pace.went(3_600_000)
  assert.ok(pace.goesAt(0) <= 20)
})
