import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lane } from '../../src/pipeline/lane.ts'
import { Bench, pointOf, recordOf } from '../support/pipeline-fakes.ts'

const FETCH = 12

/** A lane that was handed a fetch of which only these records are hits, all others are skipped. Each takes a millisecond to look at. */
function laneWithHits(bench: Bench, hits: readonly number[]): Lane {
  const prepare = bench.preparer.prepare.bind(bench.preparer)
  bench.preparer.prepare = (record) => {
    bench.clock.work(1)
    return hits.includes(record.offset) ? prepare(record) : { kind: 'skip', reason: 'filtered' }
  }
  const lane = bench.lane()
  lane.accept(
    Array.from({ length: FETCH }, (_, offset) => recordOf(offset)),
    FETCH,
  )
  return lane
}

test('a fetch is taken in five milliseconds at a time, with its partition paused meanwhile', async () => {
  const bench = new Bench()
  const lane = laneWithHits(bench, [])
  assert.deepEqual([pointOf(lane), bench.source.calls], [5, ['pause orders-0']])
  await bench.clock.step()
  assert.deepEqual([pointOf(lane), bench.source.calls], [10, ['pause orders-0']])
  await bench.clock.step()
  assert.deepEqual([pointOf(lane), bench.source.calls], [FETCH, ['pause orders-0', 'resume orders-0']])
})

test('a batch goes on filling while the rest of a fetch is still to be taken in', async () => {
  const bench = new Bench()
  laneWithHits(bench, [3, 7, 11])
  assert.deepEqual(bench.sender.sent, [])
  await bench.clock.advance(300)
  assert.deepEqual(bench.sender.sent, [['3', '7', '11']])
})

test('a lane that is stopped between two slices takes nothing more in', async () => {
  const bench = new Bench()
  const lane = laneWithHits(bench, [])
  await lane.stop()
  await bench.clock.advance(10)
  assert.equal(pointOf(lane), 5)
})
