import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bench, batchOf, delivered, freePasses, pointOf, recordOf, unavailable } from '../support/pipeline-fakes.ts'

test('a lane takes in no more than its window, pauses its partition, and resumes it when the backlog is taken in', async () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 2 }), windowEvents: 4, maxInFlight: 8 })
  const lane = bench.laneWith(Array.from({ length: 7 }, () => null))
  assert.deepEqual([lane.open, bench.source.calls], [4, ['pause orders-0']])
  await bench.sender.answer(0, delivered)
  assert.deepEqual([lane.open, pointOf(lane), bench.source.calls.length], [4, 2, 1])
  await bench.sender.answer(1, delivered)
  assert.deepEqual([lane.open, pointOf(lane)], [3, 4])
  assert.deepEqual(bench.source.calls, ['pause orders-0', 'resume orders-0'])
})

test('a fetch that comes while the backlog is full is kept behind it, and does not move the commit point', async () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), windowEvents: 2 })
  const lane = bench.laneWith([null, null, null])
  lane.accept([recordOf(3), recordOf(9)], 15)
  assert.deepEqual(bench.source.calls, ['pause orders-0'])
  for (const [index, commitPoint] of [1, 2, 3, 9, 15].entries()) {
    await bench.sender.answer(index, delivered)
    assert.equal(pointOf(lane), commitPoint)
  }
  assert.deepEqual(bench.sender.sent, [['0'], ['1'], ['2'], ['3'], ['9']])
})

test('a window full of records that linger is sent at once, since nothing can come to fill their batches', async () => {
  const bench = new Bench({ windowEvents: 3 })
  bench.laneWith([null, null, null, null])
  assert.deepEqual(bench.sender.sent, [['0', '1', '2']])
})

test('a due batch goes on taking hits until a permit is free', async () => {
  const bench = new Bench({}, { maxInFlight: 1 })
  const lane = bench.lane()
  const taken = bench.door.enter('other', () => undefined)
  assert.ok(typeof taken === 'object')
  lane.accept([recordOf(0)], 1)
  await bench.clock.advance(300)
  lane.accept([recordOf(1)], 2)
  await bench.clock.advance(300)
  lane.accept([recordOf(2)], 3)
  assert.deepEqual(bench.sender.sent, [])
  bench.door.leave(taken)
  assert.deepEqual(bench.sender.sent, [['0', '1', '2']])
})

test('a lane has at most maxInFlight batches under way, counting those that wait to be sent again', async () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), maxInFlight: 2 })
  bench.laneWith([null, null, null])
  assert.deepEqual(bench.sender.sent, [['0'], ['1']])
  await bench.sender.answer(0, unavailable)
  assert.equal(bench.sender.requests.length, 2, 'a batch in back-off is under way')
  await bench.sender.answer(1, delivered)
  assert.deepEqual(bench.sender.sent, [['0'], ['1'], ['2']])
  await bench.clock.advance(100)
  assert.deepEqual(bench.sender.sent, [['0'], ['1'], ['2'], ['0']])
})

test('lanes that share one permit get it in the order in which they asked', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }), { maxInFlight: 1 })
  for (const partition of [0, 1, 2]) {
    const lane = bench.lane(partition)
    lane.accept(
      [0, 1, 2].map((each) => recordOf(10 * partition + each, null, partition)),
      10 * partition + 3,
    )
  }
  for (let index = 0; index < 9; index += 1) await bench.sender.answer(index, delivered)
  assert.deepEqual(bench.sender.sent.flat().map(Number), [0, 1, 10, 20, 2, 11, 21, 12, 22])
  assert.equal(freePasses(bench.door), 1)
})

test('windows that are full together wake the lanes they stopped, and a lane with nothing open may always go on', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }), { windowBytes: 1 })
  const [first, second] = [bench.lane(0), bench.lane(1)]
  first.accept([recordOf(0), recordOf(1)], 2)
  second.accept([recordOf(10, null, 1), recordOf(11, null, 1)], 12)
  assert.deepEqual(bench.sender.sent, [['0'], ['10']])
  assert.deepEqual(bench.source.calls, ['pause orders-0', 'pause orders-1'])
  for (const index of [0, 1, 2, 3]) await bench.sender.answer(index, delivered)
  assert.deepEqual(bench.sender.sent.flat().sort(), ['0', '1', '10', '11'])
  assert.deepEqual([pointOf(first), pointOf(second), bench.windowBytes.used], [2, 12, 0])
  assert.deepEqual(bench.source.calls.slice(2).sort(), ['resume orders-0', 'resume orders-1'])
})

test('a lane that found the windows full goes on when another lane gives bytes back', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }), { windowBytes: 40 })
  const [first, second] = [bench.lane(0), bench.lane(1)]
  second.accept([recordOf(10, null, 1)], 11)
  first.accept([recordOf(0)], 1)
  second.accept([recordOf(11, null, 1)], 12)
  assert.deepEqual(bench.sender.sent, [['10'], ['0']])
  await bench.sender.answer(1, delivered)
  assert.deepEqual(bench.sender.sent, [['10'], ['0'], ['11']])
})
