/**
 * What a good engineer writes in an afternoon: eachBatch, decode by schema id, 20 to a request, all requests of a batch in parallel,
 * commit at the end of the batch. It promises nothing: one failed request ends it, a crash sends a batch again, a key's events may
 * overtake each other, nothing is validated. It is here to say what the promises of the sink cost.
 */
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import type { Type } from 'avsc'
import kafkajs from 'kafkajs'
import { Pool } from 'undici'
import { TOPIC } from './events.ts'

const {
  BENCH_BROKER: broker = '',
  BENCH_GROUP: groupId = '',
  BENCH_REGISTRY: registryUrl = '',
  BENCH_TRACKER: tracker = '',
} = process.env
const MAX_EVENTS = 20
const GENDERS: Readonly<Record<string, number>> = { MALE: 1, FEMALE: 2 }

interface OrderPaid {
  orderId: string
  userId: string
  paidAt: number
  gender: string
  age: number | null
  clientIp: string | null
  amount: number
  currency: string
  items: number
}

const registry = new SchemaRegistry({ host: registryUrl })
const types = new Map<number, Type>()
const pool = new Pool(tracker, { connections: 64, pipelining: 1 })

async function typeOf(id: number): Promise<Type> {
  let type = types.get(id)
  if (type === undefined) {
    type = (await registry.getSchema(id)) as Type
    types.set(id, type)
  }
  return type
}

function hitOf(order: OrderPaid): object {
  return {
    customUserId: order.userId,
    customEventName: 'orderPaid',
    eventTimestamp: Math.floor(order.paidAt / 1_000),
    idGender: GENDERS[order.gender] ?? 0,
    age: order.age ?? undefined,
    ipv4: order.clientIp ?? undefined,
    customEventParams: {
      orderId: order.orderId,
      amount: String(order.amount),
      currency: order.currency,
      items: String(order.items),
    },
  }
}

async function post(hits: readonly object[]): Promise<void> {
  const { statusCode, body } = await pool.request({
    path: '/v1/customEventBatch/?idApp=666',
    method: 'POST',
    headers: { authorization: 'bench-token', 'content-type': 'application/json' },
    body: JSON.stringify(hits),
  })
  await body.dump()
  if (statusCode !== 200) throw new Error(`status ${statusCode}`)
}

const kafka = new kafkajs.Kafka({ brokers: [broker], clientId: 'baseline', logLevel: kafkajs.logLevel.NOTHING })
const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 })
await consumer.connect()
await consumer.subscribe({ topics: [TOPIC], fromBeginning: true })
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch }) => {
    const hits: object[] = []
    for (const { value } of batch.messages) {
      if (value === null) continue
      const type = types.get(value.readUInt32BE(1)) ?? (await typeOf(value.readUInt32BE(1)))
      hits.push(hitOf(type.fromBuffer(value.subarray(5)) as OrderPaid))
    }
    const posts: Promise<void>[] = []
    for (let at = 0; at < hits.length; at += MAX_EVENTS) posts.push(post(hits.slice(at, at + MAX_EVENTS)))
    await Promise.all(posts)
    await consumer.commitOffsets([
      { topic: batch.topic, partition: batch.partition, offset: String(Number(batch.lastOffset()) + 1) },
    ])
  },
})
