import type { ResumePoint } from '../core/offset-runs.ts'
import { DoneBefore } from '../core/offset-runs.ts'
import type { Reject, Skip } from '../core/outcome.ts'
import type { SourceRecord } from '../core/record.ts'
import { Admission } from './admission.ts'
import { Alarm } from './alarm.ts'
import { Backlog } from './backlog.ts'
import type { Batch, OpenHit, OpenRecord } from './batch.ts'
import { Batcher } from './batcher.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Leave } from './exit.ts'
import { exitOf } from './exit.ts'
import type { Leaving } from './exit-queue.ts'
import { ExitQueue } from './exit-queue.ts'
import type { LaneContext, LaneStart } from './lane-context.ts'
import { Ledger } from './ledger.ts'
import type { CommitPoint, LaneView, Wait } from './ports.ts'

/** One stuck record lets at most this many times the window be delivered behind it: the ledger's ring has a bound too. */
const SPAN_WINDOWS = 500

/**
 * One assigned partition: takes records in while its window has room, sends batches while there are permits, and knows up to where
 * everything has an outcome. `pump` is the one place where it moves; everything that changes its state ends in a call of it.
 */
export class Lane {
  readonly topic: string
  readonly partition: number
  #committed = { offset: -1, closed: 0 }
  #offered: { readonly point: CommitPoint; readonly closed: number } | undefined
  /** What is known to be committed. */
  #kept: ResumePoint | undefined
  readonly #context: LaneContext
  readonly #ledger = new Ledger()
  readonly #doneBefore: DoneBefore | undefined
  readonly #admission: Admission
  readonly #batcher: Batcher
  readonly #dispatcher: Dispatcher
  readonly #exits: ExitQueue
  readonly #backlog = new Backlog()
  #awaited: Wait | undefined
  #awaitedSince = 0
  #paused = false
  #stopped = false
  #suspended = false
  #heldBytes = 0
  /** Rings when a batch has lingered long enough. */
  readonly #linger: Alarm
  /** Rings when the oldest record of the backlog may be sent. */
  readonly #due: Alarm
  readonly #ended = Promise.withResolvers<void>()
  /** Resolves when nothing is under way in a suspended lane. */
  #quiet: PromiseWithResolvers<void> | undefined
  readonly #wake = (): void => this.pump()

  constructor({ topic, partition, resume }: LaneStart, context: LaneContext) {
    this.topic = topic
    this.partition = partition
    this.#kept = resume
    this.#doneBefore = resume === undefined ? undefined : new DoneBefore(resume)
    this.#context = context
    this.#linger = new Alarm(context.clock, () => this.#onLinger())
    this.#due = new Alarm(context.clock, this.#wake)
    this.#batcher = new Batcher(context.limits.batch, (batch) => this.#dispatcher.queue(batch))
    this.#dispatcher = new Dispatcher({
      ...context,
      ...context.limits,
      onSending: (batch) => this.#batcher.release(batch),
      onDelivered: (part, batch) => {
        for (const hit of part.hits) this.#close(hit, batch)
      },
      onLeaving: (part, batch, step) => {
        this.#leave(part.hits, batch, { ...step, attempt: part.failures, firstFailedAt: part.firstFailedAt })
      },
      onMoved: () => {
        this.pump()
        this.#reportIdle()
      },
    })
    this.#admission = new Admission({
      ordering: context.limits.ordering,
      batcher: this.#batcher,
      clock: context.clock,
      onRejected: (open, batch, { reason, detail }) =>
        this.#leave([open], batch, { to: 'dead-letter', reason, detail, attempt: 0, firstFailedAt: undefined }),
    })
    this.#exits = new ExitQueue({
      ...context,
      onWritten: (written) => this.#onWritten(written),
      onFailed: (error, waiting) => {
        context.probe.exitFailed({ topic, partition, waiting, error })
        this.#reportIdle()
      },
    })
  }

  /** What to commit; undefined: nothing has changed since what was last committed. */
  commitPoint(): CommitPoint | undefined {
    const { commitPoint: offset, closed } = this.#ledger
    if (offset < 0 || (offset === this.#committed.offset && closed === this.#committed.closed)) return undefined
    const known = this.#ledger.runs()
    const runs = this.#doneBefore?.behind({ offset, runs: known }, this.#ledger.readTo) ?? known
    const point = { topic: this.topic, partition: this.partition, offset, runs }
    this.#offered = { point, closed }
    return point
  }

  /** The point, the last that was asked for, is known to be committed. */
  committed(point: CommitPoint): void {
    this.#kept = point
    if (this.#offered?.point === point) this.#committed = { offset: point.offset, closed: this.#offered.closed }
  }

  /** Records without an outcome. */
  get open(): number {
    return this.#ledger.open
  }

  view(): LaneView {
    const { topic, partition } = this
    const next = this.#backlog.next
    const oldest = this.#ledger.oldest ?? (next && { timestamp: next.timestamp, since: this.#backlog.fetchedAt })
    const awaitsSchemaSince = this.#awaited === undefined ? undefined : this.#awaitedSince
    return { topic, partition, committed: this.#kept?.offset, open: this.open, oldest, awaitsSchemaSince }
  }

  /** Takes over what was fetched; never waits. `fetchedUpTo` is the offset after the fetch, which may lie behind its last record. */
  accept(records: readonly SourceRecord[], fetchedUpTo: number): void {
    this.#backlog.add(records, fetchedUpTo, this.#context.clock.now())
    this.pump()
    // Only here, between two fetches: pausing while one is in flight would throw its records away and fetch them again.
    if (!this.#stopped && !this.#suspended && !this.#paused && !this.#backlog.isEmpty) {
      this.#paused = true
      this.#context.source.pause(this.topic, this.partition)
    }
  }

  pump(): void {
    if (this.#stopped || this.#suspended) return
    this.#takeIn()
    this.#dispatcher.send()
    this.#flushStalledWindow()
    this.#linger.at(this.#batcher.nextDueAt())
    if (this.#paused && this.#backlog.isEmpty) {
      this.#paused = false
      this.#context.source.resume(this.topic, this.partition)
    }
  }

  /** Sends nothing for now. Resolves when every request and every write to a side topic that is under way has ended. */
  suspend(): Promise<void> {
    this.#suspended = true
    this.#dispatcher.suspend()
    this.#exits.suspend()
    this.#quiet ??= Promise.withResolvers<void>()
    const { promise } = this.#quiet
    this.#reportIdle()
    return promise
  }

  /** Whether what is committed is what this lane had committed: then nobody has read the partition meanwhile. */
  isCommitted({ offset, runs }: ResumePoint): boolean {
    const kept = this.#kept
    // A commit keeps no more runs than fit.
    return kept !== undefined && kept.offset === offset && runs.every((length, index) => kept.runs[index] === length)
  }

  /** Goes on after `suspend`: reading from where it came to, with all that it has open. */
  goOn(): void {
    this.#suspended = false
    this.#quiet = undefined
    const { source } = this.#context
    const next = this.#backlog.upTo >= 0 ? this.#backlog.upTo : this.#kept?.offset
    if (next !== undefined) source.seek(this.topic, this.partition, next)
    // A join ends every pause.
    if (this.#paused) source.pause(this.topic, this.partition)
    this.#dispatcher.goOn()
    this.#exits.goOn()
    this.pump()
  }

  /** Sends nothing any more. Resolves when every request and every write to a side topic that is under way has ended. */
  stop(): Promise<void> {
    this.#stopped = true
    this.#dispatcher.stop()
    this.#exits.stop()
    this.#linger.clear()
    this.#due.clear()
    this.#reportIdle()
    return this.#ended.promise
  }

  #reportIdle(): void {
    if (this.#dispatcher.requests > 0 || this.#exits.writing) return
    this.#quiet?.resolve()
    if (!this.#stopped) return
    this.#context.windowBytes.give(this.#heldBytes)
    this.#heldBytes = 0
    this.#ended.resolve()
  }

  // --- in ---

  #takeIn(): void {
    const now = this.#context.clock.now()
    for (let record = this.#backlog.next; record !== undefined; record = this.#backlog.next) {
      if (this.#awaited !== undefined || !this.#hasRoom()) return
      if (this.#doneBefore?.has(record.offset)) {
        this.#backlog.shift()
        this.#ledger.close(this.#ledger.enter(record.offset))
        continue
      }
      if (!this.#isDue(record)) return
      const content = this.#context.preparer.prepare(record)
      if (content.kind === 'wait') {
        this.#awaitPreparation(content)
        return
      }
      this.#backlog.shift()
      this.#enter(record, content, now)
    }
    this.#ledger.readUpTo(this.#backlog.upTo)
  }

  #isDue(record: SourceRecord): boolean {
    const { dueAt, clock } = this.#context
    if (dueAt === undefined) return true
    const time = dueAt(record, this.#backlog.fetchedAt)
    if (time <= clock.now()) return true
    this.#due.at(time)
    return false
  }

  #enter(record: SourceRecord, content: OpenHit['content'] | Skip | Reject, now: number): void {
    const sequence = this.#ledger.enter(record.offset, record.timestamp, now)
    if (content.kind === 'skip') {
      this.#ledger.close(sequence)
      this.#context.probe.skipped(content.reason, record)
    } else {
      this.#admission.admit(this.#opened(record, sequence, content))
    }
  }

  #hasRoom(): boolean {
    const { windowEvents } = this.#context.limits
    const { open, span } = this.#ledger
    if (open === 0) return true
    // What is prepared long before it can be sent only grows old in memory, which costs more than preparing it.
    if (this.#dispatcher.isStocked || open >= windowEvents || span >= windowEvents * SPAN_WINDOWS) return false
    return this.#context.windowBytes.hasRoom(this.#wake)
  }

  #awaitPreparation(wait: Wait): void {
    this.#awaited = wait
    this.#awaitedSince ||= this.#context.clock.now()
    wait.ready.then(() => {
      this.#awaited = undefined
      this.pump()
      // Awaited again, mostly: the wait goes on.
      if (this.#awaited === undefined) this.#awaitedSince = 0
    })
  }

  #opened(record: SourceRecord, sequence: number, content: OpenHit['content'] | Reject): OpenRecord {
    const windowBytes =
      (record.value?.length ?? 0) + (record.key?.length ?? 0) + (content.kind === 'hit' ? content.bytes : content.detail.length)
    this.#context.windowBytes.take(windowBytes)
    this.#heldBytes += windowBytes
    return { record, sequence, key: this.#admission.keyOf(record), content, windowBytes }
  }

  // --- out ---

  /** When the window is full and all of it waits behind batches that still fill, nothing can come to fill them: they go at once. */
  #flushStalledWindow(): void {
    if (this.#backlog.isEmpty || this.#awaited !== undefined || !this.#dispatcher.idle) return
    for (const batch of this.#batcher.takeDue(Number.POSITIVE_INFINITY)) this.#dispatcher.queue(batch)
    this.#dispatcher.send()
  }

  #onLinger(): void {
    for (const batch of this.#batcher.takeDue(this.#context.clock.now())) this.#dispatcher.queue(batch)
    this.pump()
  }

  // --- outcomes ---

  /** All of them in one write. */
  #leave(leaving: readonly OpenRecord[], batch: Batch, leave: Leave): void {
    const { clock, limits } = this.#context
    const at = { now: clock.now(), giveUpMs: limits.giveUpMs }
    this.#exits.push(leaving.map((open) => ({ exit: exitOf(open.record, leave, at), open, batch })))
  }

  #onWritten(written: readonly Leaving[]): void {
    this.#context.probe.exited(written.map(({ exit }) => exit))
    for (const { open, batch } of written) this.#close(open, batch)
    this.pump()
    this.#reportIdle()
  }

  /** The record has its outcome. The last of a batch lets the keys go. */
  #close(open: OpenRecord, batch: Batch): void {
    this.#ledger.close(open.sequence)
    this.#context.windowBytes.give(open.windowBytes)
    this.#heldBytes -= open.windowBytes
    batch.left -= 1
    if (batch.left > 0) return
    this.#admission.letGo(batch, open)
  }
}
