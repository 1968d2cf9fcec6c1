import { setTimeout as sleep } from 'node:timers/promises'
import type { Batch } from 'kafkajs'
import type { ResumePoint } from '../core/offset-runs.ts'
import type { SourceRecord } from '../core/record.ts'
import type { Point } from './membership.ts'
import { copyRecord } from './record.ts'
import type { OutOfRange } from './repairs.ts'
import type { SessionOptions } from './session.ts'
import { Session } from './session.ts'
import type { StallLimits } from './session-watch.ts'
import { SessionWatch, stallLimits } from './session-watch.ts'
import type { Position, StartPositions } from './start-positions.ts'
import type { RebuildReason } from './succession.ts'
import { Succession } from './succession.ts'

export interface ConsumerOptions extends SessionOptions {
  /** Whether the topics are ours: then the records' headers tell their history. */
  readonly isOwn: boolean
  readonly starts: StartPositions
  /** False: the group only looks on, and every commit is left out. */
  readonly commits: boolean
  /** Since when brokers have answered without a break, epoch ms; undefined: they do not, or were not asked yet. */
  readonly brokersAnswerSince: () => number | undefined
  /** Left out: as they follow from the time-outs. */
  readonly stallLimits?: StallLimits
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
  assigned(partitions: readonly { topic: string; partition: number; resume: ResumePoint; isSameLog: boolean }[]): void
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
  /** A new session begins in the place of one that has crashed or come to a stand; nothing is committed for the old one any more. */
  rebuilding?(event: { reason: RebuildReason; error: unknown }): void
  /** The consumer has ended and does not come back. */
  failed(error: unknown): void
}

/** With several brokers there are several joins in a row; the partitions are handed out once the last of them is over. */
const JOINS_APART_MS = 300

/**
 * A consumer group's member. Fetches, hands over, pauses, commits; when and what to commit is decided elsewhere. A session that has
 * crashed or come to a stand is followed by a new one.
 */
export class GroupConsumer {
  readonly #options: ConsumerOptions
  readonly #watch: SessionWatch
  readonly #sessions: Succession<Session>
  /** Counts the joins: what an earlier one began must not end in a later one. */
  #epoch = 0
  /** That whose partitions were handed out. */
  #assignedEpoch = 0
  #stopping = false
  /** Partitions whose position the log did not hold before they were handed out. */
  readonly #early = new Set<string>()
  /** Where partitions were told to read on, since they are handed out. */
  readonly #sought = new Map<string, number>()
  /** Up to where records of each partition that is ours were said to be missed. */
  readonly #missedUpTo = new Map<string, number>()
  /** What all joins at once wait for. */
  #revoking: Promise<void> | undefined

  constructor(options: ConsumerOptions) {
    this.#options = options
    this.#watch = new SessionWatch(options.stallLimits ?? stallLimits(options))
    this.#sessions = new Succession({
      begin: () => this.#begin(),
      watch: this.#watch,
      brokersAnswerSince: options.brokersAnswerSince,
      lost: (event) => this.#onLost(event),
      failed: (error) => options.handlers.failed(error),
    })
  }

  #begin(): Session {
    const { handlers } = this.#options
    return new Session(this.#options, {
      beforeJoin: () => this.#beforeJoin(),
      joined: (assignment) => this.#joined(assignment),
      moved: () => {
        this.#watch.moved(Date.now())
        handlers.moved?.()
      },
      batch: (batch) => this.#onBatch(batch),
      passedOver: (topic, partition, upTo) => this.#passOver(topic, partition, upTo),
      outOfRange: (event) => this.#onOutOfRange(event),
      metadataCut: (place) => handlers.metadataCut?.(place),
    })
  }

  /** Resolves once the group is joined, or is to be joined by another session. Rejects when no broker can be reached. */
  async start(): Promise<void> {
    await this.#sessions.start()
  }

  pause(topic: string, partition: number): void {
    this.#sessions.current.pause(topic, partition)
  }

  resume(topic: string, partition: number): void {
    this.#sessions.current.resume(topic, partition)
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#sought.set(nameOf({ topic, partition }), offset)
    this.#sessions.current.seek(topic, partition, offset)
  }

  /** The runs go into the commit's metadata, where the partition's next owner finds them. Returns what counts as committed. */
  async commit(points: readonly Point[]): Promise<readonly Point[]> {
    // The member has left, or is about to: the partitions may be somebody else's.
    if (!this.#options.commits || this.#stopping) return points
    // With the membership of now, what an earlier one has read would be committed for whoever has it now.
    if (this.#assignedEpoch !== this.#epoch) throw new Error('the partitions are being dealt out anew')
    return await this.#commit(points)
  }

  async #commit(points: readonly Point[]): Promise<readonly Point[]> {
    this.#watch.committing(Date.now())
    const committed = await this.#sessions.current.commit(points)
    this.#watch.committed()
    // All that was asked for: what was left out is of a log that is gone, and that it was ours is known by this.
    this.#options.starts.committed(points)
    return committed
  }

  /** Leaves the group. Commit before: afterwards commits are left out. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#sessions.stop()
  }

  async #beforeJoin(): Promise<void> {
    // Never joined, so nothing to let go of.
    if (this.#epoch === 0 || this.#stopping) return
    const { handlers, sessionTimeoutMs } = this.#options
    this.#watch.joining(Date.now())
    this.#revoking ??= handlers.revoking(sessionTimeoutMs / 2)
    await this.#revoking
    this.#watch.joining(Date.now())
  }

  /** Whoever has the partitions next begins at what is committed. */
  #onLost(event: { reason: RebuildReason; error: unknown }): void {
    const { handlers, sessionTimeoutMs } = this.#options
    handlers.rebuilding?.(event)
    if (this.#epoch > 0) this.#revoking ??= handlers.revoking(sessionTimeoutMs / 2)
  }

  #joined(assignment: Record<string, number[]>): void {
    const session = this.#sessions.current
    this.#onJoin(session, assignment).catch((error) => session.fail(error))
  }

  async #onJoin(session: Session, assignment: Record<string, number[]>): Promise<void> {
    this.#epoch += 1
    this.#early.clear()
    const epoch = this.#epoch
    const isOver = (): boolean => epoch !== this.#epoch || session.isOver
    this.#revoking = undefined
    session.resumeAll()
    if (epoch > 1) await sleep(JOINS_APART_MS)
    if (isOver()) return
    const positions = await this.#options.starts.of(new Map(Object.entries(assignment)))
    const starts = positions.filter(({ isNew }) => isNew)
    if (isOver()) return
    for (const { topic, partition, offset } of starts) this.seek(topic, partition, offset)
    // A new group's beginning is made durable at once: after a crash `latest` would otherwise mean a later end.
    // A refusal means that the next join is on its way, which tries again.
    if (this.#options.commits && starts.length > 0) await this.#commit(starts).catch(() => undefined)
    if (isOver()) return
    this.#assignedEpoch = epoch
    this.#sought.clear()
    const ours = new Set(positions.map(nameOf))
    for (const name of this.#missedUpTo.keys()) if (!ours.has(name)) this.#missedUpTo.delete(name)
    this.#sessions.arrived()
    this.#options.handlers.assigned(
      positions.map(({ topic, partition, offset, runs, isNew }) => {
        // What is open stands in another log, should the offsets be the same.
        return { topic, partition, resume: { offset, runs }, isSameLog: !isNew }
      }),
    )
    for (const position of positions) this.#tell(position)
  }

  /** What is committed is not always what can be gone on from. */
  #tell({ topic, partition, offset, missed, isForeign, isNew }: Position): void {
    const { handlers } = this.#options
    const name = nameOf({ topic, partition })
    if (isForeign) handlers.metadataIgnored?.({ topic, partition })
    // Perhaps another log.
    if (isNew) this.#missedUpTo.delete(name)
    // It stays: it has what lies behind the commit, and reads on from further ahead.
    if (this.#sought.has(name)) return
    // Expired between the look at the log and now: read from there again, it is out of range again, and heard.
    if (missed === undefined && this.#early.has(name)) this.seek(topic, partition, offset)
    if (missed === undefined) return
    if (isNew) {
      handlers.recordsMissed?.({ topic, partition, ...missed })
      return
    }
    this.#report({ topic, partition, ...missed })
    this.seek(topic, partition, missed.to)
    this.#passOver(topic, partition, missed.to)
  }

  #onOutOfRange({ topic, partition, from, low, high }: OutOfRange): void {
    const { handlers } = this.#options
    const name = nameOf({ topic, partition })
    // Until the partitions are handed out, positions are kafkajs's own; the start positions see to it.
    if (this.#assignedEpoch !== this.#epoch) {
      this.#early.add(name)
      return
    }
    // It was asked for before the partition was told to read on from further ahead.
    if (from < (this.#sought.get(name) ?? 0)) return
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

  /** What was not said before: the commit stays behind until something is committed. */
  #report(missed: { topic: string; partition: number; from: number; to: number }): void {
    const name = nameOf(missed)
    const said = this.#missedUpTo.get(name) ?? 0
    if (missed.to <= said) return
    this.#missedUpTo.set(name, missed.to)
    this.#options.handlers.recordsMissed?.({ ...missed, from: Math.max(missed.from, said) })
  }

  /** Up to there is nothing to read. */
  #passOver(topic: string, partition: number, upTo: number): void {
    try {
      this.#options.handlers.fetched({ topic, partition, records: [], upTo, end: undefined })
    } catch (error) {
      this.#options.handlers.failed(error)
    }
  }

  #onBatch(batch: Batch): boolean {
    try {
      const { topic, partition } = batch
      const place = { topic, partition, isOwn: this.#options.isOwn }
      const records = batch.messages.map((message) => copyRecord(message, place))
      const end = Number(batch.highWatermark)
      return this.#options.handlers.fetched({ topic, partition, records, upTo: Number(batch.lastOffset()) + 1, end })
    } catch (error) {
      // kafkajs would retry some errors and die of others without a word.
      this.#options.handlers.failed(error)
      return false
    }
  }
}

function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`
}
