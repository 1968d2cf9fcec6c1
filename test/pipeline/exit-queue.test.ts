import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Batch } from '../../src/pipeline/batch.ts'
import type { Leaving } from '../../src/pipeline/exit-queue.ts'
import { ExitQueue } from '../../src/pipeline/exit-queue.ts'
import { FakeClock, settled } from '../support/fake-clock.ts'
import { logins, ManualSideExit, openHitOf } from '../support/pipeline-fakes.ts'

function leavingOf(offset: number): Leaving {
  const open = openHitOf(offset)
  return {
    exit: { record: open.record, to: 'tier', reason: 'unavailable', detail: '', attempt: 1, failedAt: 0, firstFailedAt: 0 },
    open,
    batch: new Batch(logins, 0),
  }
}

class QueueBench {
  readonly clock = new FakeClock()
  readonly sideExit = new ManualSideExit()
  readonly written: number[] = []
  readonly failed: number[] = []
  readonly queue = new ExitQueue({
    sideExit: this.sideExit,
    clock: this.clock,
    random: () => 0.5,
    onWritten: (written) => void this.written.push(...written.map(({ exit }) => exit.record.offset)),
    onFailed: (_, waiting) => void this.failed.push(waiting),
  })

  push(...offsets: number[]): void {
    for (const offset of offsets) this.queue.push([leavingOf(offset)])
  }
}

test('there is one write at a time; what comes meanwhile goes together in the next, in its order', async () => {
  const bench = new QueueBench()
  bench.push(0, 1, 2)
  assert.deepEqual([bench.sideExit.offsets, bench.queue.writing], [[[0]], true])
  await bench.sideExit.acknowledge(0)
  assert.deepEqual([bench.sideExit.offsets, bench.written], [[[0], [1, 2]], [0]])
  bench.push(3)
  await bench.sideExit.acknowledge(1)
  await bench.sideExit.acknowledge(2)
  assert.deepEqual([bench.written, bench.queue.writing, bench.failed], [[0, 1, 2, 3], false, []])
})

test('what leaves together goes in one write', () => {
  const bench = new QueueBench()
  bench.queue.push([0, 1, 2].map(leavingOf))
  assert.deepEqual(bench.sideExit.offsets, [[0, 1, 2]])
})

test('of a write of which only some is acknowledged, the rest is written again, before what came meanwhile', async () => {
  const bench = new QueueBench()
  bench.queue.push([0, 1, 2].map(leavingOf))
  bench.push(3)
  await bench.sideExit.acknowledge(0, [0, 2])
  assert.deepEqual(
    [bench.sideExit.offsets, bench.written],
    [
      [
        [0, 1, 2],
        [1, 3],
      ],
      [0, 2],
    ],
  )
  await bench.sideExit.fail(1)
  await bench.clock.advance(10_000)
  await bench.sideExit.acknowledge(2)
  assert.deepEqual([bench.written, bench.failed], [[0, 2, 1, 3], [2]])
})

test('nothing counts as written before the write is acknowledged', async () => {
  const bench = new QueueBench()
  bench.push(0)
  await bench.clock.advance(60_000)
  assert.deepEqual([bench.written, bench.sideExit.writes.length], [[], 1])
})

test('a write that failed is repeated, with all that has come since behind it, after back-offs that grow to 10 s', async () => {
  const bench = new QueueBench()
  bench.push(0, 1)
  const delays: number[] = []
  for (let attempt = 0; attempt < 9; attempt += 1) {
    await bench.sideExit.fail(attempt)
    const failedAt = bench.clock.now()
    bench.push(attempt + 2)
    assert.equal(bench.sideExit.writes.length, attempt + 1, 'what comes while it backs off does not hurry it')
    await bench.clock.runUntil(() => bench.sideExit.writes.length > attempt + 1)
    delays.push(bench.clock.now() - failedAt)
  }
  assert.deepEqual(delays, [125, 250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000])
  assert.deepEqual([bench.written, bench.failed], [[], [2, 3, 4, 5, 6, 7, 8, 9, 10]])
  await bench.sideExit.acknowledge(9)
  const all = Array.from({ length: 11 }, (_, offset) => offset)
  assert.deepEqual([bench.sideExit.offsets.at(-1), bench.written], [all, all])
})

test('after a write that succeeded the back-off begins anew', async () => {
  const bench = new QueueBench()
  bench.push(0)
  await bench.sideExit.fail(0)
  await bench.clock.advance(125)
  await bench.sideExit.acknowledge(1)
  bench.push(1)
  await bench.sideExit.fail(2)
  await bench.clock.advance(124)
  assert.equal(bench.sideExit.writes.length, 3)
  await bench.clock.advance(1)
  assert.equal(bench.sideExit.writes.length, 4)
})

test('one write takes at most 500 records', async () => {
  const bench = new QueueBench()
  bench.push(...Array.from({ length: 1_202 }, (_, offset) => offset))
  for (let index = 0; index < 4; index += 1) await bench.sideExit.acknowledge(index)
  assert.deepEqual(
    bench.sideExit.offsets.map((offsets) => offsets.length),
    [1, 500, 500, 201],
  )
  assert.deepEqual(
    bench.written,
    Array.from({ length: 1_202 }, (_, offset) => offset),
  )
})

test('stopped in a write, the queue reports what that one wrote and begins no other', async () => {
  const bench = new QueueBench()
  bench.push(0, 1)
  bench.queue.stop()
  assert.ok(bench.queue.writing)
  await bench.sideExit.acknowledge(0)
  bench.push(2)
  await bench.clock.advance(60_000)
  assert.deepEqual([bench.written, bench.sideExit.offsets, bench.queue.writing], [[0], [[0]], false])
})

test('stopped in a write that fails, or in a back-off, it repeats nothing', async () => {
  for (const first of ['stop', 'fail']) {
    const bench = new QueueBench()
    bench.push(0)
    if (first === 'stop') bench.queue.stop()
    await bench.sideExit.fail(0)
    if (first === 'fail') bench.queue.stop()
    await settled()
    assert.deepEqual([bench.clock.pending, bench.queue.writing], [0, false])
    await bench.clock.advance(60_000)
    assert.deepEqual([bench.written, bench.failed, bench.sideExit.writes.length], [[], [1], 1])
  }
})
