import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Route } from '../../src/core/hit.ts'
import type { Key } from '../../src/pipeline/batch.ts'
import { Batch } from '../../src/pipeline/batch.ts'
import { blockedOf } from '../../src/pipeline/held-batches.ts'
import type { LaneLimits } from '../../src/pipeline/lane-context.ts'
import {
  Bench,
  batchOf,
  delivered,
  forbidden,
  hitOf,
  openHitOf,
  pointOf,
  probes,
  recordOf,
  unavailable,
} from '../support/pipeline-fakes.ts'

const vk: Route = { app: 'vk', method: 'login' }

/** A lane whose records of odd offsets are of the app vk, each record in a batch of its own. */
function mixed(records: number, limits: Partial<LaneLimits> = {}) {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), ...limits })
  for (let offset = 1; offset < 1_000; offset += 2) bench.preparer.script.set(offset, hitOf(offset, vk))
  const lane = bench.lane()
  lane.accept(
    Array.from({ length: records }, (_, offset) => recordOf(offset)),
    records,
  )
  return { bench, lane }
}

/** Answers every request that has none yet, by its app. */
async function answerAll(bench: Bench, from: number, ofVk = forbidden): Promise<number> {
  let index = from
  for (; index < bench.sender.requests.length; index += 1) {
    await bench.sender.answer(index, bench.sender.requests[index]?.route.app === 'vk' ? ofVk : delivered)
  }
  return index
}

test('records of an app that is refused wait, and give up their places to others of the lane', async () => {
  const { bench, lane } = mixed(40, { maxInFlight: 2 })
  await answerAll(bench, 0)
  const apps = bench.sender.requests.map(({ route }) => route.app)
  assert.equal(apps.filter((app) => app === 'shop').length, 20, 'all others were delivered')
  assert.ok(apps.filter((app) => app === 'vk').length <= 2, 'and no more than were in flight were refused')
  assert.deepEqual([lane.open, pointOf(lane), lane.view().blocked], [20, 1, 20])
})

test('those that wait take turns to find out, and all go when the first is taken', async () => {
  const { bench, lane } = mixed(40, { maxInFlight: 2 })
  let next = await answerAll(bench, 0)
  const refusedFirst = bench.sender.sent
    .slice(0, next)
    .flat()
    .filter((id) => Number(id) % 2 === 1)
  await bench.clock.advance(probes.afterMs)
  assert.equal(bench.sender.requests.length, next + 1, 'one probe')
  const probed = bench.sender.sent[next]?.[0]
  next = await answerAll(bench, next)
  await bench.clock.advance(2 * probes.afterMs)
  assert.equal(bench.sender.requests.length, next + 1)
  assert.notEqual(bench.sender.sent[next]?.[0], probed)
  assert.ok(!refusedFirst.includes('99'))
  next = await answerAll(bench, next, delivered)
  assert.deepEqual([lane.open, pointOf(lane)], [0, 40])
})

test('where they fill half of the window the oldest are parked on the first tier, uncounted, and the others keep their half', async () => {
  const { bench, lane } = mixed(200, { windowEvents: 20 })
  let next = 0
  for (let round = 0; round < 60; round += 1) {
    next = await answerAll(bench, next)
    for (let write = 0; write < bench.sideExit.writes.length; write += 1) await bench.sideExit.acknowledge(write)
  }
  assert.equal(bench.sender.requests.filter(({ route }) => route.app === 'shop').length, 100)
  const exits = bench.sideExit.writes.flatMap(({ exits: each }) => each)
  assert.ok(exits.length > 80, `${exits.length} were parked`)
  assert.deepEqual(
    exits.map(({ record }) => record.offset),
    exits.map((_, index) => 2 * index + 1),
  )
  for (const { to, reason, attempt } of exits) assert.deepEqual([to, reason, attempt], ['tier', 'forbidden', 0])
  assert.ok(lane.view().blocked < 10)
})

test('records of other apps that wait behind them for their key count, too', async () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), windowEvents: 8 })
  bench.preparer.script.set(0, hitOf(0, vk))
  const lane = bench.lane()
  lane.accept(
    Array.from({ length: 8 }, (_, offset) => recordOf(offset, 'a')),
    8,
  )
  await bench.sender.answer(0, forbidden)
  assert.deepEqual(bench.sideExit.offsets, [[0]])
  await bench.sideExit.acknowledge(0)
  assert.deepEqual(bench.sender.sent.slice(1), [['1']])
})

test('an app that is refused stops no lane by the bytes of what waits for it', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }), { windowBytes: 200 })
  for (let offset = 0; offset < 5; offset += 1) bench.preparer.script.set(offset, hitOf(offset, vk))
  const lane = bench.lane()
  lane.accept(
    Array.from({ length: 10 }, (_, offset) => recordOf(offset)),
    10,
  )
  let next = 0
  for (let round = 0; round < 10; round += 1) {
    next = await answerAll(bench, next)
    for (let write = 0; write < bench.sideExit.writes.length; write += 1) await bench.sideExit.acknowledge(write)
  }
  assert.equal(bench.sender.requests.filter(({ route }) => route.app === 'shop').length, 5)
})

test('while the tracker is down a batch is parked by its fourth probe at the earliest, however often it had failed before', async () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), retry: { attempts: 4, delayMs: 1, maxDelayMs: 1 } }, { failures: 10 })
  bench.laneWith([null, null, null])
  const isDown = (): boolean => bench.gate.view().breaker.state !== 'closed'
  let next = 0
  for (; !isDown(); next += 1) {
    await bench.sender.answer(next, unavailable)
    await bench.clock.advance(10)
  }
  for (; next < bench.sender.requests.length; next += 1) await bench.sender.answer(next, unavailable)
  const before = bench.sideExit.offsets.flat().length
  for (let probe = 1; probe <= 12; probe += 1) {
    await bench.clock.advance(60_000)
    assert.equal(bench.sender.requests.length, next + probe, `${probe} probes`)
    await bench.sender.answer(next + probe - 1, unavailable)
    const parked = bench.sideExit.offsets.flat().length - before
    assert.ok(parked <= probe / 4, `${parked} parked after ${probe} probes`)
  }
  assert.ok(bench.sideExit.offsets.flat().length > before)
})

test('a lane that is stocked with what another lane sees refused goes on with what stands behind it', async () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), maxInFlight: 1, windowEvents: 100 }, { maxInFlight: 1 })
  const lanes = [bench.lane(0), bench.lane(1)]
  bench.preparer.script.set(0, hitOf(0, vk))
  for (let offset = 100; offset < 103; offset += 1) bench.preparer.script.set(offset, hitOf(offset, vk))
  lanes[0]?.accept([recordOf(0)], 1)
  // Two wait, a third is not prepared any more; the one that is not refused stands behind it.
  lanes[1]?.accept(
    [100, 101, 102, 103].map((offset) => recordOf(offset, null, 1)),
    104,
  )
  await bench.sender.answer(0, forbidden)
  assert.deepEqual(bench.sender.sent, [['0'], ['103']])
})

test('one record that waits lets no more than ten windows be delivered behind it', async () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), windowEvents: 10, maxInFlight: 4 })
  bench.preparer.script.set(0, hitOf(0, vk))
  const lane = bench.lane()
  let next = 0
  for (let offset = 0; offset < 120; offset += 1) {
    lane.accept([recordOf(offset)], offset + 1)
    next = await answerAll(bench, next)
  }
  assert.deepEqual(bench.sideExit.offsets, [[0]])
  await bench.sideExit.acknowledge(0)
  assert.equal(pointOf(lane), 120)
})

test('windows that are full of what is on its way are no reason to park the little that waits', async () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), maxInFlight: 8 }, { windowBytes: 300 })
  bench.preparer.script.set(0, hitOf(0, vk))
  const lane = bench.lane()
  lane.accept([recordOf(0)], 1)
  await bench.sender.answer(0, forbidden)
  lane.accept(
    Array.from({ length: 20 }, (_, each) => recordOf(each + 1)),
    21,
  )
  await bench.sender.answer(1, delivered)
  assert.deepEqual(bench.sideExit.writes, [])
})

test('what fails for another reason, when it was to find out about its app, is parked for that reason in the end', async () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), windowEvents: 1, retry: { attempts: 2, delayMs: 1, maxDelayMs: 1 } })
  bench.preparer.script.set(0, hitOf(0, vk))
  // It holds the whole window, so that any other would be parked at once.
  bench.gate.door('first').leave(refusedPass(bench))
  const lane = bench.lane()
  await bench.clock.advance(probes.afterMs)
  lane.accept([recordOf(0)], 1)
  await bench.sender.answer(0, unavailable)
  await bench.clock.advance(3 * probes.afterMs)
  await bench.sender.answer(1, unavailable)
  const [exit] = bench.sideExit.writes.flatMap(({ exits }) => exits)
  assert.deepEqual([exit?.reason, exit?.attempt], ['unavailable', 2])
})

/** A request of the app vk that was refused. */
function refusedPass(bench: Bench) {
  const pass = bench.door.enter('vk', () => undefined)
  assert.ok(pass !== undefined && pass !== 'blocked')
  bench.door.judge(pass, forbidden, undefined)
  return pass
}

test('requests that alone are answered as if at the wrong place give their places up while they rest', async () => {
  const elsewhere = { kind: 'halt', reason: 'misconfigured', detail: 'status 404' } as const
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), maxInFlight: 1 })
  bench.laneWith([null, null, null])
  await bench.sender.answer(0, elsewhere)
  await bench.clock.advance(probes.afterMs)
  await bench.sender.answer(1, delivered)
  assert.deepEqual(bench.sender.sent, [['0'], ['1'], ['0']])
  await bench.sender.answer(2, elsewhere)
  assert.deepEqual(bench.sender.sent.slice(3), [['2']], 'the only place of the lane is free')
  assert.equal(bench.gate.view().misconfigured, undefined)
})

test('a key whose records wait is counted once, however many of the batch have it', () => {
  const key: Key = { holder: undefined, waiting: [openHitOf(5), openHitOf(6)] }
  const batch = new Batch(vk, 0)
  for (const sequence of [0, 1, 2]) batch.add({ ...openHitOf(sequence), key })
  assert.equal(blockedOf([batch]), 5)
})

test('a bug is no refusal: what is refused after it is refused for the first time', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }))
  for (const offset of [0, 7]) bench.preparer.script.set(offset, hitOf(offset, vk))
  bench.lane().accept([recordOf(0)], 1)
  bench.sender.requests[0]?.reject(new TypeError('undefined is not a function'))
  await bench.clock.advance(1)
  bench.lane(1).accept([recordOf(7, null, 1)], 8)
  await bench.sender.answer(1, delivered)
  await bench.clock.advance(10_000)
  await bench.sender.answer(2, forbidden)
  assert.equal(bench.gate.view().apps.length, 1)
})
