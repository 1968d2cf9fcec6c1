/** What the demo, the benchmark and the tests do to a broker and a registry: make topics, register, produce, read back. */
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import type { Admin, Kafka, Producer } from 'kafkajs'
import kafkajs from 'kafkajs'
import { createKafka } from '../kafka/client.ts'
import { createTopics } from '../kafka/topics.ts'
import type { Stack } from './stack.ts'

export interface Message {
  readonly partition: number
  readonly key: string | null
  readonly value: Buffer | null
  readonly headers?: Readonly<Record<string, string>>
}

export interface Stored {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
}

/** A schema of another subject. */
export interface Reference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** For a registry that was just asked something else. */
const ANSWER_MS = 10_000

export class Cluster {
  readonly stack: Stack
  readonly admin: Admin
  readonly #kafka: Kafka
  readonly #producer: Producer

  private constructor(stack: Stack, kafka: Kafka) {
    this.stack = stack
    this.#kafka = kafka
    this.admin = kafka.admin()
    this.#producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, allowAutoTopicCreation: false })
  }

  static async connect(stack: Stack): Promise<Cluster> {
    const kafka = createKafka({
      brokers: stack.brokers,
      clientId: 'cluster',
      ssl: false,
      sasl: undefined,
      onLog: () => undefined,
    })
    const cluster = new Cluster(stack, kafka)
    await cluster.admin.connect()
    await cluster.#producer.connect()
    return cluster
  }

  async close(): Promise<void> {
    await this.#producer.disconnect()
    await this.admin.disconnect()
  }

  /** `settings`: the topic's own, by their names on the broker. */
  async createTopic(
    topic: string,
    numPartitions: number,
    settings: Readonly<Record<string, string>> = {},
    replicationFactor = 1,
  ): Promise<void> {
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
    await createTopics(this.admin, [{ topic, numPartitions, replicationFactor, configEntries }])
  }

  /** The node that leads each partition; -1: none at the moment. */
  async leaders(topic: string): Promise<number[]> {
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [topic] })
    const leaders: number[] = []
    for (const { partitionId, leader } of topics[0]?.partitions ?? []) leaders[partitionId] = leader
    return leaders
  }

  /** Returns the registry's id. */
  async register(subject: string, schema: object, references: readonly Reference[] = []): Promise<number> {
    const registry = new SchemaRegistry({ host: this.stack.registryUrl })
    const { id } = await registry.register(
      { type: SchemaType.AVRO, schema: JSON.stringify(schema), references: [...references] },
      { subject, compatibility: 'NONE' as never },
    )
    return id
  }

  /** A record that others are to refer to by its full name; the registry says which version of the subject it is. */
  async registerReferred(
    name: string,
    subject: string,
    schema: object,
    references: readonly Reference[] = [],
  ): Promise<Reference> {
    await this.register(subject, schema, references)
    const response = await fetch(`${this.stack.registryUrl}/subjects/${encodeURIComponent(subject)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(schema), references }),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    if (!response.ok) throw new Error(`the registry answers ${response.status} to a look for subject ${subject}`)
    const { version } = (await response.json()) as { version: number }
    return { name, subject, version }
  }

  /** In order within each partition; one partition a send, since kafkajs loses records of a send over several when a leader moves. */
  async produce(topic: string, messages: readonly Message[]): Promise<void> {
    for (const group of Map.groupBy(messages, (message) => message.partition).values()) {
      for (let at = 0; at < group.length; at += 500) {
        await this.#producer.send({ topic, messages: group.slice(at, at + 500) })
      }
    }
  }

  /** The offsets that the group has committed, by partition; -1: none. */
  async committed(groupId: string, topic: string): Promise<number[]> {
    const [found] = await this.admin.fetchOffsets({ groupId, topics: [topic] })
    const offsets: number[] = []
    for (const { partition, offset } of found?.partitions ?? []) offsets[partition] = Number(offset)
    return offsets
  }

  async ends(topic: string): Promise<number[]> {
    const ends: number[] = []
    for (const { partition, high } of await this.admin.fetchTopicOffsets(topic)) ends[partition] = Number(high)
    return ends
  }

  /** All records of the topic, up to its ends as they are now. */
  async readAll(topic: string): Promise<Stored[]> {
    const ends = await this.ends(topic)
    const total = ends.reduce((sum, end) => sum + end, 0)
    const records: Stored[] = []
    if (total === 0) return records
    const consumer = this.#kafka.consumer({ groupId: `reader-${topic}-${crypto.randomUUID()}`, maxWaitTimeInMs: 50 })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    const { promise, resolve } = Promise.withResolvers<void>()
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)])
        const offset = Number(message.offset)
        if (offset < (ends[partition] ?? 0)) {
          const { value } = message
          const key = message.key === null ? null : String(message.key)
          records.push({
            partition,
            offset,
            timestamp: Number(message.timestamp),
            key,
            value,
            headers: Object.fromEntries(headers),
          })
        }
        if (records.length === total) resolve()
      },
    })
    await promise
    await consumer.disconnect()
    return records
  }
}
