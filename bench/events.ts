/** The events of the benchmarks: about 200 bytes each, the size that ordinary domain events have, unless their comment is a longer one. */

import avro from 'avsc'
import type { Message } from '../src/stack/cluster.ts'
import { Cluster } from '../src/stack/cluster.ts'
import type { Stack } from '../src/stack/stack.ts'

export const TOPIC = 'bench.orders'
/** Distinct keys: enough that order by key costs what it costs in life, few enough that keys do meet. */
const USERS = 10_000
/** Of the events that are made before they are written: and of a record batch of 500, which a broker takes up to about a megabyte. */
const CHUNK_EVENTS = 30_000
const BATCH_BYTES = 800_000
const COMMENT = 'leave it with the neighbour on the second floor, please ring twice'

const schema = {
  type: 'record',
  name: 'OrderPaid',
  namespace: 'com.bench',
  fields: [
    { name: 'orderId', type: { type: 'string', logicalType: 'uuid' } },
    { name: 'userId', type: 'string' },
    { name: 'paidAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'gender', type: { type: 'enum', name: 'Gender', symbols: ['UNKNOWN', 'MALE', 'FEMALE'] } },
    { name: 'age', type: ['null', 'int'], default: null },
    { name: 'clientIp', type: ['null', 'string'], default: null },
    { name: 'amount', type: 'double' },
    { name: 'currency', type: 'string' },
    { name: 'items', type: 'int' },
    { name: 'coupon', type: ['null', 'string'], default: null },
    { name: 'warehouse', type: 'string' },
    { name: 'comment', type: 'string' },
  ],
} as const

export interface Load {
  readonly topic: string
  readonly partitions: number
  readonly count: number
  /** Of each event's comment, which no mapping asks for; left out: a short one. */
  readonly commentBytes?: number
}

/** Registers the schema, makes the topic and loads the events into it. */
export async function loadEvents(stack: Stack, load: Load, report: (line: string) => void): Promise<void> {
  const { topic, partitions, count, commentBytes = COMMENT.length } = load
  const startedAt = performance.now()
  const cluster = await Cluster.connect(stack)
  const encode = encoder(await cluster.register(`${topic}-value`, schema), COMMENT.padEnd(commentBytes, '. '))
  const chunk = commentBytes * 500 > BATCH_BYTES ? Math.floor(BATCH_BYTES / commentBytes) : CHUNK_EVENTS
  await cluster.createTopic(topic, partitions)
  for (let number = 0, told = 0; number < count; ) {
    const messages: Message[] = []
    for (; messages.length < chunk && number < count; number += 1) {
      const user = (number * 7919) % USERS
      messages.push({ partition: user % partitions, key: `user-${user}`, value: encode(number, user) })
    }
    await cluster.produce(topic, messages)
    if (number < told + count / 10) continue
    report(`loading: ${number} of ${count} events`)
    told = number
  }
  await cluster.close()
  report(`loaded ${count} events in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`)
}

function encoder(schemaId: number, comment: string): (number: number, user: number) => Buffer {
  const type = avro.Type.forSchema(schema as never)
  const header = Buffer.alloc(5)
  header.writeUInt32BE(schemaId, 1)
  const genders = ['UNKNOWN', 'MALE', 'FEMALE'] as const
  return (number, user) =>
    Buffer.concat([
      header,
      type.toBuffer({
        orderId: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
        userId: `user-${user}`,
        paidAt: 1_750_000_000_000 + number,
        gender: genders[number % 3],
        age: number % 4 === 0 ? null : 18 + (number % 60),
        clientIp: `10.${number % 200}.${user % 250}.7`,
        amount: (number % 10_000) / 100,
        currency: 'EUR',
        items: 1 + (number % 9),
        coupon: number % 5 === 0 ? `SPRING-${number % 97}` : null,
        warehouse: `warehouse-${number % 12}`,
        comment,
      }),
    ])
}
