import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lanes } from '../../src/pipeline/lanes.ts'
import { Bench, batchOf, delivered, pointsOf, recordOf, startsOf } from '../support/pipeline-fakes.ts'

const one = { topic: 'orders', partition: 0, records: [recordOf(0)], upTo: 1 }

test('records of a partition that is not ours are not taken over', () => {
  const lanes = new Lanes(new Bench().context)
  assert.equal(lanes.accept(one), false)
  lanes.assign(startsOf(1))
  assert.equal(lanes.accept({ ...one, partition: 1 }), false)
  assert.equal(lanes.accept({ ...one, topic: 'users' }), false)
  assert.equal(lanes.accept(one), true)
  assert.equal(lanes.open, 1)
})

test('a lane has something to commit until its commit point is known to be kept', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }))
  const lanes = new Lanes(bench.context)
  lanes.assign(startsOf(2))
  assert.deepEqual(pointsOf(lanes), [])
  lanes.accept(one)
  await bench.sender.answer(0, delivered)
  assert.deepEqual(pointsOf(lanes), [{ topic: 'orders', partition: 0, offset: 1, runs: [] }])
  const [lane] = lanes.all()
  lane?.willCommit()()
  assert.deepEqual(pointsOf(lanes), [])
})

test('joining anew stops the lanes there were: their answers come, and nothing of them is committed', async () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), maxInFlight: 1 })
  const lanes = new Lanes(bench.context)
  lanes.assign(startsOf(1))
  lanes.accept({ ...one, records: [recordOf(0), recordOf(1)], upTo: 2 })
  lanes.assign(startsOf(1))
  assert.equal(lanes.open, 0)
  await bench.sender.answer(0, delivered)
  assert.deepEqual([pointsOf(lanes), bench.sender.sent], [[], [['0']]])
  assert.equal(bench.windowBytes.used, 0)
  lanes.accept(one)
  await bench.sender.answer(1, delivered)
  assert.deepEqual(
    pointsOf(lanes).map(({ offset }) => offset),
    [1],
  )
})

test('draining ends with the last request of the last lane', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }))
  const lanes = new Lanes(bench.context)
  lanes.assign(startsOf(2))
  lanes.accept(one)
  lanes.accept({ ...one, partition: 1, records: [recordOf(5, null, 1)], upTo: 6 })
  let drained = false
  void lanes.drain().then(() => {
    drained = true
  })
  await bench.sender.answer(0, delivered)
  assert.ok(!drained)
  await bench.sender.answer(1, delivered)
  assert.ok(drained)
  assert.equal(lanes.open, 0)
  assert.deepEqual(
    pointsOf(lanes).map(({ offset }) => offset),
    [1, 6],
  )
})
