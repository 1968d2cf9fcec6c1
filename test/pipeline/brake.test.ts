import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Brake } from '../../src/pipeline/brake.ts'
import type { Lane } from '../../src/pipeline/lane.ts'
import { Lanes } from '../../src/pipeline/lanes.ts'
import { Bench, batchOf, delivered, recordOf, refused, startsOf } from '../support/pipeline-fakes.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const brakeOf = (share: number | undefined): Brake => new Brake({ share, now: () => 1_000 })

function look(brake: Brake, { good, bad }: { good: number; bad: number }, topic = 'orders'): void {
  for (let each = 0; each < good; each += 1) brake.looked(topic)
  for (let each = 0; each < bad; each += 1) brake.looked(topic, 'invalid-hit: x')
}

test('nothing is held before two hundred records, and then what is over the share is', () => {
  const brake = brakeOf(0.5)
  look(brake, { good: 0, bad: 199 })
  assert.equal(brake.holds('orders'), false)
  look(brake, { good: 0, bad: 1 })
  assert.equal(brake.holds('orders'), true)
  assert.deepEqual(brake.held(), [
    { topic: 'orders', since: 1_000, detail: '200 of its last 200 records, the last one invalid-hit: x' },
  ])
})

test('the share itself is not over it, and only the last thousand records count', () => {
  const brake = brakeOf(0.5)
  look(brake, { good: 500, bad: 500 })
  assert.equal(brake.holds('orders'), false)
  look(brake, { good: 600, bad: 0 })
  look(brake, { good: 0, bad: 500 })
  assert.equal(brake.holds('orders'), false, 'the first bad ones are forgotten')
  look(brake, { good: 0, bad: 100 })
  assert.equal(brake.holds('orders'), true)
})

test('each topic has its own, and one that is off holds none', () => {
  const brake = brakeOf(0.1)
  look(brake, { good: 0, bad: 300 })
  look(brake, { good: 300, bad: 0 }, 'users')
  assert.deepEqual([brake.holds('orders'), brake.holds('users')], [true, false])
  const off = brakeOf(undefined)
  look(off, { good: 0, bad: 3_000 })
  assert.equal(off.holds('orders'), false)
})

test('records that the tracker refuses after all count as bad ones, each once', () => {
  const brake = brakeOf(0.5)
  look(brake, { good: 400, bad: 0 })
  for (let each = 0; each < 200; each += 1) brake.refused('orders', 'rejected: x')
  assert.equal(brake.holds('orders'), false)
  brake.refused('orders', 'rejected: x')
  assert.equal(brake.holds('orders'), true)
})

test('a topic that is held takes nothing in, sends nothing and writes no dead letter any more, and commits what has its outcome', async () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), windowEvents: 10_000 }, { brakeShare: 0.5 })
  const lane = bench.lane()
  const invalid = { kind: 'reject', reason: 'invalid-hit', detail: 'x' } as const
  for (let offset = 1; offset < 300; offset += 1) bench.preparer.script.set(offset, invalid)
  lane.accept([recordOf(0), ...Array.from({ length: 100 }, (_, each) => recordOf(each + 1))], 101)
  await bench.sideExit.acknowledge(0)
  lane.accept(
    Array.from({ length: 400 }, (_, each) => recordOf(each + 101)),
    501,
  )
  assert.ok(bench.brake.holds('orders'))
  assert.deepEqual(bench.source.calls, ['pause orders-0'])
  const written = bench.sideExit.writes.length
  for (let index = 0; index < written; index += 1) await bench.sideExit.acknowledge(index)
  await bench.sender.answer(0, delivered)
  await bench.clock.advance(600_000)
  assert.equal(bench.sideExit.writes.length, written, 'no further write begins')
  assert.equal(bench.sender.requests.length, 1)
  const dead = bench.sideExit.offsets.flat().length
  assert.ok(dead < 200, `${dead} dead letters`)
  assert.equal(lane.commitPoint()?.offset, dead + 1, 'and nothing behind them is committed')
})

test('a topic that is held holds in its other lanes too, and goes on holding when they are dealt out anew', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }), { brakeShare: 0.5 })
  const lane = bench.lane(1)
  for (let each = 0; each < 200; each += 1) bench.brake.looked('orders', 'invalid-hit: x')
  lane.accept([recordOf(0, null, 1)], 1)
  void lane.suspend()
  lane.goOn()
  const lanes = new Lanes(bench.context)
  lanes.assign(startsOf(2))
  lanes.accept({ topic: 'orders', partition: 0, records: [recordOf(0)], upTo: 1 })
  await bench.clock.advance(60_000)
  assert.deepEqual([bench.sender.requests.length, lane.open, lanes.open], [0, 0, 0])
  assert.deepEqual(bench.source.calls, ['pause orders-1', 'seek orders-1 1', 'pause orders-1', 'pause orders-0'])
})

/** Weak, so that it can be seen whether the lane still has it. */
function handOver(lane: Lane, offset: number, key: string): WeakRef<Buffer> {
  const value = Buffer.alloc(1_000)
  lane.accept([{ ...recordOf(offset, key), value }], offset + 1)
  return new WeakRef(value)
}

async function assertForgotten(values: readonly WeakRef<Buffer>[]): Promise<void> {
  // In the turn that makes it, a WeakRef keeps what it refers to.
  await turn()
  collectGarbage()
  assert.deepEqual(
    values.map((value) => value.deref()),
    values.map(() => undefined),
  )
}

test('a topic that is held makes room for others, and nothing more of it stays in memory, once what is under way has ended', async () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), maxInFlight: 1 }, { brakeShare: 0.5, windowBytes: 2_500 })
  const [held, other] = [bench.lane(), bench.lane(0, undefined, 'users')]
  const values = [0, 1, 2, 3].map((offset) => handOver(held, offset, 'a'))
  other.accept([recordOf(0), recordOf(1)], 2)
  look(bench.brake, { good: 0, bad: 200 })
  assert.deepEqual([bench.windowBytes.isFull, held.open, other.open], [true, 3, 1])
  await bench.sender.answer(0, delivered)
  assert.deepEqual([other.open, held.commitPoint()?.offset], [2, 1])
  assert.ok(bench.windowBytes.used < 1_000)
  await assertForgotten([...values, handOver(held, 4, 'a')])
})

test('batches that still fill when the brake holds stay in memory no more', async () => {
  const bench = new Bench({}, { brakeShare: 0.5 })
  const lane = bench.lane()
  const values = ['a', 'a', 'b'].map((key, offset) => handOver(lane, offset, key))
  look(bench.brake, { good: 0, bad: 200 })
  await turn()
  assert.deepEqual([bench.sender.requests.length, lane.open, bench.windowBytes.used], [0, 3, 0])
  await assertForgotten(values)
})

test('how old the oldest is that waits is known of a topic that is held, whether it was there before or comes later', async () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), windowEvents: 1 }, { brakeShare: 0.5 })
  const [full, idle] = [bench.lane(0), bench.lane(1)]
  full.accept([recordOf(0), { ...recordOf(1), timestamp: 7 }], 2)
  look(bench.brake, { good: 0, bad: 200 })
  await bench.sender.answer(0, delivered)
  await turn()
  assert.equal(full.view().oldest?.timestamp, 7)
  full.accept([recordOf(2)], 3)
  assert.equal(full.view().oldest?.timestamp, 7)
  assert.equal(idle.view().oldest, undefined)
  idle.accept([{ ...recordOf(0), timestamp: 8 }], 1)
  idle.accept([{ ...recordOf(1), timestamp: 9 }], 2)
  assert.equal(idle.view().oldest?.timestamp, 8)
  assert.deepEqual(bench.source.calls, ['pause orders-0', 'pause orders-1'])
})

test('refusals of the tracker are told to the brake', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }), { brakeShare: 0.5 })
  const lane = bench.lane()
  look(bench.brake, { good: 99, bad: 100 })
  lane.accept([recordOf(0), recordOf(1)], 2)
  assert.equal(bench.brake.holds('orders'), false)
  await bench.sender.answer(0, refused)
  assert.equal(bench.brake.holds('orders'), true)
})

test('dead letters whose write is to be tried again when the brake holds are written no more', async () => {
  const bench = new Bench(batchOf({ maxEvents: 1 }), { brakeShare: 0.5 })
  bench.preparer.script.set(0, { kind: 'reject', reason: 'invalid-hit', detail: 'x' })
  bench.lane(1).accept([recordOf(0, null, 1)], 1)
  await bench.sideExit.fail(0)
  look(bench.brake, { good: 0, bad: 200 })
  await bench.clock.advance(60_000)
  assert.equal(bench.sideExit.writes.length, 1)
})

test('what waits to be sent when the brake holds is sent no more', async () => {
  const bench = new Bench({ ...batchOf({ maxEvents: 1 }), maxInFlight: 1 }, { brakeShare: 0.5 })
  const lane = bench.lane()
  lane.accept([recordOf(0), recordOf(1)], 2)
  look(bench.brake, { good: 0, bad: 200 })
  await bench.sender.answer(0, delivered)
  await bench.clock.advance(60_000)
  assert.deepEqual([bench.sender.sent, lane.commitPoint()?.offset], [[['0']], 1])
})
