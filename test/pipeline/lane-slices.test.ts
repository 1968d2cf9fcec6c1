import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bench, pointOf, recordOf } from '../support/pipeline-fakes.ts'

const FETCH = 2_500

/** A lane that was handed a fetch of which only these records are hits, all others are skipped. */
function laneWithHits(bench: Bench, hits: readonly number[]) {
  for (let offset = 0; offset < FETCH; offset += 1) {
    if (!hits.includes(offset)) bench.preparer.script.set(offset, { kind: 'skip', reason: 'filtered' })
  }
  const lane = bench.lane()
  lane.accept(
    Array.from({ length: FETCH }, (_, offset) => recordOf(offset)),
    FETCH,
  )
  return lane
}

test('a fetch of very many records is taken in a thousand at a time, with its partition paused meanwhile', async () => {
  const bench = new Bench()
  const lane = laneWithHits(bench, [])
  assert.deepEqual([pointOf(lane), bench.source.calls], [1_000, ['pause orders-0']])
  await bench.clock.advance(1)
  assert.deepEqual([pointOf(lane), bench.source.calls], [FETCH, ['pause orders-0', 'resume orders-0']])
})

test('a batch goes on filling while the rest of a fetch is still to be taken in', async () => {
  const bench = new Bench()
  laneWithHits(bench, [3, 1_500, 2_400])
  assert.deepEqual(bench.sender.sent, [])
  await bench.clock.advance(300)
  assert.deepEqual(bench.sender.sent, [['3', '1500', '2400']])
})

test('a lane that is stopped between two slices takes nothing more in', async () => {
  const bench = new Bench()
  const lane = laneWithHits(bench, [])
  await lane.stop()
  await bench.clock.advance(10)
  assert.equal(pointOf(lane), 1_000)
})
