import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createKafka } from '../../src/kafka/client.ts'
import { onOutOfRange } from '../../src/kafka/repairs.ts'

interface Group {
  readonly maxWaitTime: number
  readonly subscriptionState: { assign(assigned: readonly { topic: string; partitions: readonly number[] }[]): void }
  pause(partitions: readonly { topic: string; partitions?: readonly number[] }[]): void
  resume(partitions: readonly { topic: string; partitions?: readonly number[] }[]): void
}

function groupOf(maxWaitTimeInMs: number): Group {
  createKafka({ brokers: ['127.0.0.1:9'], clientId: 'test', ssl: false, sasl: undefined, onLog: () => undefined })
  const ConsumerGroup = createRequire(import.meta.url)('kafkajs/src/consumer/consumerGroup') as new (options: object) => Group
  const logger = { namespace: () => logger, debug: () => undefined, info: () => undefined }
  const group = new ConsumerGroup({ maxWaitTimeInMs, logger, topics: ['a'], topicConfigurations: {}, retry: {} })
  group.subscriptionState.assign([{ topic: 'a', partitions: [0, 1] }])
  return group
}

test('a fetch waits as short as it was asked to while a partition is paused, and longer while none is', () => {
  const group = groupOf(50)
  assert.equal(group.maxWaitTime, 1000)
  group.pause([{ topic: 'a', partitions: [1] }])
  assert.equal(group.maxWaitTime, 50)
  group.resume([{ topic: 'a', partitions: [1] }])
  assert.equal(group.maxWaitTime, 1000)
})

test('who asks for a longer wait gets it, and each consumer its own', () => {
  const [long, short] = [groupOf(5_000), groupOf(50)]
  short.pause([{ topic: 'a', partitions: [0] }])
  assert.deepEqual([long.maxWaitTime, short.maxWaitTime], [5_000, 50])
})

test('a consumer that is stopped while brokers come or go ends its fetch loops, and does not spin', async () => {
  groupOf(50)
  const require = createRequire(import.meta.url)
  const { prototype } = require('kafkajs/src/consumer/runner') as { prototype: { fetch(nodeId: number): Promise<unknown[]> } }
  const createFetchManager = require('kafkajs/src/consumer/fetchManager') as (options: object) => {
    start(): Promise<void>
    stop(): Promise<void>
  }
  const logger = { namespace: () => logger, debug: () => undefined, info: () => undefined }
  const fetches: (() => void)[] = []
  const runner = {
    running: true,
    instrumentationEmitter: { emit: () => undefined },
    consumerGroup: {
      fetch: () => {
        const { promise, resolve } = Promise.withResolvers<unknown[]>()
        fetches.push(() => resolve([]))
        return promise
      },
    },
    heartbeat: async () => undefined,
    logger,
  }
  let [nodes, calls] = [[0, 1], 0]
  const manager = createFetchManager({
    ...{ logger, getNodeIds: () => nodes, handler: async () => undefined },
    fetch: (nodeId: number) => {
      calls += 1
      assert.ok(calls < 100, 'it spins')
      return prototype.fetch.call(runner, nodeId)
    },
  })
  const started = manager.start().catch((error: Error) => error.message)
  await setImmediate()
  nodes = [0, 1, 2]
  // The first loop sees that there is a broker more; the second one is waited for.
  fetches[0]?.()
  await setImmediate()
  runner.running = false
  const stopped = manager.stop()
  fetches[1]?.()
  assert.equal(await started, 'the consumer was stopped')
  await stopped
})

test('what a fetch brings is decoded in slices, between which others have their turn', async () => {
  createKafka({ brokers: ['127.0.0.1:9'], clientId: 'test', ssl: false, sasl: undefined, onLog: () => undefined })
  const require = createRequire(import.meta.url)
  const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as Encoding
  const Record = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => object
  const Encoder = require('kafkajs/src/protocol/encoder') as new () => Encoded
  const Decoder = require('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => object
  const decodeMessages = require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages') as (of: object) => Promise<unknown[]>

  const records = Array.from({ length: 500 }, (_, offsetDelta) => Record({ offsetDelta, value: Buffer.from('value') }))
  const { buffer: batch } = await RecordBatch({ lastOffsetDelta: 499, records })
  const { buffer } = new Encoder().writeBytes(Buffer.concat(Array.from({ length: 40 }, () => batch)))

  let turns = 0
  const count = (): void => {
    turns += 1
    counting = globalThis.setImmediate(count)
  }
  let counting = globalThis.setImmediate(count)
  const decoded = await decodeMessages(new Decoder(buffer))
  clearImmediate(counting)
  assert.equal(decoded.length, 20_000)
  assert.ok(turns >= 2, `${turns} turns while 20,000 records were decoded`)
})

test('responses come whole however they are cut, and what they were put together from is given back', () => {
  createKafka({ brokers: ['127.0.0.1:9'], clientId: 'test', ssl: false, sasl: undefined, onLog: () => undefined })
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/connection') as { prototype: object }
  const sizes = [100_000, 20, 300_000, 70_000, 4]
  const stream = Buffer.concat(sizes.map((size, id) => responseOf(id, size)))
  for (const cut of [1_000, 16_384, 40_000, 65_536, 99_999, 170_000, stream.length]) {
    const payloads: Buffer[] = []
    const connection = Object.assign(Object.create(prototype) as { processData(data: Buffer): void }, {
      ...{ chunks: [], bytesBuffered: 0, bytesNeeded: 4, authHandlers: null },
      requestQueue: { fulfillRequest: ({ payload }: { payload: Buffer }) => payloads.push(payload) },
    })
    const chunks: Buffer[] = []
    for (let at = 0; at < stream.length; at += cut) {
      const chunk = Buffer.from(stream.subarray(at, at + cut))
      chunks.push(chunk)
      connection.processData(chunk)
    }
    assert.deepEqual(
      payloads.map((payload, id) => [payload.length, payload.every((byte) => byte === id + 1)]),
      sizes.map((size) => [size, true]),
      `cut by ${cut}`,
    )
    const given = chunks.filter(({ length }) => length === 0).length
    if (cut >= 40_000 && cut < 100_000) assert.ok(given > 1, `${given} of ${chunks.length} cut by ${cut} were given back`)
  }
})

/** Its size, the request's number, and a payload of that many bytes. */
function responseOf(id: number, size: number): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(size + 4)
  head.writeInt32BE(id, 4)
  return Buffer.concat([head, Buffer.alloc(size, id + 1)])
}

interface Encoded {
  readonly buffer: Buffer
  writeBytes(bytes: Buffer): Encoded
}

interface Encoding {
  RecordBatch(batch: object): Promise<Encoded>
}

test('a place that is sought while the broker is asked where the log begins stays, and nothing is said to be out of range', async () => {
  createKafka({ brokers: ['127.0.0.1:9'], clientId: 'test', ssl: false, sasl: undefined, onLog: () => undefined })
  interface OffsetManager {
    seek(to: { topic: string; partition: number; offset: string }): Promise<void>
    setDefaultOffset(of: { topic: string; partition: number }): Promise<void>
    nextOffset(topic: string, partition: number): { toString(): string }
    resolveOffset(of: { topic: string; partition: number; offset: string }): void
  }
  const Manager = createRequire(import.meta.url)('kafkajs/src/consumer/offsetManager') as new (options: object) => OffsetManager
  const asked = Promise.withResolvers<void>()
  const cluster = {
    committedOffsets: () => ({}),
    fetchTopicsOffset: async ([{ fromBeginning }]: [{ fromBeginning: boolean }]) => {
      await asked.promise
      return [{ partitions: [{ offset: fromBeginning ? '50' : '105' }] }]
    },
  }
  const heard: unknown[] = []
  onOutOfRange(cluster, (event) => heard.push(event))
  const manager = new Manager({
    cluster,
    memberAssignment: { a: [0, 1] },
    autoCommit: false,
    topicConfigurations: {},
    groupId: 'g',
  })
  for (const partition of [0, 1]) manager.resolveOffset({ topic: 'a', partition, offset: '9' })
  const reset = [0, 1].map((partition) => manager.setDefaultOffset({ topic: 'a', partition }))
  await manager.seek({ topic: 'a', partition: 1, offset: '100' })
  asked.resolve()
  await Promise.all(reset)
  const places = [0, 1].map((partition) => String(manager.nextOffset('a', partition)))
  assert.deepEqual([heard, places], [[{ topic: 'a', partition: 0, from: 10, low: 50, high: 105 }], ['50', '100']])
})
