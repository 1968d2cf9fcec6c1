import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
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
  const [point] = pointsOf(lanes)
  if (point !== undefined) lane?.committed(point)
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

/** Lanes that have sent the first of two records, and committed nothing but where they began. */
function suspended(bench: Bench): { lanes: Lanes; quiet: Promise<void> } {
  const lanes = new Lanes(bench.context)
  lanes.assign([{ topic: 'orders', partition: 0, resume: { offset: 0, runs: [] } }])
  lanes.accept({ ...one, records: [recordOf(0), recordOf(1)], upTo: 2 })
  return { lanes, quiet: lanes.suspend() }
}

const single = { ...batchOf({ maxEvents: 1 }), maxInFlight: 1 }

test('before a join nothing is taken in or sent, and what is under way is waited for', async () => {
  const bench = new Bench(single)
  const { lanes, quiet } = suspended(bench)
  let isQuiet = false
  void quiet.then(() => {
    isQuiet = true
  })
  assert.equal(lanes.accept(one), false)
  await bench.clock.advance(1_000)
  assert.deepEqual([isQuiet, bench.sender.sent], [false, [['0']]])
  await bench.sender.answer(0, delivered)
  assert.deepEqual([isQuiet, bench.sender.sent, pointsOf(lanes)[0]?.offset], [true, [['0']], 1])
})

test('a partition that stays goes on from where it was, if what is committed is what the lane had committed', async () => {
  const bench = new Bench(single)
  const { lanes } = suspended(bench)
  await bench.sender.answer(0, delivered)
  lanes.assign([{ topic: 'orders', partition: 0, resume: { offset: 0, runs: [] }, isSameLog: true }])
  assert.deepEqual([bench.sender.sent, bench.source.calls.at(-1)], [[['0'], ['1']], 'seek orders-0 2'])
  assert.equal(lanes.open, 1)
})

test('a partition that another may have read begins anew from what is committed', async () => {
  const cases = [
    { resume: { offset: 0, runs: [] }, isSameLog: false },
    { resume: { offset: 1, runs: [] }, isSameLog: true },
    { resume: { offset: 0, runs: [1, 1] }, isSameLog: true },
  ]
  for (const each of cases) {
    const bench = new Bench(single)
    const { lanes } = suspended(bench)
    await bench.sender.answer(0, delivered)
    lanes.assign([{ topic: 'orders', partition: 0, ...each }])
    await turn()
    assert.deepEqual([bench.sender.sent, lanes.open, bench.windowBytes.used], [[['0']], 0, 0])
  }
})

test('a join in the middle of a drain begins nothing anew, and what has gone elsewhere is committed no more', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }))
  const lanes = new Lanes(bench.context)
  const resume = { offset: 0, runs: [] }
  const dealt = [0, 1].map((partition) => ({ topic: 'orders', partition, resume, isSameLog: true }))
  lanes.assign(dealt)
  lanes.accept(one)
  lanes.accept({ ...one, partition: 1, records: [recordOf(0, null, 1)] })
  const drained = lanes.drain()
  void lanes.suspend()
  lanes.assign(dealt.slice(0, 1))
  assert.equal(lanes.accept({ ...one, records: [recordOf(1)], upTo: 2 }), false)
  for (const index of [0, 1]) await bench.sender.answer(index, delivered)
  await drained
  assert.deepEqual(
    pointsOf(lanes).map(({ partition, offset }) => [partition, offset]),
    [[0, 1]],
  )
  assert.deepEqual(bench.source.calls, [])
})
