import { setTimeout as sleep } from 'node:timers/promises'
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import type { ResumePoint } from '../core/offset-runs.ts'
import type { SourceRecord } from '../core/record.ts'
import { encodeOffsetMap } from './offset-map.ts'
import { copyRecord } from './record.ts'
import type { StartPositions } from './start-positions.ts'

export interface ConsumerOptions {
  /** This consumer's own: see createKafka. */
  readonly kafka: Kafka
  readonly groupId: string
  readonly topics: readonly string[]
  /** Whether the topics are ours: then the records' headers tell their history. */
  readonly isOwn: boolean
  readonly starts: StartPositions
  /** False: the group only looks on, and every commit is left out. */
  readonly commits: boolean
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** Of one fetch. */
  readonly maxBytesPerPartition: number
  readonly maxBytesPerFetch: number
  /** How long a fetch waits for records: also how long a resumed partition waits for its first. */
  readonly maxWaitMs: number
  readonly handlers: ConsumerHandlers
}

export interface Fetched {
  readonly topic: string
  readonly partition: number
  readonly records: readonly SourceRecord[]
  /** The offset after the fetch; offsets between the last record and this one hold none. */
  readonly upTo: number
}

/** All of them synchronous: what takes time here stops the fetching from a whole broker. None may throw. */
export interface ConsumerHandlers {
  /** The group was joined; what is handed over before `assigned` must be refused: it may be from the wrong place. */
  rejoining(): void
  assigned(partitions: readonly { topic: string; partition: number; resume: ResumePoint }[]): void
  /** False: not taken over; it will come again. */
  fetched(fetched: Fetched): boolean
  /** The consumer has ended and does not come back. */
  failed(error: unknown): void
}

/** What is not taken over comes again at once, thousands of times a second, unless somebody waits. */
const REFUSED_WAIT_MS = 50
/** kafkajs may hang here when a broker is gone; the process ends anyhow. */
const DISCONNECT_MS = 5_000

/** A consumer group's member. Fetches, hands over, pauses, commits; when and what to commit is decided elsewhere. */
export class GroupConsumer {
  readonly #options: ConsumerOptions
  readonly #consumer: Consumer
  /** Counts the joins: what an earlier one began must not end in a later one. */
  #epoch = 0
  #stopping = false

  constructor(options: ConsumerOptions) {
    this.#options = options
    this.#consumer = options.kafka.consumer({
      groupId: options.groupId,
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: options.rebalanceTimeoutMs,
      heartbeatInterval: Math.min(3_000, options.sessionTimeoutMs / 3),
      maxBytesPerPartition: options.maxBytesPerPartition,
      maxBytes: options.maxBytesPerFetch,
      maxWaitTimeInMs: options.maxWaitMs,
      // Here and not in `new Kafka`, where it is ignored: partitions added later are seen within this time.
      metadataMaxAge: 30_000,
      allowAutoTopicCreation: false,
    })
  }

  /** Resolves once the group is joined. */
  async start(): Promise<void> {
    const { CRASH, GROUP_JOIN } = this.#consumer.events
    // An exception in a listener would end the consumer for good and in silence.
    this.#consumer.on(
      GROUP_JOIN,
      ({ payload }) => void this.#onJoin(payload.memberAssignment).catch(this.#options.handlers.failed),
    )
    this.#consumer.on(CRASH, ({ payload }) => {
      if (!payload.restart && !this.#stopping) this.#options.handlers.failed(payload.error)
    })
    await this.#consumer.connect()
    // Always true, whatever the operator wrote: with false, kafkajs skips to the end whenever it loses its place.
    await this.#consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: true })
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => this.#onBatch(payload),
    })
  }

  pause(topic: string, partition: number): void {
    this.#consumer.pause([{ topic, partitions: [partition] }])
  }

  resume(topic: string, partition: number): void {
    this.#consumer.resume([{ topic, partitions: [partition] }])
  }

  /** The runs go into the commit's metadata, where the partition's next owner finds them. */
  async commit(points: readonly (ResumePoint & { topic: string; partition: number })[]): Promise<void> {
    if (!this.#options.commits) return
    await this.#consumer.commitOffsets(
      points.map(({ topic, partition, offset, runs }) => ({
        topic,
        partition,
        offset: String(offset),
        metadata: encodeOffsetMap(runs),
      })),
    )
  }

  /** Leaves the group. Commit before: afterwards kafkajs drops commits without a word. */
  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.race([this.#consumer.disconnect(), sleep(DISCONNECT_MS, undefined, { ref: false })])
  }

  async #onJoin(assignment: Record<string, number[]>): Promise<void> {
    this.#epoch += 1
    const epoch = this.#epoch
    this.#options.handlers.rejoining()
    // kafkajs keeps pauses over a rebalance, also those of partitions that come back later: nobody would resume them.
    this.#consumer.resume(this.#consumer.paused())
    const positions = await this.#options.starts.of(new Map(Object.entries(assignment)))
    const starts = positions.filter(({ isNew }) => isNew)
    if (epoch !== this.#epoch || this.#stopping) return
    for (const { topic, partition, offset } of starts) this.#consumer.seek({ topic, partition, offset: String(offset) })
    // A new group's beginning is made durable at once: after a crash `latest` would otherwise mean a later end.
    // A refusal means that the next join is on its way, which tries again.
    if (starts.length > 0) await this.commit(starts).catch(() => undefined)
    if (epoch !== this.#epoch || this.#stopping) return
    this.#options.handlers.assigned(
      positions.map(({ topic, partition, offset, runs }) => ({ topic, partition, resume: { offset, runs } })),
    )
  }

  async #onBatch({ batch, resolveOffset, isRunning, isStale }: EachBatchPayload): Promise<void> {
    if (isStale() || !isRunning()) return
    try {
      const { topic, partition } = batch
      const last = batch.lastOffset()
      const place = { topic, partition, isOwn: this.#options.isOwn }
      const records = batch.messages.map((message) => copyRecord(message, place))
      if (this.#options.handlers.fetched({ topic, partition, records, upTo: Number(last) + 1 })) {
        resolveOffset(last)
        return
      }
    } catch (error) {
      // kafkajs would retry some errors and die of others without a word.
      this.#options.handlers.failed(error)
    }
    await sleep(REFUSED_WAIT_MS)
  }
}
