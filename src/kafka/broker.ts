import type { Admin, Producer } from 'kafkajs'
import kafkajs from 'kafkajs'
import type { KafkaConnection } from './client.ts'
import { createKafka } from './client.ts'
import type { SideTopics } from './producer.ts'
import { SideExitProducer } from './producer.ts'
import type { StartFrom } from './start-positions.ts'
import { StartPositions } from './start-positions.ts'
import { describeSources, ensureTopics, largestMessageBytes, ownTopics } from './topics.ts'

export interface GroupTopics {
  readonly groupId: string
  readonly sources: readonly string[]
  /** The retry tiers by name, with their delay. */
  readonly tiers: readonly { readonly name: string; readonly delayMs: number }[]
  readonly create: boolean
  /** Of a topic that is made; undefined: the most any source has. */
  readonly partitions: number | undefined
  /** -1: the broker's default. */
  readonly replicationFactor: number
  readonly retryRetentionMs: number
  readonly deadLetterRetentionMs: number
}

/** Room for the headers that a parked record gains. */
const HEADER_ROOM_BYTES = 65_536

/** Everything of the brokers but the consumer: the topics, the positions to start from, and the way out by the side. */
export class Broker {
  readonly #admin: Admin
  readonly #producer: Producer

  private constructor(admin: Admin, producer: Producer) {
    this.#admin = admin
    this.#producer = producer
  }

  /** Rejects when no broker can be reached or the credentials are refused. */
  static async connect(connection: KafkaConnection): Promise<Broker> {
    const kafka = createKafka(connection)
    const admin = kafka.admin()
    // Not idempotent: after a rejected send an idempotent kafkajs producer can swallow the next one as a duplicate.
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      idempotent: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      metadataMaxAge: 30_000,
    })
    await admin.connect()
    await producer.connect()
    return new Broker(admin, producer)
  }

  /** Checks the sources and makes what is missing of the group's own topics. Rejects with a StartError where the operator must act. */
  async sideExit(topics: GroupTopics): Promise<SideExitProducer> {
    const sources = await describeSources(this.#admin, topics.sources)
    const own = ownTopics(
      topics.groupId,
      topics.tiers.map(({ name }) => name),
    )
    const plans = [
      ...own.tiers.map((topic) => ({ topic, retentionMs: topics.retryRetentionMs })),
      { topic: own.deadLetter, retentionMs: topics.deadLetterRetentionMs },
    ]
    const counts = await ensureTopics(this.#admin, plans, {
      create: topics.create,
      partitions: topics.partitions ?? Math.max(...sources.values()),
      replicationFactor: topics.replicationFactor,
      maxMessageBytes: async () => (await largestMessageBytes(this.#admin, topics.sources)) + HEADER_ROOM_BYTES,
    })
    const partitionsOf = (topic: string): number => counts.get(topic) ?? 1
    const tier = own.tiers[0] as string
    const side: SideTopics = {
      tier: { topic: tier, partitions: partitionsOf(tier), delayMs: topics.tiers[0]?.delayMs ?? 0 },
      deadLetter: { topic: own.deadLetter, partitions: partitionsOf(own.deadLetter) },
    }
    return new SideExitProducer(this.#producer, side)
  }

  startPositions(group: { groupId: string; topics: readonly string[]; startFrom: StartFrom }): Promise<StartPositions> {
    return StartPositions.resolve({ admin: this.#admin, ...group })
  }

  async close(): Promise<void> {
    await Promise.all([this.#producer.disconnect(), this.#admin.disconnect()])
  }
}
