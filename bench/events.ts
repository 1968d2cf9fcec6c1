/** The events of the benchmark: about 200 bytes each, the size that ordinary domain events have. */

import avro from 'avsc'
import type { Message } from '../src/stack/cluster.ts'
import { Cluster } from '../src/stack/cluster.ts'
import type { Stack } from '../src/stack/stack.ts'

export const TOPIC = 'bench.orders'
const PARTITIONS = 6
/** Distinct keys: enough that order by key costs what it costs in life, few enough that keys do meet. */
const USERS = 10_000
/** Events made before they are written. */
const CHUNK = 30_000

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

/** Registers the schema, makes the topic and loads `count` events into it. */
export async function loadEvents(stack: Stack, count: number, report: (line: string) => void): Promise<void> {
  const startedAt = performance.now()
  const cluster = await Cluster.connect(stack)
  const encode = encoder(await cluster.register(`${TOPIC}-value`, schema))
  await cluster.createTopic(TOPIC, PARTITIONS)
  for (let number = 0; number < count; ) {
    const messages: Message[] = []
    for (; messages.length < CHUNK && number < count; number += 1) {
      const user = (number * 7919) % USERS
      messages.push({ partition: user % PARTITIONS, key: `user-${user}`, value: encode(number, user) })
    }
    await cluster.produce(TOPIC, messages)
    report(`loading: ${number} of ${count} events`)
  }
  await cluster.close()
  report(`loaded ${count} events in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`)
}

function encoder(schemaId: number): (number: number, user: number) => Buffer {
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
        comment: 'leave it with the neighbour on the second floor, please ring twice',
      }),
    ])
}
