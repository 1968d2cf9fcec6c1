import type { ResumePoint } from '../core/offset-runs.ts'
import { DoneBefore } from '../core/offset-runs.ts'
import type { SourceRecord } from '../core/record.ts'
import { Admission } from './admission.ts'
import { Alarm } from './alarm.ts'
import type { Batch, OpenRecord } from './batch.ts'
import { Batcher } from './batcher.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Leave } from './exit.ts'
import { exitOf } from './exit.ts'
import type { Leaving } from './exit-queue.ts'
import { ExitQueue } from './exit-queue.ts'
import { blockedOf } from './held-batches.ts'
import { Intake } from './intake.ts'
import type { LaneContext, LaneStart } from './lane-context.ts'
import { Ledger } from './ledger.ts'
import type { CommitPoint, LaneView } from './ports.ts'

/** One record of a refused app lets so many windows be delivered behind it: all of it is noted with every commit, and read again after a restart. */
const BLOCKED_WINDOWS = 10

/**
 * One assigned partition: takes records in while its window has room, sends batches while the gate lets it, and knows up to where
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
  readonly #intake: Intake
  #paused = false
  #stopped = false
  #suspended = false
  /** Rings when a batch has lingered long enough. */
  readonly #linger: Alarm
  readonly #ended = Promise.withResolvers<void>()
  /** Resolves when nothing is under way in a suspended lane. */
  #quiet: PromiseWithResolvers<void> | undefined

  constructor({ topic, partition, resume }: LaneStart, context: LaneContext) {
    this.topic = topic
    this.partition = partition
    this.#kept = resume
    this.#doneBefore = resume === undefined ? undefined : new DoneBefore(resume)
    this.#context = context
    this.#linger = new Alarm(context.clock, () => this.#onLinger())
    this.#batcher = new Batcher(context.limits.batch, (batch) => this.#dispatcher.queue(batch))
    this.#dispatcher = this.#createDispatcher()
    this.#admission = new Admission({
      ordering: context.limits.ordering,
      batcher: this.#batcher,
      clock: context.clock,
      onRejected: (open, batch, { reason, detail }) =>
        this.#leave([open], batch, { to: 'dead-letter', reason, detail, attempt: 0, firstFailedAt: undefined }),
    })
    this.#intake = new Intake({
      ...{ topic, context, ledger: this.#ledger, admission: this.#admission, doneBefore: this.#doneBefore },
      isStocked: () => this.#dispatcher.isStocked,
      wake: () => this.pump(),
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

  #createDispatcher(): Dispatcher {
    const context = this.#context
    return new Dispatcher({
      ...context,
      ...context.limits,
      onSending: (batch) => this.#batcher.release(batch),
      onDelivered: (part, batch) => {
        for (const hit of part.hits) this.#close(hit, batch)
      },
      onLeaving: (part, batch, step) => {
        if (step.to === 'dead-letter') context.brake?.refused(this.topic, `${step.reason}: ${step.detail}`)
        this.#leave(part.hits, batch, { ...step, attempt: part.failures, firstFailedAt: part.firstFailedAt })
      },
      onMoved: () => {
        this.pump()
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
    const { topic, partition, open } = this
    const { awaitsSchemaSince } = this.#intake
    const oldest = this.#ledger.oldest ?? this.#intake.oldest
    const blocked = blockedOf(this.#dispatcher.held.batches())
    return { topic, partition, committed: this.#kept?.offset, open, oldest, awaitsSchemaSince, blocked }
  }

  /** Takes over what was fetched; never waits. `fetchedUpTo` is the offset after the fetch, which may lie behind its last record. */
  accept(records: readonly SourceRecord[], fetchedUpTo: number): void {
    this.#intake.add(records, fetchedUpTo)
    this.pump()
    // Only here, between two fetches: pausing while one is in flight would throw its records away and fetch them again.
    if (!this.#suspended && !this.#paused && !this.#intake.isEmpty) {
      this.#paused = true
      this.#context.source.pause(this.topic, this.partition)
    }
  }

  pump(): void {
    if (this.#stopped || this.#suspended) return
    this.#move()
    if (this.#stopped) return
    this.#parkBlocked()
    this.#flushStalledWindow()
    this.#linger.at(this.#batcher.nextDueAt())
    if (this.#paused && this.#intake.isEmpty) {
      this.#paused = false
      this.#context.source.resume(this.topic, this.partition)
    }
  }

  /** In and out, and again where what was set aside has made room. */
  #move(): void {
    const { held } = this.#dispatcher
    let aside: number
    do {
      aside = held.size
      this.#intake.take()
      this.#dispatcher.send()
    } while (held.size > aside)
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

  /** Whether what is committed is what this lane had committed: then nobody has committed anything of the partition meanwhile. */
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
    const next = this.#intake.upTo >= 0 ? this.#intake.upTo : this.#kept?.offset
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
    this.#intake.stop()
    this.#reportIdle()
    return this.#ended.promise.then(() => this.#letGo())
  }

  #reportIdle(): void {
    if (this.#dispatcher.requests > 0 || this.#exits.writing) return
    this.#quiet?.resolve()
    if (this.#stopped) this.#ended.resolve()
  }

  /** Not before the others of a topic that is held are stopped: the room that it makes wakes whoever waits for some. */
  #letGo(): void {
    for (const part of [this.#intake, this.#batcher, this.#dispatcher, this.#exits, this.#admission]) part.letGoOfAll()
  }

  /** When the window is full and all of it waits behind batches that still fill, nothing can come to fill them: they go at once. */
  #flushStalledWindow(): void {
    const { isEmpty, goesOn, awaitsSchemaSince } = this.#intake
    if (isEmpty || goesOn || awaitsSchemaSince !== undefined || !this.#dispatcher.idle) return
    for (const batch of this.#batcher.takeDue(Number.POSITIVE_INFINITY)) this.#dispatcher.queue(batch)
    this.#dispatcher.send()
  }

  #onLinger(): void {
    for (const batch of this.#batcher.takeDue(this.#context.clock.now())) this.#dispatcher.queue(batch)
    this.pump()
  }

  /** Where what waits for refused apps fills half of the window, the oldest of it makes room: others come behind it. */
  #parkBlocked(): void {
    const { held } = this.#dispatcher
    const { limits, windowBytes } = this.#context
    if (held.isEmpty) return
    const isCrowded = (): boolean => 2 * this.open >= limits.windowEvents && 2 * blockedOf(held.batches()) >= limits.windowEvents
    while (isCrowded() && this.#parkOldest());
    const isLong = this.#ledger.span >= BLOCKED_WINDOWS * limits.windowEvents
    const isHeavy = windowBytes.isFull && 2 * blockedOf(held.batches()) >= this.open
    // There is room once they are written, so that one batch goes after the other.
    if ((isLong || isHeavy) && !this.#exits.writing) this.#parkOldest()
  }

  /** False: there is none. */
  #parkOldest(): boolean {
    const batch = this.#dispatcher.held.takeOldest()
    if (batch === undefined) return false
    if (batch.parts.length === 0) {
      this.#batcher.release(batch)
      batch.seal()
    }
    const detail = 'the tracker refuses its app, and what waits for it takes the room of others'
    const leaving = batch.parts.flatMap(({ hits, failures: attempt, firstFailedAt }) =>
      this.#exitsOf(hits, batch, { to: 'tier', reason: 'forbidden', detail, attempt, firstFailedAt }),
    )
    batch.parts = []
    this.#exits.push(leaving)
    return true
  }

  /** All of them in one write. */
  #leave(leaving: readonly OpenRecord[], batch: Batch, leave: Leave): void {
    this.#exits.push(this.#exitsOf(leaving, batch, leave))
  }

  #exitsOf(leaving: readonly OpenRecord[], batch: Batch, leave: Leave): Leaving[] {
    const { clock, limits } = this.#context
    const at = { now: clock.now(), giveUpMs: limits.giveUpMs }
    return leaving.map((open) => ({ exit: exitOf(open.record, leave, at), open, batch }))
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
    this.#intake.closed(open)
    batch.left -= 1
    if (batch.left > 0) return
    this.#admission.letGo(batch, open)
  }
}
