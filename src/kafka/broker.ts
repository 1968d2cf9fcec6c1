import type { Admin, Producer } from 'kafkajs'
import type { KafkaConnection } from './client.ts'
import { createKafka, createProducer } from './client.ts'
import { PartitionEnds } from './partition-ends.ts'
import type { SideTopics } from './producer.ts'
import { SideExitProducer } from './producer.ts'
import type { StartFrom } from './start-positions.ts'
import { StartPositions } from './start-positions.ts'
import { checkSources, describeTopics, ensureTopics, forgottenTiers, largestMessageBytes, partitionsOf } from './topics.ts'
import { connectAdmin } from './way-in.ts'

/** What the operator wants of the group's topics; times in milliseconds. */
export interface WantedTopics {
  readonly sources: readonly string[]
  readonly own: SideTopics
  readonly createTopics: boolean
  /** Of a topic that is made; left out: the most any source has. */
  readonly partitions?: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
  /** Of a retry topic. */
  readonly retention: number
  readonly deadLetterRetention: number
}

/** Room for the headers that a parked record gains. */
export const HEADER_ROOM_BYTES = 65_536

/** Everything of the brokers but the consumer: the topics, the positions to start from, and the way out by the side. */
export class Broker {
  readonly #admin: Admin
  readonly #producer: Producer
  readonly #ends: PartitionEnds[] = []

  private constructor(admin: Admin, producer: Producer) {
    this.#admin = admin
    this.#producer = producer
  }

  /** Rejects when no broker can be reached, with a StartError when none will let us in. Nothing stays connected then. */
  static async connect(connection: KafkaConnection): Promise<Broker> {
    const kafka = createKafka(connection)
    const admin = await connectAdmin(kafka, connection)
    const producer = createProducer(kafka)
    try {
      await producer.connect()
      return new Broker(admin, producer)
    } catch (error) {
      await admin.disconnect()
      throw error
    }
  }

  /** Partition counts of the sources. Rejects with a StartError that names those that are missing. */
  async sources(topics: readonly string[]): Promise<Map<string, number>> {
    const found = await describeTopics(this.#admin, topics)
    checkSources(topics, found)
    return found
  }

  /** Checks the sources and makes what is missing of the group's own topics. Rejects with a StartError where the operator must act. */
  async sideExit(wanted: WantedTopics): Promise<SideExitProducer> {
    const { own, sources } = wanted
    const found = await this.sources(sources)
    const plans = [
      ...own.tiers.map(({ topic }) => ({ topic, retentionMs: wanted.retention })),
      { topic: own.deadLetter, retentionMs: wanted.deadLetterRetention },
    ]
    await ensureTopics(this.#admin, plans, {
      create: wanted.createTopics,
      partitions: wanted.partitions ?? Math.max(...found.values()),
      replicationFactor: wanted.replicationFactor,
      maxMessageBytes: async () => (await largestMessageBytes(this.#admin, sources)) + HEADER_ROOM_BYTES,
    })
    return new SideExitProducer({
      producer: this.#producer,
      topics: own,
      partitionsOf: (topic) => partitionsOf(this.#admin, topic),
    })
  }

  /** Retry topics of the group that hold records which nobody will read, since they are no longer configured. */
  async forgottenTiers(groupId: string, { tiers }: SideTopics): Promise<{ topic: string; records: number }[]> {
    const configured = tiers.map(({ topic }) => topic)
    return await forgottenTiers(this.#admin, groupId, configured)
  }

  startPositions(group: { groupId: string; topics: readonly string[]; startFrom: StartFrom }): Promise<StartPositions> {
    return StartPositions.resolve({ admin: this.#admin, ...group })
  }

  /** Looked at from now on until this is closed. */
  ends(topics: readonly string[], now: () => number): PartitionEnds {
    const ends = new PartitionEnds({ admin: this.#admin, topics, now })
    this.#ends.push(ends)
    ends.start()
    return ends
  }

  async close(): Promise<void> {
    for (const ends of this.#ends) ends.stop()
    await Promise.all([this.#producer.disconnect(), this.#admin.disconnect()])
  }
}
