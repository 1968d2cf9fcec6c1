import type { Admin } from 'kafkajs'
import { StartError } from '../core/errors.ts'
import type { SourceRecord } from '../core/record.ts'
import type { KafkaConnection } from './client.ts'
import { createKafka } from './client.ts'
import { TopicReader } from './topic-reader.ts'
import { describeTopics } from './topics.ts'
import { connectAdmin } from './way-in.ts'

export interface StoredPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** Of the reading group's name, and whether the topic is one of our own. */
export interface ReadingAs {
  readonly groupId: string
  readonly isOwn: boolean
}

/**
 * One record, read under a group that nobody else knows and that is gone afterwards. Rejects with a StartError where there is none at that
 * place.
 */
export async function readStored(connection: KafkaConnection, place: StoredPlace, as: ReadingAs): Promise<SourceRecord> {
  const admin = await connectAdmin(createKafka(connection), connection)
  try {
    return await readFrom(admin, connection, place, as)
  } finally {
    await admin.disconnect()
  }
}

async function readFrom(
  admin: Admin,
  connection: KafkaConnection,
  place: StoredPlace,
  { groupId: ofSink, isOwn }: ReadingAs,
): Promise<SourceRecord> {
  const { topic, partition, offset } = place
  const partitions = await lookedUp(admin, place)
  const groupId = `${ofSink}.explain.${crypto.randomUUID()}`
  const oldest = async (): Promise<number> => (await boundsOf(admin, place)).low
  const reader = new TopicReader({ kafka: createKafka(connection), groupId, topic, partitions, isOwn, oldest })
  let found: SourceRecord | undefined
  try {
    await reader.join()
    await reader.read([{ partition, start: offset, end: offset + 1 }], async ({ records }) => {
      found ??= records[0]
      return found === undefined
    })
  } finally {
    await reader.leave()
    // It holds nothing: where a broker refuses, the group ends by itself.
    await admin.deleteGroups([groupId]).catch(() => undefined)
  }
  if (found !== undefined) return found
  throw new StartError(`${topic}-${partition}@${offset} holds no record: it was compacted away, or is a transaction's marker`)
}

/** How many partitions the topic has; rejects where the record cannot be there. */
async function lookedUp(admin: Admin, place: StoredPlace): Promise<number> {
  const { topic, partition, offset } = place
  const partitions = (await describeTopics(admin, [topic])).get(topic)
  if (partitions === undefined) throw new StartError(`topic ${topic} not found on the brokers, or hidden from this user`)
  if (partition >= partitions) {
    throw new StartError(`topic ${topic} has no partition ${partition}; it has ${partitions}, counted from 0`)
  }
  const { low, high } = await boundsOf(admin, place)
  if (low === high) throw new StartError(`${topic}-${partition} holds no records`)
  if (offset < low || offset >= high) {
    throw new StartError(`${topic}-${partition} holds no offset ${offset}; it holds ${low} to ${high - 1}`)
  }
  return partitions
}

async function boundsOf(admin: Admin, { topic, partition }: StoredPlace): Promise<{ low: number; high: number }> {
  const found = (await admin.fetchTopicOffsets(topic)).find((each) => each.partition === partition)
  return { low: Number(found?.low ?? 0), high: Number(found?.high ?? 0) }
}
