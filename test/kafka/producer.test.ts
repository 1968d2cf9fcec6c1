import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message, ProducerRecord, RecordMetadata } from 'kafkajs'
import type { SourceRecord } from '../../src/core/record.ts'
import type { Exit } from '../../src/kafka/producer.ts'
import { SideExitProducer } from '../../src/kafka/producer.ts'
import { recordOf } from '../support/pipeline-fakes.ts'

const topics = {
  tiers: [
    { topic: 'sink.retry.30s', delayMs: 30_000 },
    { topic: 'sink.retry.5m', delayMs: 300_000 },
  ],
  deadLetter: 'sink.dead-letter',
}
const partitions: Readonly<Record<string, number>> = { 'sink.retry.30s': 3, 'sink.retry.5m': 3, 'sink.dead-letter': 2 }

/** As much of a kafkajs producer as is used; answers as a broker would unless told otherwise. */
class FakeProducer {
  readonly sends: ProducerRecord[] = []
  answer = (topic: string, partition: number): RecordMetadata[] => [{ topicName: topic, partition, errorCode: 0 }]

  async send(record: ProducerRecord): Promise<RecordMetadata[]> {
    this.sends.push(record)
    return this.answer(record.topic, record.messages[0]?.partition ?? -1)
  }
}

function producerOf(): { fake: FakeProducer; producer: SideExitProducer } {
  const fake = new FakeProducer()
  return {
    fake,
    producer: new SideExitProducer({
      producer: fake,
      topics,
      partitionsOf: async (topic) => partitions[topic] ?? assert.fail(topic),
    }),
  }
}

function exitOf(changed: Partial<SourceRecord> = {}, to: Exit['to'] = 'tier'): Exit {
  const record = { ...recordOf(0), ...changed }
  return {
    record,
    to,
    reason: 'unavailable',
    detail: 'status 503',
    attempt: 4,
    failedAt: 1_700_000_000_000,
    firstFailedAt: 1_700_000_000_000,
  }
}

const offsetsOf = (messages: readonly Message[]): number[] =>
  messages.map(({ headers }) => Number(headers?.['mts-origin-offset']))

test('each send goes to one partition of one topic, after the source’s partition, for all in-sync replicas, in order', async () => {
  const { fake, producer } = producerOf()
  const exits = Array.from({ length: 12 }, (_, offset) =>
    exitOf({ offset, partition: offset % 4 }, offset < 8 ? 'tier' : 'dead-letter'),
  )
  await producer.write(exits)
  const seen = fake.sends.map(({ topic, acks, messages }) => {
    const partitions = new Set(messages.map(({ partition }) => partition))
    assert.equal(partitions.size, 1)
    return [topic, acks, ...partitions, ...offsetsOf(messages)]
  })
  assert.deepEqual(seen.sort(), [
    ['sink.dead-letter', -1, 0, 8, 10],
    ['sink.dead-letter', -1, 1, 9, 11],
    ['sink.retry.30s', -1, 0, 0, 3, 4, 7],
    ['sink.retry.30s', -1, 1, 1, 5],
    ['sink.retry.30s', -1, 2, 2, 6],
  ])
})

test('key and value go byte for byte, and only a parked record says until when it waits', async () => {
  const { fake, producer } = producerOf()
  const value = Buffer.from([0, 1, 255])
  const key = Buffer.from([0, 127, 128, 255])
  await producer.write([exitOf({ key: key.toString('latin1'), value }), exitOf({ key: null, value: null }, 'dead-letter')])
  const [parked, dead] = fake.sends.map(({ messages }) => messages[0])
  assert.deepEqual([parked?.key, parked?.value], [key, value])
  assert.equal(parked?.headers?.['mts-not-before'], '1700000030000')
  assert.deepEqual([dead?.key, dead?.value], [null, null])
  assert.ok(!('mts-not-before' in (dead?.headers ?? {})))
  assert.equal(parked?.timestamp, undefined, 'its timestamp is the time of parking')
})

test('an answer that leaves the partition out, or tells of an error, is no acknowledgement', async () => {
  const answers: ((topic: string, partition: number) => RecordMetadata[])[] = [
    () => [],
    (topic, partition) => [{ topicName: topic, partition: partition + 1, errorCode: 0 }],
    (_, partition) => [{ topicName: 'another', partition, errorCode: 0 }],
    (topic, partition) => [{ topicName: topic, partition, errorCode: 19 }],
  ]
  for (const answer of answers) {
    const { fake, producer } = producerOf()
    fake.answer = answer
    await assert.rejects(producer.write([exitOf(), exitOf({ offset: 1 })]), /sink\.retry\.30s-0: 2 records were not acknowledged/)
  }
})

test('a send that fails fails the write, and nothing is sent after it', async () => {
  const { fake, producer } = producerOf()
  fake.answer = () => {
    throw new Error('broker gone')
  }
  await assert.rejects(producer.write([exitOf(), exitOf({}, 'dead-letter')]), /broker gone/)
  assert.equal(fake.sends.length, 1)
})

test('where a send fails behind others of the same write, it is told what was written, and the rest is not sent', async () => {
  const { fake, producer } = producerOf()
  const answer = fake.answer
  fake.answer = (topic, partition) => {
    if (fake.sends.length > 1) throw new Error('broker gone')
    return answer(topic, partition)
  }
  const exits = [exitOf(), exitOf({ offset: 1 }, 'dead-letter'), exitOf({ offset: 2 })]
  assert.deepEqual(await producer.write(exits), [exits[0], undefined, exits[2]])
  assert.equal(fake.sends.length, 2)
})

/** What the records of a send weigh at least, as a broker counts them. */
function weightOf({ messages }: ProducerRecord): number {
  let bytes = 0
  for (const { key, value, headers = {} } of messages) {
    bytes += Buffer.byteLength(key ?? '') + Buffer.byteLength(value ?? '')
    for (const [name, header] of Object.entries(headers))
      for (const each of [header ?? []].flat()) bytes += name.length + Buffer.byteLength(each)
  }
  return bytes
}

test('no send is heavier than 512 KiB, whether values, keys or headers make it so, but for a record that is so by itself', async () => {
  const large = 100_000
  const heavy: Partial<SourceRecord>[] = [
    { value: Buffer.alloc(large) },
    { key: 'k'.repeat(large) },
    { headers: { trace: Buffer.alloc(large) } },
    { headers: { tag: ['a'.repeat(large / 2), Buffer.alloc(large / 2)] } },
    { headers: Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`header-${at}`.padEnd(90), '1234567890'])) },
  ]
  for (const changed of heavy) {
    const { fake, producer } = producerOf()
    await producer.write(Array.from({ length: 12 }, (_, offset) => exitOf({ ...changed, offset })))
    for (const send of fake.sends) assert.ok(weightOf(send) <= 512 * 1024, `${weightOf(send)} bytes`)
    assert.deepEqual(
      fake.sends.flatMap(({ messages }) => offsetsOf(messages)),
      Array.from({ length: 12 }, (_, offset) => offset),
    )
    assert.equal(fake.sends.length, 3)
  }
  const { fake, producer } = producerOf()
  await producer.write([exitOf({ value: Buffer.alloc(900_000) }), exitOf({ offset: 1 })])
  assert.deepEqual(
    fake.sends.map(({ messages }) => offsetsOf(messages)),
    [[0], [1]],
  )
})

test('thousands of small records share a send as far as its weight allows', async () => {
  const { fake, producer } = producerOf()
  await producer.write(Array.from({ length: 500 }, (_, offset) => exitOf({ offset })))
  assert.ok(fake.sends.length <= 3)
})

/** Refuses what is longer in keys, values and header values than the topic takes, and keeps the rest. */
function narrow(takes: Readonly<Record<string, number>>): { kept: Map<string, Message[]>; producer: SideExitProducer } {
  const kept = new Map<string, Message[]>()
  const send = async (record: ProducerRecord): Promise<RecordMetadata[]> => {
    const bytesMax = takes[record.topic] ?? Number.POSITIVE_INFINITY
    if (weightOf(record) > bytesMax) throw Object.assign(new Error('too large'), { cause: { type: 'MESSAGE_TOO_LARGE' } })
    kept.set(record.topic, [...(kept.get(record.topic) ?? []), ...record.messages])
    return [{ topicName: record.topic, partition: record.messages[0]?.partition ?? -1, errorCode: 0 }]
  }
  const partitionsOf = async (): Promise<number> => 1
  return { kept, producer: new SideExitProducer({ producer: { send }, topics, partitionsOf }) }
}

test('a batch that is too large goes in smaller ones, in order, each record once', async () => {
  const { kept, producer } = narrow({ 'sink.retry.30s': 1_500 })
  const exits = Array.from({ length: 9 }, (_, offset) => exitOf({ offset, value: Buffer.alloc(200) }))
  assert.deepEqual(await producer.write(exits), exits)
  assert.deepEqual(offsetsOf(kept.get('sink.retry.30s') ?? []), [0, 1, 2, 3, 4, 5, 6, 7, 8])
})

test('a record that its tier refuses for its size is a dead letter with its value, the others are parked', async () => {
  const { kept, producer } = narrow({ 'sink.retry.30s': 2_000 })
  const exits = [0, 1, 2].map((offset) => exitOf({ offset, value: Buffer.alloc(offset === 1 ? 3_000 : 10) }))
  const written = await producer.write(exits)
  assert.deepEqual(
    written.map((exit) => [exit?.record.offset, exit?.to, exit?.reason]),
    [
      [0, 'tier', 'unavailable'],
      [1, 'dead-letter', 'unavailable'],
      [2, 'tier', 'unavailable'],
    ],
  )
  assert.deepEqual(offsetsOf(kept.get('sink.retry.30s') ?? []), [0, 2])
  const [dead] = kept.get('sink.dead-letter') ?? []
  assert.deepEqual(dead?.value, Buffer.alloc(3_000))
  assert.equal(dead?.headers?.['mts-detail'], 'too large for sink.retry.30s; status 503')
  assert.ok(!('mts-not-before' in (dead?.headers ?? {})))
})

test('what even the dead letters refuse goes without its value, then without its key and headers, and says so', async () => {
  const { kept, producer } = narrow({ 'sink.retry.30s': 2_000, 'sink.dead-letter': 2_000 })
  const large = { value: Buffer.alloc(3_000), key: 'k', headers: { trace: 'x' } }
  await producer.write([exitOf({ ...large, offset: 1 }), exitOf({ ...large, offset: 2, headers: { trace: 'x'.repeat(3_000) } })])
  const [first, second] = kept.get('sink.dead-letter') ?? []
  assert.deepEqual([first?.value, String(first?.key), first?.headers?.trace], [null, 'k', 'x'])
  assert.equal(
    first?.headers?.['mts-detail'],
    'value of 3000 bytes left out, too large for sink.dead-letter; too large for sink.retry.30s; status 503',
  )
  assert.deepEqual([second?.value, second?.key, second?.headers?.trace], [null, null, undefined])
  assert.deepEqual(offsetsOf([first as Message, second as Message]), [1, 2])
  assert.equal(second?.headers?.['mts-reason'], 'unavailable')
})

test('when nothing is left that could be left out, the write fails and the record waits', async () => {
  const { producer } = narrow({ 'sink.retry.30s': 10, 'sink.dead-letter': 10 })
  await assert.rejects(producer.write([exitOf({ value: Buffer.alloc(100) })]), /too large/)
})

test('a record goes from tier to tier, and stays on the last one', async () => {
  const { fake, producer } = producerOf()
  for (const topic of ['orders', 'sink.retry.30s', 'sink.retry.5m']) await producer.write([exitOf({ topic })])
  const steps = fake.sends.map(({ topic, messages }) => [topic, messages[0]?.headers?.['mts-not-before']])
  assert.deepEqual(steps, [
    ['sink.retry.30s', '1700000030000'],
    ['sink.retry.5m', '1700000300000'],
    ['sink.retry.5m', '1700000300000'],
  ])
})

test('a record keeps to the partition of its origin on every topic', async () => {
  const { fake, producer } = producerOf()
  const origin = { topic: 'orders', partition: 4, offset: 9, timestamp: 1 }
  const history = { origin, attempt: 4, firstFailedAt: 1, notBefore: 1 }
  await producer.write([exitOf({ topic: 'sink.retry.30s', partition: 0, history })])
  assert.deepEqual([fake.sends[0]?.messages[0]?.partition, fake.sends[0]?.messages[0]?.headers?.['mts-origin-offset']], [1, '9'])
})

test('after a failure the number of partitions is asked for anew: the topic may have been made again', async () => {
  const fake = new FakeProducer()
  let partitionsNow = 3
  const producer = new SideExitProducer({ producer: fake, topics, partitionsOf: async () => partitionsNow })
  fake.answer = () => []
  await assert.rejects(producer.write([exitOf({ partition: 2 })]))
  partitionsNow = 1
  fake.answer = (topic, partition) => [{ topicName: topic, partition, errorCode: 0 }]
  await producer.write([exitOf({ partition: 2 })])
  assert.deepEqual(
    fake.sends.map(({ messages }) => messages[0]?.partition),
    [2, 0],
  )
})
