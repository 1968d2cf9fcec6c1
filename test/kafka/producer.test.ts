import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message, Producer, ProducerRecord, RecordMetadata } from 'kafkajs'
import type { SourceRecord } from '../../src/core/record.ts'
import type { Exit } from '../../src/kafka/producer.ts'
import { SideExitProducer } from '../../src/kafka/producer.ts'
import { recordOf } from '../support/pipeline-fakes.ts'

const topics = {
  tier: { topic: 'sink.retry.30s', partitions: 3, delayMs: 30_000 },
  deadLetter: { topic: 'sink.dead-letter', partitions: 2 },
}

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
  return { fake, producer: new SideExitProducer(fake as unknown as Producer, topics) }
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
