import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SourceRecord } from '../../src/core/record.ts'
import { Lane } from '../../src/pipeline/lane.ts'
import { notBefore } from '../../src/pipeline/not-before.ts'
import { Bench, batchOf, delivered, pointOf, recordOf } from '../support/pipeline-fakes.ts'

const DELAY_MS = 30_000

/** A lane of a retry topic, each record of which is sent alone. */
function tierLane(bench: Bench, resume?: { offset: number; runs: number[] }): Lane {
  const context = { ...bench.context, dueAt: notBefore(new Map([['orders', DELAY_MS]])) }
  return new Lane({ topic: 'orders', partition: 0, resume }, context)
}

function parked(offset: number, dueAt: number | undefined): SourceRecord {
  const record = recordOf(offset, `key-${offset}`)
  return { ...record, history: { origin: record, attempt: 4, firstFailedAt: 1, notBefore: dueAt } }
}

test('a record is sent at its time and not before, and its partition is paused meanwhile', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }))
  const lane = tierLane(bench)
  const now = bench.clock.now()
  lane.accept([parked(0, now - 5), parked(1, now + 1_000), parked(2, now + 1_500)], 3)
  assert.deepEqual([bench.sender.sent, bench.source.calls], [[['0']], ['pause orders-0']])
  await bench.clock.advance(999)
  assert.equal(bench.sender.sent.length, 1)
  await bench.clock.advance(1)
  assert.deepEqual(bench.sender.sent, [['0'], ['1']])
  assert.equal(bench.source.calls.length, 1)
  await bench.clock.advance(500)
  assert.deepEqual(bench.sender.sent, [['0'], ['1'], ['2']])
  assert.deepEqual(bench.source.calls, ['pause orders-0', 'resume orders-0'])
  for (const index of [0, 1, 2]) await bench.sender.answer(index, delivered)
  assert.deepEqual([pointOf(lane), bench.clock.pending], [3, 0])
})

test('a time further ahead than the tier waits counts from when the record was read', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }))
  const lane = tierLane(bench)
  const far = bench.clock.now() + 1e12
  lane.accept([parked(0, far), parked(1, far), parked(2, undefined)], 3)
  await bench.clock.advance(DELAY_MS - 1)
  assert.deepEqual(bench.sender.sent, [])
  await bench.clock.advance(1)
  assert.deepEqual(bench.sender.sent, [['0'], ['1'], ['2']])
})

test('a stopped lane waits for nothing, and commits what it has done', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }))
  const lane = tierLane(bench)
  const now = bench.clock.now()
  lane.accept([parked(0, now), parked(1, now + 1_000)], 2)
  await bench.sender.answer(0, delivered)
  await lane.stop()
  assert.deepEqual([bench.clock.pending, pointOf(lane), lane.open], [0, 1, 0])
  await bench.clock.advance(5_000)
  assert.equal(bench.sender.sent.length, 1)
})

test('what was done before needs no time: it is passed over at once', () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }))
  const lane = tierLane(bench, { offset: 0, runs: [0, 2] })
  const now = bench.clock.now()
  lane.accept([parked(0, now + 5_000), parked(1, now + 5_000), parked(2, now)], 3)
  assert.deepEqual(bench.sender.sent, [['2']])
})
