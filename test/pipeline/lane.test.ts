import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  Bench,
  batchOf,
  delivered,
  freePasses,
  hitOf,
  logins,
  pointOf,
  recordOf,
  refused,
  registrations,
  unavailable,
} from '../support/pipeline-fakes.ts'

const LINGER = 250

test('records are sent when their linger is over, in one request, and are committed when it is delivered', async () => {
  const bench = new Bench()
  const lane = bench.laneWith(['a', null, 'b'])
  await bench.clock.advance(LINGER - 1)
  assert.deepEqual(bench.sender.sent, [])
  await bench.clock.advance(1)
  assert.deepEqual(bench.sender.sent, [['0', '1', '2']])
  assert.deepEqual([pointOf(lane), lane.open], [0, 3])
  await bench.sender.answer(0, delivered)
  assert.deepEqual([pointOf(lane), lane.open], [3, 0])
  assert.equal(bench.windowBytes.used, 0)
  assert.deepEqual(bench.probe.heard, ['answered 3 delivered'])
})

test('the linger counts from the first record, although others follow', async () => {
  const bench = new Bench()
  const lane = bench.laneWith([null])
  for (let offset = 1; offset < 5; offset += 1) {
    await bench.clock.advance(LINGER / 5)
    lane.accept([recordOf(offset)], offset + 1)
  }
  await bench.clock.advance(LINGER / 5)
  assert.deepEqual(bench.sender.sent, [['0', '1', '2', '3', '4']])
})

test('a full batch goes at once', async () => {
  const bench = new Bench(batchOf({ maxEvents: 2 }))
  bench.laneWith([null, null, null])
  assert.deepEqual(bench.sender.sent, [['0', '1']])
  await bench.clock.advance(LINGER)
  assert.deepEqual(bench.sender.sent, [['0', '1'], ['2']])
})

test('the commit point stays before the oldest open record, whatever is delivered behind it', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }))
  const lane = bench.laneWith(['a', 'b', 'c'])
  await bench.sender.answer(2, delivered)
  await bench.sender.answer(1, delivered)
  assert.equal(pointOf(lane), 0)
  await bench.sender.answer(0, delivered)
  assert.equal(pointOf(lane), 3)
})

test('a later record of a key waits until the earlier one has its outcome, and others overtake it meanwhile', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }))
  bench.laneWith(['a', 'a', 'b', 'a'])
  assert.deepEqual(bench.sender.sent, [['0'], ['2']])
  await bench.sender.answer(0, delivered)
  assert.deepEqual(bench.sender.sent, [['0'], ['2'], ['1']])
  await bench.sender.answer(2, delivered)
  assert.deepEqual(bench.sender.sent, [['0'], ['2'], ['1'], ['3']])
})

test('a record of another method waits for its key, and one behind it does not pass it into the first batch', async () => {
  const bench = new Bench()
  const lane = bench.lane()
  bench.preparer.script.set(1, hitOf(1, registrations))
  lane.accept(
    [0, 1, 2].map((offset) => recordOf(offset, 'a')),
    3,
  )
  for (const [index, offset] of ['0', '1', '2'].entries()) {
    await bench.clock.advance(LINGER)
    assert.deepEqual(bench.sender.sent[index], [offset])
    assert.equal(bench.sender.sent.length, index + 1)
    await bench.sender.answer(index, delivered)
  }
})

test('without ordering nothing waits', () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), ordering: 'none' })
  bench.laneWith(['a', 'a', 'a'])
  assert.deepEqual(bench.sender.sent, [['0'], ['1'], ['2']])
})

test('a batch too full for the next record of a key it holds goes at once, and that record after it', async () => {
  const long = 'я'.repeat(2_400)
  const bench = new Bench()
  const lane = bench.lane()
  for (const offset of [0, 1, 2]) bench.preparer.script.set(offset, hitOf(offset, logins, long))
  lane.accept(
    [0, 1, 2].map((offset) => recordOf(offset, 'a')),
    3,
  )
  assert.deepEqual(bench.sender.sent, [['0', '1']])
  await bench.sender.answer(0, delivered)
  await bench.clock.advance(LINGER)
  assert.deepEqual(bench.sender.sent, [['0', '1'], ['2']])
})

test('a record that can never be sent is open until its dead letter is acknowledged, and holds its key so long', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }))
  const lane = bench.lane()
  bench.preparer.script.set(0, { kind: 'reject', reason: 'malformed', detail: 'ends early' })
  lane.accept([recordOf(0, 'a'), recordOf(1, 'a')], 2)
  await bench.clock.advance(LINGER)
  assert.deepEqual(bench.sideExit.offsets, [[0]])
  const { failedAt, firstFailedAt, ...exit } = bench.sideExit.writes[0]?.exits[0] ?? assert.fail()
  assert.deepEqual(exit, { record: recordOf(0, 'a'), to: 'dead-letter', reason: 'malformed', detail: 'ends early', attempt: 0 })
  assert.ok(failedAt <= bench.clock.now())
  assert.equal(firstFailedAt, failedAt)
  assert.deepEqual([pointOf(lane), bench.sender.sent], [0, []])
  await bench.sideExit.acknowledge(0)
  assert.deepEqual([pointOf(lane), bench.sender.sent], [1, [['1']]])
  await bench.sender.answer(0, delivered)
  assert.deepEqual([pointOf(lane), bench.windowBytes.used], [2, 0])
})

test('a batch that fails as often as is allowed is parked whole, and stays open until that is acknowledged', async () => {
  const bench = new Bench()
  const lane = bench.laneWith(['a', 'b', 'a'])
  await bench.clock.advance(LINGER)
  for (const attempt of [0, 1, 2]) {
    assert.equal(bench.sender.requests.length, attempt + 1)
    await bench.sender.answer(attempt, unavailable)
    await bench.clock.advance(1_000)
  }
  assert.equal(bench.sender.requests.length, 3)
  assert.deepEqual([pointOf(lane), lane.open, bench.sideExit.offsets], [0, 3, [[0, 1, 2]]])
  await bench.sideExit.fail(0)
  assert.deepEqual([pointOf(lane), lane.open], [0, 3])
  await bench.clock.advance(10_000)
  assert.deepEqual(bench.sideExit.offsets, [
    [0, 1, 2],
    [0, 1, 2],
  ])
  for (const { to, reason, attempt } of bench.sideExit.writes[1]?.exits ?? []) {
    assert.deepEqual([to, reason, attempt], ['tier', 'unavailable', 3])
  }
  await bench.sideExit.acknowledge(1)
  assert.deepEqual([pointOf(lane), lane.open, bench.windowBytes.used], [3, 0, 0])
  assert.equal(freePasses(bench.door), bench.gate.view().inFlightLimit)
})

test('a request that ends in a bug holds its batch, drops nothing, and is asked again', async () => {
  const bench = new Bench()
  const lane = bench.laneWith([null])
  await bench.clock.advance(LINGER)
  bench.sender.requests[0]?.reject(new TypeError('undefined is not a function'))
  await bench.clock.advance(5_000)
  assert.deepEqual([bench.sender.sent, lane.open, bench.sideExit.writes], [[['0'], ['0']], 1, []])
})

test('what is skipped needs no request, and gaps between offsets no record', async () => {
  const bench = new Bench()
  const lane = bench.lane()
  for (const offset of [3, 7]) bench.preparer.script.set(offset, { kind: 'skip', reason: 'filtered' })
  lane.accept([recordOf(3), recordOf(7)], 12)
  assert.equal(pointOf(lane), 12)
  lane.accept([], 20)
  assert.equal(pointOf(lane), 20)
  assert.deepEqual(bench.probe.heard, ['skipped 3 filtered', 'skipped 7 filtered'])
})

test('a record that cannot be judged yet holds all behind it, and nothing before it', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }))
  const lane = bench.lane()
  const { promise, resolve } = Promise.withResolvers<void>()
  bench.preparer.script.set(1, { kind: 'wait', ready: promise })
  lane.accept([recordOf(0), recordOf(1), recordOf(2)], 3)
  assert.deepEqual([bench.sender.sent, bench.source.calls], [[['0']], ['pause orders-0']])
  await bench.sender.answer(0, delivered)
  assert.equal(pointOf(lane), 1, 'what waits in the backlog was not read')
  bench.preparer.script.delete(1)
  resolve()
  await bench.clock.advance(0)
  assert.deepEqual(bench.sender.sent, [['0'], ['1'], ['2']])
  assert.deepEqual(bench.source.calls, ['pause orders-0', 'resume orders-0'])
})

test('one refused hit does no harm to its neighbours’ order: the parts of a batch go one after the other', async () => {
  const bench = new Bench()
  bench.laneWith(['a', 'a', 'a', 'a'])
  await bench.clock.advance(LINGER)
  await bench.sender.answer(0, refused)
  assert.deepEqual(bench.sender.sent.slice(1), [['0', '1']])
  await bench.clock.advance(10_000)
  assert.equal(bench.sender.requests.length, 2, 'the second half waits for the first')
  await bench.sender.answer(1, delivered)
  assert.deepEqual(bench.sender.sent.slice(2), [['2', '3']])
})
