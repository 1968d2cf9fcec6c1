import { setTimeout as sleep } from 'node:timers/promises'
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import type { SourceRecord } from '../core/record.ts'
import { copyRecord } from './record.ts'

export interface TopicReaderOptions {
  /** This reader's own: see createKafka. */
  readonly kafka: Kafka
  readonly groupId: string
  readonly topic: string
  readonly partitions: number
  /** Whether the topic is ours: then its records' headers tell their history. */
  readonly isOwn: boolean
  /** The oldest offset that the partition still holds. */
  readonly oldest: (partition: number) => Promise<number>
}

/** Offsets of one partition, `end` excluded. */
export interface Stretch {
  readonly partition: number
  readonly start: number
  readonly end: number
}

export interface Slice {
  readonly partition: number
  readonly records: readonly SourceRecord[]
  /** The offset behind the slice; offsets between its last record and this one hold none. */
  readonly upTo: number
}

/** Answers whether to go on. */
export type Take = (slice: Slice) => Promise<boolean>

interface Reading {
  readonly stretch: Stretch
  readonly take: Take
  readonly finished: PromiseWithResolvers<boolean>
  position: number
  movedAt: number
  /** Settles, and never rejects, when the slice under way has been taken. */
  taking: Promise<unknown> | undefined
}

/** Short: whoever begins after a killed process waits until its membership has run out. */
export const SESSION_MS = 6_000
const HEARTBEAT_MS = 1_500
const BYTES_PER_PARTITION = 1_048_576
const FETCH_WAIT_MS = 50
/** A batch that is not taken over comes again at once, thousands of times a second, unless somebody waits. */
const REFUSED_WAIT_MS = 50
/** After so long without a record, the oldest offset is looked at: what was to come may have expired. */
const LOOK_MS = 5_000
/** After so long, nothing more is expected. */
const STUCK_MS = 30_000
/** kafkajs may hang here when a broker is gone; the process ends anyhow. */
const DISCONNECT_MS = 5_000

/** Reads a topic once, from given offsets to given offsets, one partition after the other; the only member of its group while it does. */
export class TopicReader {
  readonly #options: TopicReaderOptions
  readonly #consumer: Consumer
  readonly #lost = Promise.withResolvers<never>()
  #isJoined = false
  #commits = 0
  #reading: Reading | undefined

  constructor(options: TopicReaderOptions) {
    this.#options = options
    // Nobody may be listening yet, or any more, when the group is lost.
    this.#lost.promise.catch(() => undefined)
    this.#consumer = options.kafka.consumer({
      groupId: options.groupId,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: SESSION_MS,
      heartbeatInterval: HEARTBEAT_MS,
      maxBytesPerPartition: BYTES_PER_PARTITION,
      maxBytes: BYTES_PER_PARTITION,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      retry: { restartOnFailure: async () => false },
    })
  }

  /** Resolves once the group is joined; rejects when somebody else is in it. */
  async join(): Promise<void> {
    const { CRASH, GROUP_JOIN, COMMIT_OFFSETS, START_BATCH_PROCESS } = this.#consumer.events
    const joined = Promise.withResolvers<void>()
    this.#consumer.on(GROUP_JOIN, ({ payload }) => {
      const error = this.#onJoin(payload.memberAssignment[this.#options.topic] ?? [])
      if (error === undefined) joined.resolve()
      else this.#lost.reject(error)
    })
    this.#consumer.on(CRASH, ({ payload }) => this.#lost.reject(payload.error))
    this.#consumer.on(COMMIT_OFFSETS, () => {
      this.#commits += 1
    })
    // A fetch of nothing but transaction markers never reaches eachBatch.
    this.#consumer.on(START_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize === 0 && payload.partition === this.#reading?.stretch.partition) {
        this.#moveTo(this.#reading, Number(payload.lastOffset) + 1)
      }
    })
    await this.#consumer.connect()
    // Always true: with false, kafkajs skips to the end whenever it loses its place.
    await this.#consumer.subscribe({ topics: [this.#options.topic], fromBeginning: true })
    await this.#consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: (payload) => this.#onBatch(payload) })
    await Promise.race([joined.promise, this.#lost.promise])
  }

  /** Never calls `take` twice at once. Resolves when all stretches are read or `take` answers false; rejects when it does. */
  async read(stretches: readonly Stretch[], take: Take): Promise<void> {
    for (const stretch of stretches) {
      if (stretch.start < stretch.end && !(await this.#readOne(stretch, take))) return
    }
  }

  /** Resolves once the broker has them. */
  async commit(points: readonly { partition: number; offset: number; metadata: string }[]): Promise<void> {
    const { topic } = this.#options
    const before = this.#commits
    await this.#consumer.commitOffsets(points.map(({ offset, ...rest }) => ({ topic, offset: String(offset), ...rest })))
    // While it recovers from a failure, kafkajs sends no commits and resolves all the same.
    if (this.#commits === before) throw new Error('the commit was not sent: the consumer is no longer in its group')
  }

  async leave(): Promise<void> {
    await Promise.race([this.#consumer.disconnect(), sleep(DISCONNECT_MS, undefined, { ref: false })])
  }

  /** Returns why the reading cannot begin, or go on. Throwing here would end the consumer in silence. */
  #onJoin(assigned: readonly number[]): Error | undefined {
    const { topic, groupId, partitions } = this.#options
    if (this.#isJoined) {
      return new Error(
        `the consumer group ${groupId} was rebalanced: another reader came, or a broker moved; run the command again`,
      )
    }
    this.#isJoined = true
    // Before the first fetch: nothing comes until a partition's turn has come.
    this.#consumer.pause([{ topic, partitions: [...assigned] }])
    if (assigned.length === partitions) return undefined
    return new Error(`the consumer group ${groupId} has another member: the same replay is running elsewhere`)
  }

  async #readOne(stretch: Stretch, take: Take): Promise<boolean> {
    const { partition, start } = stretch
    const place = [{ topic: this.#options.topic, partitions: [partition] }]
    const finished = Promise.withResolvers<boolean>()
    const reading: Reading = { stretch, take, finished, position: start, movedAt: performance.now(), taking: undefined }
    this.#reading = reading
    this.#consumer.seek({ topic: this.#options.topic, partition, offset: String(start) })
    this.#consumer.resume(place)
    const watch = setInterval(() => void this.#look(reading).catch(finished.reject), 1_000)
    try {
      return await Promise.race([finished.promise, this.#lost.promise])
    } finally {
      clearInterval(watch)
      this.#reading = undefined
      this.#consumer.pause(place)
      // What is under way ends before anybody leaves the group: afterwards its commit would be dropped without a word.
      await reading.taking
    }
  }

  async #onBatch({ batch, resolveOffset, heartbeat, isStale, isRunning }: EachBatchPayload): Promise<void> {
    const reading = this.#reading
    if (reading === undefined || reading.stretch.partition !== batch.partition || isStale() || !isRunning()) {
      await sleep(REFUSED_WAIT_MS)
      return
    }
    // kafkajs sends heartbeats between batches only.
    const beating = setInterval(() => void heartbeat().catch(this.#lost.reject), HEARTBEAT_MS / 2)
    try {
      const { position, stretch } = reading
      const inside = batch.messages.filter(({ offset }) => Number(offset) >= position && Number(offset) < stretch.end)
      const place = { topic: batch.topic, partition: batch.partition, isOwn: this.#options.isOwn }
      const upTo = Math.min(Number(batch.lastOffset()) + 1, stretch.end)
      const taken = reading.take({ partition: batch.partition, records: inside.map((each) => copyRecord(each, place)), upTo })
      reading.taking = taken.catch(() => undefined)
      const goOn = await taken
      resolveOffset(batch.lastOffset())
      if (goOn) this.#moveTo(reading, upTo)
      else reading.finished.resolve(false)
    } catch (error) {
      // kafkajs would retry some errors and die of others without a word.
      reading.finished.reject(error)
      this.#reading = undefined
    } finally {
      clearInterval(beating)
      reading.taking = undefined
    }
  }

  #moveTo(reading: Reading, position: number): void {
    reading.position = Math.max(reading.position, position)
    reading.movedAt = performance.now()
    if (reading.position >= reading.stretch.end) reading.finished.resolve(true)
  }

  /** Records that expired in the meantime never come. */
  async #look(reading: Reading): Promise<void> {
    const idleMs = performance.now() - reading.movedAt
    if (reading.taking !== undefined || idleMs < LOOK_MS) return
    const { partition, end } = reading.stretch
    const oldest = await this.#options.oldest(partition)
    if (oldest > reading.position) {
      this.#moveTo(reading, oldest)
    } else if (idleMs > STUCK_MS) {
      const place = `${this.#options.topic}-${partition}@${reading.position}`
      throw new Error(`nothing came from ${place} for ${STUCK_MS / 1_000} s, although the partition reaches to ${end}`)
    }
  }
}
