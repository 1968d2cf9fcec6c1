import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import type { Batch, Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import type { Point } from './membership.ts'
import { Membership } from './membership.ts'
import type { OutOfRange } from './repairs.ts'

export interface SessionOptions {
  /** Makes one for each session: see createKafka. */
  readonly kafka: () => Kafka
  readonly groupId: string
  readonly topics: readonly string[]
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** Of one fetch. */
  readonly maxBytesPerPartition: number
  readonly maxBytesPerFetch: number
  /** How long a fetch waits for records: also how long a resumed partition waits for its first. */
  readonly maxWaitMs: number
}

/** What kafkajs tells. None may throw: an exception in a listener would end its consumer for good and in silence. */
export interface SessionHandlers {
  /** The join waits for it. */
  beforeJoin(): Promise<void>
  joined(assignment: Record<string, number[]>): void
  /** A fetch has ended. */
  moved(): void
  /** False: not taken over; it will come again. */
  batch(batch: Batch): boolean
  /** Up to there is nothing to read: nothing but transaction markers and what was aborted, of which `batch` never hears. */
  passedOver(topic: string, partition: number, upTo: number): void
  outOfRange(event: OutOfRange): void
  metadataCut(place: { topic: string; partition: number }): void
}

/** What is not taken over comes again at once, thousands of times a second, unless somebody waits. */
const REFUSED_WAIT_MS = 50

/**
 * One consumer of kafkajs, from its making to its end, which is for good: kafkajs starts nothing anew by itself. Once it is over it tells
 * nothing, joins nothing and commits nothing, whatever kafkajs is still about to do.
 */
export class Session {
  readonly #topics: readonly string[]
  readonly #handlers: SessionHandlers
  readonly #consumer: Consumer
  readonly #membership: Membership
  readonly #end = Promise.withResolvers<unknown>()
  #isOver = false
  /** What kafkajs does to get into the group, which it cannot be called back from. */
  #arriving: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined
  /** What waits for an answer, and need not any more once the session has failed. */
  readonly #waiting = new Set<(error: unknown) => void>()

  constructor(options: SessionOptions, handlers: SessionHandlers) {
    this.#topics = options.topics
    this.#handlers = handlers
    this.#membership = new Membership({
      groupId: options.groupId,
      beforeJoin: () => handlers.beforeJoin(),
      outOfRange: (event) => this.#tell(() => handlers.outOfRange(event)),
      metadataCut: (place) => this.#tell(() => handlers.metadataCut(place)),
    })
    this.#consumer = options.kafka().consumer({
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
      // A consumer that starts anew by itself also does so after it was disconnected.
      retry: { restartOnFailure: async () => false },
    })
    this.#listen()
  }

  #listen(): void {
    const { CRASH, FETCH, GROUP_JOIN, START_BATCH_PROCESS } = this.#consumer.events
    this.#consumer.on(GROUP_JOIN, ({ payload }) => this.#tell(() => this.#handlers.joined(payload.memberAssignment)))
    this.#consumer.on(FETCH, () => this.#tell(() => this.#handlers.moved()))
    this.#consumer.on(CRASH, ({ payload }) => this.fail(payload.error))
    this.#consumer.on(START_BATCH_PROCESS, ({ payload: { batchSize, topic, partition, lastOffset } }) => {
      if (batchSize === 0) this.#tell(() => this.#handlers.passedOver(topic, partition, Number(lastOffset) + 1))
    })
  }

  #tell(what: () => void): void {
    if (!this.#isOver) what()
  }

  /** Resolves with the reason when the session is over. */
  get over(): Promise<unknown> {
    return this.#end.promise
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Rejects when no broker can be reached, and the session is over. */
  async connect(): Promise<void> {
    await this.#arrive(async () => {
      await this.#consumer.connect()
      // Always true, whatever the operator wrote: with false, kafkajs skips to the end whenever it loses its place.
      if (!this.#isOver) await this.#consumer.subscribe({ topics: [...this.#topics], fromBeginning: true })
    })
  }

  /** Resolves once the group is joined. Rejects when it cannot be, and the session is over. */
  async join(): Promise<void> {
    await this.#arrive(() =>
      this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: (payload) => this.#onBatch(payload),
      }),
    )
  }

  async #arrive(step: () => Promise<void>): Promise<void> {
    await this.#unlessOver(() => {
      this.#arriving = step()
      return this.#arriving
    }).catch((error: unknown) => {
      this.fail(error)
      throw error
    })
  }

  /** Rejects as soon as the session has failed, whether there is an answer or not. */
  async #unlessOver<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#isOver) throw new Error('the session is over')
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#waiting.add(reject)
    ask().then(resolve, reject)
    return await promise.finally(() => this.#waiting.delete(reject))
  }

  pause(topic: string, partition: number): void {
    this.#whileRunning(() => this.#consumer.pause([{ topic, partitions: [partition] }]))
  }

  resume(topic: string, partition: number): void {
    this.#whileRunning(() => this.#consumer.resume([{ topic, partitions: [partition] }]))
  }

  /** kafkajs keeps pauses over a rebalance, also those of partitions that come back later: nobody would resume them. */
  resumeAll(): void {
    this.#whileRunning(() => this.#consumer.resume(this.#consumer.paused()))
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#whileRunning(() => this.#consumer.seek({ topic, partition, offset: String(offset) }))
  }

  /** A consumer that has crashed throws, before anybody hears of the crash. Whatever was asked of it, the next join begins anew. */
  #whileRunning(ask: () => void): void {
    try {
      if (!this.#isOver) ask()
    } catch (error) {
      if ((error as Error).name !== 'KafkaJSNonRetriableError') throw error
    }
  }

  /** See Membership.commit. Rejects as soon as the session has failed, too: no answer may hold up the commits of the next one. */
  async commit(points: readonly Point[]): Promise<readonly Point[]> {
    return await this.#unlessOver(() => this.#membership.commit(points))
  }

  /** The session is over, for this reason; no answer is waited for any more. */
  fail(error: unknown): void {
    if (this.#isOver) return
    this.#finish(error)
    for (const reject of this.#waiting) reject(error)
  }

  #finish(reason: unknown): void {
    this.#isOver = true
    this.#membership.close()
    this.#end.resolve(reason)
  }

  /** Leaves the group, behind the commits that are under way. May take as long as a join does, or for ever where a broker is gone; never rejects. */
  close(): Promise<void> {
    this.#finish(new Error('the session was closed'))
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    // Stopped on its way into the group, kafkajs would get there all the same, and stay.
    await this.#arriving.catch(() => undefined)
    await this.#consumer.disconnect().catch(() => undefined)
  }

  async #onBatch({ batch, resolveOffset, isRunning, isStale }: EachBatchPayload): Promise<void> {
    // Partition by partition, and what else there is to do in between: a fetch brings them all at once.
    await turn()
    if (isStale() || !isRunning()) return
    if (!this.#isOver && this.#handlers.batch(batch)) resolveOffset(batch.lastOffset())
    else await sleep(REFUSED_WAIT_MS)
  }
}
