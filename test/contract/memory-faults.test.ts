/** What only the broker in memory can be told to do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../support/fake-clock.ts'
import type { CommitFate, Faults, SendFate } from '../support/memory-broker/faults.ts'
import { MemoryBroker } from '../support/memory-broker/memory-broker.ts'
import { randomOf } from '../support/seeded-random.ts'
import { Listener, messagesOf, range } from './listener.ts'

const topic = 'orders'

function brokerWith(faults: Faults, partitions = 1): { clock: FakeClock; broker: MemoryBroker } {
  const clock = new FakeClock()
  const broker = new MemoryBroker(clock, faults)
  broker.createTopic(topic, { partitions })
  return { clock, broker }
}

function memberOf(broker: MemoryBroker, listener = new Listener()) {
  return broker.member({ groupId: 'sink', topics: [topic], isOwn: false, handlers: listener.handlers, heartbeatMs: 100 })
}

const sends: readonly (readonly [SendFate, number, string])[] = [
  ['ok', 2, 'answered 1'],
  ['reject-unwritten', 0, 'KafkaJSNumberOfRetriesExceeded'],
  ['reject-written', 2, 'KafkaJSNumberOfRetriesExceeded'],
  ['written-twice', 4, 'answered 1'],
  ['partition-missing', 0, 'answered 0'],
]
for (const [fate, stored, outcome] of sends) {
  test(`a send whose fate is ${fate} leaves ${stored} records and ends as ${outcome}`, async () => {
    const { clock, broker } = brokerWith({ send: () => fate })
    const send = broker.producer().send({ topic, messages: messagesOf(0, 2) })
    const ended = send.then(
      (written) => `answered ${written.length}`,
      (error: Error) => error.name,
    )
    await clock.advance(10)
    assert.equal(await ended, outcome)
    assert.deepEqual(
      broker.records(topic).map(({ partition, offset, value }) => [partition, offset, String(value)]),
      range(0, stored).map((offset) => [0, offset, 'value']),
    )
  })
}

const commits: readonly (readonly [CommitFate, number, boolean])[] = [
  ['ok', 7, true],
  ['reject-unwritten', 0, false],
  ['reject-written', 7, false],
]
for (const [fate, offset, isFulfilled] of commits) {
  test(`a commit whose fate is ${fate} leaves the group at ${offset}`, async () => {
    let next: CommitFate = 'ok'
    const { clock, broker } = brokerWith({ commit: () => next })
    const member = memberOf(broker)
    void member.start()
    await clock.advance(1_000)
    next = fate
    const [ended] = await Promise.all([
      Promise.allSettled([member.commit([{ topic, partition: 0, offset: 7, runs: [] }])]),
      clock.advance(10),
    ])
    assert.equal(ended[0]?.status === 'fulfilled', isFulfilled)
    assert.equal(broker.committed('sink', topic)[0]?.offset, offset)
  })
}

test('a crash loses what has not reached the broker, keeps what has, and nothing of it settles', async () => {
  const { clock, broker } = brokerWith({ latencyMs: () => 10 })
  const member = memberOf(broker)
  void member.start()
  await clock.advance(1_000)
  const producer = broker.producer()
  let settled = 0
  const note = (): void => {
    settled += 1
  }
  const begin = (offset: number): void => {
    producer.send({ topic, messages: messagesOf(0, 1) }).then(note, note)
    member.commit([{ topic, partition: 0, offset, runs: [] }]).then(note, note)
  }
  begin(3)
  await clock.advance(15)
  begin(4)
  member.crash()
  producer.crash()
  await clock.advance(60_000)
  assert.equal(settled, 0)
  assert.deepEqual(broker.ends(topic), [1])
  assert.equal(broker.committed('sink', topic)[0]?.offset, 3)
})

test('a commit of the generation before is refused, and says so by its type', async () => {
  const { clock, broker } = brokerWith({ latencyMs: () => 10 }, 2)
  const first = memberOf(broker)
  void first.start()
  await clock.advance(1_000)
  const second = memberOf(broker)
  void second.start()
  // The first hears of it at its next heartbeat; its commit is sent behind its join.
  let refused: unknown
  await clock.runUntil(() => {
    first.commit([{ topic, partition: 0, offset: 1, runs: [] }]).catch((error) => {
      refused ??= error
    })
    return refused !== undefined
  })
  assert.equal((refused as { type: string }).type, 'ILLEGAL_GENERATION')
})

test('offsets that compaction took away are passed over', async () => {
  const { clock, broker } = brokerWith({})
  broker.append({ topic, partition: 0 }, messagesOf(0, 2))
  broker.skip({ topic, partition: 0 }, 5)
  broker.append({ topic, partition: 0 }, messagesOf(0, 1))
  const listener = new Listener()
  void memberOf(broker, listener).start()
  await clock.advance(1_000)
  assert.deepEqual(listener.offsetsOf(0), [0, 1, 7])
  assert.equal(listener.fetches.at(-1)?.upTo, 8)
})

test('a fetch takes no more than its limits', async () => {
  const { clock, broker } = brokerWith({}, 2)
  for (const partition of [0, 1]) broker.append({ topic, partition }, messagesOf(partition, 10, 'x'.repeat(100)))
  const listener = new Listener()
  const options = { groupId: 'sink', topics: [topic], isOwn: false, handlers: listener.handlers }
  void broker.member({ ...options, maxRecords: 4, maxBytesPerPartition: 300 }).start()
  await clock.advance(1_000)
  assert.deepEqual(
    listener.fetches.filter(({ partition }) => partition === 0).map(({ offsets }) => offsets.length),
    [2, 2, 2, 2, 2],
  )
  assert.equal(listener.records.length, 20)
})

test('the same seed gives the same run, and a group that has read everything has nothing left to do', async () => {
  const run = async (seed: number): Promise<string[]> => {
    const random = randomOf(seed)
    const { clock, broker } = brokerWith({ latencyMs: () => Math.floor(random() * 20) }, 6)
    for (const partition of range(0, 6)) broker.append({ topic, partition }, messagesOf(partition, 30))
    const listeners = [new Listener(), new Listener()]
    for (const listener of listeners) void memberOf(broker, listener).start()
    await clock.advance(60_000)
    assert.equal(clock.pending, 0)
    return listeners.flatMap(({ happened, fetches }) => [
      ...happened,
      ...fetches.map(({ partition, upTo }) => `${partition}:${upTo}`),
    ])
  }
  assert.deepEqual(await run(1), await run(1))
  assert.notDeepEqual(await run(1), await run(2))
})
