import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../../src/core/outcome.ts'
import type { Lane } from '../../src/pipeline/lane.ts'
import { settled } from '../support/fake-clock.ts'
import {
  Bench,
  batchOf,
  delivered,
  forbidden,
  freePasses,
  pointOf,
  recordOf,
  refused,
  unavailable,
} from '../support/pipeline-fakes.ts'

/** Stops the lane; the answer says whether that has come to an end. */
function stopping(lane: Lane): () => boolean {
  let ended = false
  void lane.stop().then(() => {
    ended = true
  })
  return () => ended
}

test('a lane without anything under way stops at once, and sends nothing that it had taken in', async () => {
  const bench = new Bench()
  const lane = bench.laneWith([null, 'a', 'a'])
  const ended = stopping(lane)
  await settled()
  assert.ok(ended())
  await bench.clock.advance(60_000)
  assert.deepEqual([bench.sender.sent, pointOf(lane), lane.open], [[], 0, 3])
  assert.deepEqual([bench.windowBytes.used, bench.clock.pending], [0, 0])
})

test('stopping waits for the requests that were sent; their deliveries count and nothing follows them', async () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), maxInFlight: 2 })
  const lane = bench.laneWith(['a', 'b', 'a', 'c'])
  const ended = stopping(lane)
  await bench.sender.answer(0, delivered)
  assert.ok(!ended())
  assert.equal(pointOf(lane), 1)
  await bench.sender.answer(1, delivered)
  assert.ok(ended())
  lane.accept([recordOf(4)], 5)
  await bench.clock.advance(60_000)
  assert.deepEqual([bench.sender.sent, pointOf(lane), lane.open], [[['0'], ['1']], 2, 2])
  assert.deepEqual([bench.windowBytes.used, freePasses(bench.door), bench.clock.pending], [0, 64, 0])
})

test('an answer that is no delivery changes nothing any more: its records are read again', async () => {
  const answers: Answer[] = [unavailable, refused, forbidden, { kind: 'pace', afterMs: 1_000, detail: '' }]
  for (const answer of answers)
    for (const keys of [['a'], ['a', 'b']]) {
      const bench = new Bench()
      const lane = bench.laneWith(keys)
      await bench.clock.advance(250)
      const ended = stopping(lane)
      assert.ok(!ended())
      await bench.sender.answer(0, answer)
      assert.ok(ended())
      // What holds all lanes back is no business of this one.
      bench.gate.stop()
      assert.equal(bench.clock.pending, 0, 'no back-off begins')
      await bench.clock.advance(600_000)
      assert.deepEqual([bench.sender.requests.length, bench.sideExit.writes.length, pointOf(lane)], [1, 0, 0], answer.kind)
      assert.deepEqual([bench.windowBytes.used, bench.clock.pending], [0, 0])
    }
})

test('a batch in back-off is not waited for, and its timer is cleared', async () => {
  const bench = new Bench()
  const lane = bench.laneWith([null])
  await bench.clock.advance(250)
  await bench.sender.answer(0, unavailable)
  assert.equal(bench.clock.pending, 1)
  const ended = stopping(lane)
  await settled()
  assert.ok(ended())
  assert.equal(bench.clock.pending, 0)
  await bench.clock.advance(60_000)
  assert.deepEqual([bench.sender.requests.length, pointOf(lane)], [1, 0])
})

test('of a batch that was split, the half that is delivered after the stop counts, and the other half is not sent', async () => {
  const bench = new Bench()
  const lane = bench.laneWith([null, null, null, null])
  await bench.clock.advance(250)
  await bench.sender.answer(0, refused)
  const ended = stopping(lane)
  await bench.sender.answer(1, delivered)
  assert.ok(ended())
  assert.deepEqual([bench.sender.sent.length, pointOf(lane), lane.open], [2, 2, 2])
})

test('a write to a side topic under way is waited for and counts; one that fails is not repeated', async () => {
  for (const acknowledged of [true, false]) {
    const bench = new Bench()
    const lane = bench.lane()
    bench.preparer.script.set(0, { kind: 'reject', reason: 'malformed', detail: '' })
    lane.accept([recordOf(0), recordOf(1)], 2)
    const ended = stopping(lane)
    await settled()
    assert.ok(!ended())
    if (acknowledged) await bench.sideExit.acknowledge(0)
    else await bench.sideExit.fail(0)
    assert.ok(ended())
    await bench.clock.advance(60_000)
    assert.deepEqual([bench.sideExit.writes.length, pointOf(lane)], [1, acknowledged ? 1 : 0])
    assert.deepEqual([bench.windowBytes.used, bench.clock.pending], [0, 0])
  }
})

test('a stopped lane takes nothing from the others: its permits and its bytes are theirs', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }), { maxInFlight: 1, windowBytes: 1 })
  const [first, second] = [bench.laneWith([null, null]), bench.lane(1)]
  second.accept([recordOf(10, null, 1), recordOf(11, null, 1)], 12)
  const ended = stopping(first)
  await bench.sender.answer(0, delivered)
  assert.ok(ended())
  await bench.sender.answer(1, delivered)
  await bench.sender.answer(2, delivered)
  assert.deepEqual([bench.sender.sent, pointOf(second)], [[['0'], ['10'], ['11']], 12])
  assert.deepEqual([bench.windowBytes.used, freePasses(bench.door)], [0, 1])
})

test('a schema that arrives after the stop begins nothing', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }))
  const lane = bench.lane()
  const { promise, resolve } = Promise.withResolvers<void>()
  bench.preparer.script.set(0, { kind: 'wait', ready: promise })
  lane.accept([recordOf(0)], 1)
  const ended = stopping(lane)
  await settled()
  assert.ok(ended())
  bench.preparer.script.delete(0)
  resolve()
  await settled()
  assert.deepEqual([bench.sender.sent, lane.open], [[], 0])
  assert.ok(pointOf(lane) <= 0)
})

test('everyone who stops a lane is told when it has ended', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }))
  const lane = bench.laneWith([null])
  const [first, second] = [stopping(lane), stopping(lane)]
  await bench.sender.answer(0, delivered)
  assert.deepEqual([first(), second()], [true, true])
})
