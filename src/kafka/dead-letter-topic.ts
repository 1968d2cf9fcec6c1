import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin, Producer } from 'kafkajs'
import { StartError } from '../core/errors.ts'
import type { SourceRecord } from '../core/record.ts'
import type { KafkaConnection } from './client.ts'
import { createKafka, createProducer } from './client.ts'
import { historyOf, replayHeaders } from './headers.ts'
import { sendToPartition } from './send.ts'
import type { Stretch } from './topic-reader.ts'
import { SESSION_MS, TopicReader } from './topic-reader.ts'
import { describeTopics } from './topics.ts'
import { connectAdmin } from './way-in.ts'

export interface DeadLetterNames {
  readonly groupId: string
  readonly deadLetter: string
  /** Undefined: nothing is to be put back. */
  readonly tier: string | undefined
}

/** How far a replay came in one partition. */
export interface Remembered {
  readonly offset: number
  /** How many of its records lie behind that offset. */
  readonly replayed: number
}

interface Topic {
  readonly topic: string
  readonly partitions: number
}

const REPLAYED = /^replayed:(\d{1,15})$/
const POLL_MS = 250

/** The dead-letter topic of a group, read once and put back on the group's first retry tier. */
export class DeadLetterTopic {
  readonly topic: string
  readonly #connection: KafkaConnection
  readonly #groupId: string
  readonly #admin: Admin
  readonly #producer: Producer
  readonly #letters: Topic
  readonly #tier: Topic | undefined

  private constructor(parts: {
    connection: KafkaConnection
    groupId: string
    admin: Admin
    producer: Producer
    letters: Topic
    tier: Topic | undefined
  }) {
    this.topic = parts.letters.topic
    this.#connection = parts.connection
    this.#groupId = parts.groupId
    this.#admin = parts.admin
    this.#producer = parts.producer
    this.#letters = parts.letters
    this.#tier = parts.tier
  }

  /** Rejects with a StartError when no broker will let us in or a topic is missing; none is ever made here. */
  static async open(connection: KafkaConnection, names: DeadLetterNames): Promise<DeadLetterTopic> {
    const kafka = createKafka(connection)
    const { groupId, deadLetter, tier } = names
    const admin = await connectAdmin(kafka, connection)
    try {
      const wanted = tier === undefined ? [deadLetter] : [deadLetter, tier]
      const found = await describeTopics(admin, wanted)
      const missing = wanted.filter((topic) => !found.has(topic))
      if (missing.length > 0) {
        const which = missing.join(' and ')
        throw new StartError(`${which} not found on the brokers: run the service once, which makes its own topics, or create it`)
      }
      const topics = wanted.map((topic) => ({ topic, partitions: found.get(topic) ?? 0 }))
      const producer = createProducer(kafka)
      if (tier !== undefined) await producer.connect()
      return new DeadLetterTopic({ connection, groupId, admin, producer, letters: topics[0] as Topic, tier: topics[1] })
    } catch (error) {
      await admin.disconnect()
      throw error
    }
  }

  /** From the oldest record, or the first at or after `since`, to the end as it is now, or the first at or after `until`. */
  async stretches({ since, until }: { since: number | undefined; until: number | undefined }): Promise<Stretch[]> {
    const now = await this.#admin.fetchTopicOffsets(this.topic)
    const [from, to] = await Promise.all([this.#offsetsAt(since), this.#offsetsAt(until)])
    const stretches = now.map(({ partition, low, high }) => ({
      partition,
      start: Math.max(Number(low), from.get(partition) ?? 0),
      end: Math.min(Number(high), to.get(partition) ?? Number.POSITIVE_INFINITY),
    }))
    return stretches.toSorted((a, b) => a.partition - b.partition)
  }

  async remembered(memoryGroup: string): Promise<Map<number, Remembered>> {
    const [found] = await this.#admin.fetchOffsets({ groupId: memoryGroup, topics: [this.topic] })
    const remembered = new Map<number, Remembered>()
    for (const { partition, offset, metadata } of found?.partitions ?? []) {
      // kafkajs commits -1 and -2 of its own accord when it lost its place; neither is a position.
      if (Number(offset) < 0) continue
      const replayed = Number(REPLAYED.exec(metadata ?? '')?.[1] ?? 0)
      remembered.set(partition, { offset: Number(offset), replayed })
    }
    return remembered
  }

  /** Joins the group that remembers a replay. `onWait` is called once if somebody is, or seems to be, in it; rejects if that lasts. */
  async joinMemory(memoryGroup: string, onWait: (seconds: number) => void, signal: AbortSignal): Promise<MemoryReader> {
    // A process that was killed stays a member until its session runs out. One that runs must not be driven out of the group.
    const patienceMs = SESSION_MS * 1.5
    const deadline = performance.now() + patienceMs
    for (let isFirst = true; ; isFirst = false) {
      const { groups } = await this.#admin.describeGroups([memoryGroup])
      const member = groups[0]?.members[0]
      if (member === undefined) break
      if (isFirst) onWait(patienceMs / 1_000)
      if (performance.now() > deadline) {
        throw new StartError(
          `the same replay is running on ${member.clientHost.replace(/^\//, '')} (consumer group ${memoryGroup})`,
        )
      }
      await sleep(POLL_MS, undefined, { signal })
    }
    const reader = this.#reader(memoryGroup)
    try {
      await reader.join()
      return new MemoryReader(reader)
    } catch (error) {
      await reader.leave()
      throw error
    }
  }

  /** Reads under a group that nobody else knows and that is gone afterwards. */
  async readOnce<T>(use: (reader: TopicReader) => Promise<T>): Promise<T> {
    const groupId = `${this.#groupId}.dead-letters.${crypto.randomUUID()}`
    const reader = this.#reader(groupId)
    try {
      await reader.join()
      return await use(reader)
    } finally {
      await reader.leave()
      // It holds nothing: where a broker refuses, the group ends by itself.
      await this.#admin.deleteGroups([groupId]).catch(() => undefined)
    }
  }

  /** Puts dead letters on the first tier, due at once, without their failures. Rejects when any may be missing. */
  async putBack(records: readonly SourceRecord[]): Promise<void> {
    const tier = this.#tier
    if (tier === undefined) throw new Error('bug: opened without a tier')
    const byPartition = Map.groupBy(records, (record) => historyOf(record).origin.partition % tier.partitions)
    for (const [partition, group] of byPartition) {
      const messages = group.map(({ key, value, headers }) => ({
        key: key === null ? null : Buffer.from(key, 'latin1'),
        value,
        headers: replayHeaders(headers),
      }))
      await sendToPartition(this.#producer, tier.topic, partition, messages)
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#producer.disconnect(), this.#admin.disconnect()])
  }

  #reader(groupId: string): TopicReader {
    return new TopicReader({
      kafka: createKafka(this.#connection),
      groupId,
      topic: this.topic,
      partitions: this.#letters.partitions,
      isOwn: true,
      oldest: async (partition) => {
        const offsets = await this.#admin.fetchTopicOffsets(this.topic)
        return Number(offsets.find((each) => each.partition === partition)?.low ?? 0)
      },
    })
  }

  async #offsetsAt(time: number | undefined): Promise<Map<number, number>> {
    if (time === undefined) return new Map()
    const found = await this.#admin.fetchTopicOffsetsByTimestamp(this.topic, time)
    return new Map(found.map(({ partition, offset }) => [partition, Number(offset)]))
  }
}

/** A reader whose group's commits are the memory of a replay. */
export class MemoryReader {
  readonly #reader: TopicReader

  constructor(reader: TopicReader) {
    this.#reader = reader
  }

  read(...args: Parameters<TopicReader['read']>): Promise<void> {
    return this.#reader.read(...args)
  }

  async remember(points: readonly (Remembered & { partition: number })[]): Promise<void> {
    await this.#reader.commit(
      points.map(({ partition, offset, replayed }) => ({ partition, offset, metadata: `replayed:${replayed}` })),
    )
  }

  leave(): Promise<void> {
    return this.#reader.leave()
  }
}
