import { setTimeout as sleep } from 'node:timers/promises'
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import type { ResumePoint } from '../core/offset-runs.ts'
import type { SourceRecord } from '../core/record.ts'
import type { Point } from './membership.ts'
import { Membership } from './membership.ts'
import { copyRecord } from './record.ts'
import type { OutOfRange } from './repairs.ts'
import type { Position, StartPositions } from './start-positions.ts'

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
  /** The partition's end, as the broker told with the fetch; undefined: it told none. */
  readonly end: number | undefined
}

/** What takes time here stops the fetching from a whole broker. None may throw. */
export interface ConsumerHandlers {
  /**
   * Partitions are about to be dealt out anew. Until `assigned`, what is handed over must be refused: it may be from the wrong place. The
   * join waits for the promise, which should be settled by then: the session ends while nobody speaks to the coordinator. Not called
   * before the first join.
   */
  revoking(withinMs: number): Promise<void>
  assigned(partitions: readonly { topic: string; partition: number; resume: ResumePoint; isSameMember: boolean }[]): void
  /** False: not taken over; it will come again. */
  fetched(fetched: Fetched): boolean
  /** A fetch has ended, whether it brought anything or not: the loop moves. */
  moved?(): void
  /**
   * Reading goes on at the log's start, `to`, since the log does not hold `from`: below `to` it has expired, above it the log is another
   * one; a negative `from` was committed, and is no offset.
   */
  recordsMissed?(event: { topic: string; partition: number; from: number; to: number }): void
  /** A commit's metadata is not ours, and was ignored. */
  metadataIgnored?(place: { topic: string; partition: number }): void
  /** A commit's metadata could not keep all that was done behind it. */
  metadataCut?(place: { topic: string; partition: number }): void
  /** The consumer has ended and does not come back. */
  failed(error: unknown): void
}

/** What is not taken over comes again at once, thousands of times a second, unless somebody waits. */
const REFUSED_WAIT_MS = 50
/** With several brokers there are several joins in a row; the partitions are handed out once the last of them is over. */
const JOINS_APART_MS = 300
/** kafkajs may hang here when a broker is gone; the process ends anyhow. */
const DISCONNECT_MS = 5_000

/** A consumer group's member. Fetches, hands over, pauses, commits; when and what to commit is decided elsewhere. */
export class GroupConsumer {
  readonly #options: ConsumerOptions
  readonly #consumer: Consumer
  readonly #membership: Membership
  /** Counts the joins: what an earlier one began must not end in a later one. */
  #epoch = 0
  /** That whose partitions were handed out. */
  #assignedEpoch = 0
  #stopping = false
  /** Partitions whose position the log did not hold before they were handed out. */
  readonly #early = new Set<string>()
  /** Partitions that were told where to read on while they were handed out: they stay. */
  readonly #staying = new Set<string>()
  /** What was said of each partition. */
  readonly #missedUpTo = new Map<string, number>()
  /** As it was when partitions were last handed out. */
  #memberId: string | undefined
  /** What all joins at once wait for. */
  #revoking: Promise<void> | undefined
  /** Rings when a join takes too long. */
  #joining: NodeJS.Timeout | undefined

  constructor(options: ConsumerOptions) {
    this.#options = options
    this.#membership = new Membership({
      groupId: options.groupId,
      topics: options.topics,
      beforeJoin: () => this.#beforeJoin(),
      outOfRange: (event) => this.#onOutOfRange(event),
      metadataCut: (place) => options.handlers.metadataCut?.(place),
    })
    this.#consumer = options.kafka.consumer({
      groupId: options.groupId,
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: options.rebalanceTimeoutMs,
      heartbeatInterval: Math.min(3_000, options.sessionTimeoutMs / 3),
      maxBytesPerPartition: options.maxBytesPerPartition,
      maxBytes: options.maxBytesPerFetch,
      maxWaitTimeInMs: options.maxWaitMs,
      // Here and not in `new Kafka`, where it is ignored: partitions added later are seen within this time.
      metadataMaxAge: 10_000,
      allowAutoTopicCreation: false,
      partitionAssigners: [this.#membership.assigner],
    })
  }

  /** Resolves once the group is joined. */
  async start(): Promise<void> {
    const { CRASH, FETCH, GROUP_JOIN, START_BATCH_PROCESS } = this.#consumer.events
    // An exception in a listener would end the consumer for good and in silence.
    this.#consumer.on(
      GROUP_JOIN,
      ({ payload }) => void this.#onJoin(payload.memberAssignment).catch(this.#options.handlers.failed),
    )
    this.#consumer.on(FETCH, () => this.#options.handlers.moved?.())
    this.#consumer.on(CRASH, ({ payload }) => {
      if (!payload.restart && !this.#stopping) this.#options.handlers.failed(payload.error)
    })
    this.#consumer.on(START_BATCH_PROCESS, ({ payload: { batchSize, topic, partition, lastOffset } }) => {
      // Nothing but transaction markers and what was aborted: kafkajs passes over it, and eachBatch never hears of it.
      if (batchSize === 0) this.#passOver(topic, partition, Number(lastOffset) + 1)
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

  seek(topic: string, partition: number, offset: number): void {
    this.#staying.add(`${topic}/${partition}`)
    this.#consumer.seek({ topic, partition, offset: String(offset) })
  }

  /** The runs go into the commit's metadata, where the partition's next owner finds them. */
  async commit(points: readonly Point[]): Promise<void> {
    // The member has left, or is about to: the partitions may be somebody else's.
    if (!this.#options.commits || this.#stopping) return
    await this.#membership.commit(points)
    this.#options.starts.committed(points)
  }

  /** Leaves the group. Commit before: afterwards commits are left out. */
  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#joining)
    await Promise.race([this.#consumer.disconnect(), sleep(DISCONNECT_MS, undefined, { ref: false })])
  }

  async #beforeJoin(): Promise<void> {
    // Never joined, so nothing to let go of.
    if (this.#epoch === 0 || this.#stopping) return
    const { handlers, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options
    clearTimeout(this.#joining)
    this.#revoking ??= handlers.revoking(sessionTimeoutMs / 2)
    await this.#revoking
    // Until it has joined, this member takes nothing in. Should kafkajs go on without joining, nobody would ever notice.
    const stuck = (): void => handlers.failed(new Error(`the group ${this.#options.groupId} could not be joined again`))
    this.#joining = setTimeout(stuck, rebalanceTimeoutMs + 2 * sessionTimeoutMs).unref()
  }

  async #onJoin(assignment: Record<string, number[]>): Promise<void> {
    this.#epoch += 1
    this.#early.clear()
    const epoch = this.#epoch
    const isOver = (): boolean => epoch !== this.#epoch || this.#stopping
    this.#revoking = undefined
    clearTimeout(this.#joining)
    // kafkajs keeps pauses over a rebalance, also those of partitions that come back later: nobody would resume them.
    this.#consumer.resume(this.#consumer.paused())
    if (epoch > 1) await sleep(JOINS_APART_MS)
    if (isOver()) return
    const { memberId } = this.#membership
    const positions = await this.#options.starts.of(new Map(Object.entries(assignment)))
    const starts = positions.filter(({ isNew }) => isNew)
    if (isOver()) return
    for (const { topic, partition, offset } of starts) this.seek(topic, partition, offset)
    // A new group's beginning is made durable at once: after a crash `latest` would otherwise mean a later end.
    // A refusal means that the next join is on its way, which tries again.
    if (starts.length > 0) await this.commit(starts).catch(() => undefined)
    if (isOver()) return
    const isSameMember = memberId === this.#memberId
    this.#memberId = memberId
    this.#assignedEpoch = epoch
    this.#staying.clear()
    this.#options.handlers.assigned(
      positions.map(({ topic, partition, offset, runs, isNew }) => {
        // What is open stands in another log, should the offsets be the same.
        return { topic, partition, resume: { offset, runs }, isSameMember: isSameMember && !isNew }
      }),
    )
    for (const position of positions) this.#tell(position)
  }

  /** What is committed is not always what can be gone on from. */
  #tell({ topic, partition, offset, missed, isForeign, isNew }: Position): void {
    const { handlers } = this.#options
    const name = `${topic}/${partition}`
    if (isForeign) handlers.metadataIgnored?.({ topic, partition })
    // It has what lies behind the commit, and reads on from further ahead.
    if (this.#staying.has(name)) return
    // Expired between the look at the log and now: read from there again, it is out of range again, and heard.
    if (missed === undefined && this.#early.has(name)) this.seek(topic, partition, offset)
    if (missed === undefined) return
    if (isNew) {
      this.#missedUpTo.delete(name)
      handlers.recordsMissed?.({ topic, partition, ...missed })
      return
    }
    this.#report({ topic, partition, ...missed })
    this.seek(topic, partition, missed.to)
    this.#passOver(topic, partition, missed.to)
  }

  #onOutOfRange({ topic, partition, from, low, high }: OutOfRange): void {
    const { handlers } = this.#options
    // Until the partitions are handed out, positions are kafkajs's own; the start positions see to it.
    if (this.#assignedEpoch !== this.#epoch) this.#early.add(`${topic}/${partition}`)
    if (this.#assignedEpoch !== this.#epoch || this.#stopping) return
    if (from > high) {
      // What is open stands in a log that is gone, and offsets that come again would pass for done.
      handlers.failed(
        new Error(`the log of ${topic}-${partition} ends at ${high}, before ${from}: it was truncated or made anew`),
      )
      return
    }
    this.#report({ topic, partition, from, to: low })
    this.#passOver(topic, partition, low)
  }

  /** Once: a fetch from there may be under way still, and the commit stays behind until something is committed. */
  #report(missed: { topic: string; partition: number; from: number; to: number }): void {
    const name = `${missed.topic}/${missed.partition}`
    if (this.#missedUpTo.get(name) === missed.to) return
    this.#missedUpTo.set(name, missed.to)
    this.#options.handlers.recordsMissed?.(missed)
  }

  /** Up to there is nothing to read. */
  #passOver(topic: string, partition: number, upTo: number): void {
    try {
      this.#options.handlers.fetched({ topic, partition, records: [], upTo, end: undefined })
    } catch (error) {
      this.#options.handlers.failed(error)
    }
  }

  async #onBatch({ batch, resolveOffset, isRunning, isStale }: EachBatchPayload): Promise<void> {
    if (isStale() || !isRunning()) return
    try {
      const { topic, partition } = batch
      const last = batch.lastOffset()
      const place = { topic, partition, isOwn: this.#options.isOwn }
      const records = batch.messages.map((message) => copyRecord(message, place))
      const end = Number(batch.highWatermark)
      if (this.#options.handlers.fetched({ topic, partition, records, upTo: Number(last) + 1, end })) {
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
