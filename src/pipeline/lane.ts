import { DoneBefore } from '../core/offset-runs.ts'
import type { Reject, Skip } from '../core/outcome.ts'
import type { SourceRecord } from '../core/record.ts'
import { Alarm } from './alarm.ts'
import { Backlog } from './backlog.ts'
import type { Key, OpenHit, OpenRecord } from './batch.ts'
import { Batch } from './batch.ts'
import { Batcher } from './batcher.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Leave } from './exit.ts'
import { exitOf } from './exit.ts'
import type { Leaving } from './exit-queue.ts'
import { ExitQueue } from './exit-queue.ts'
import { KeyOrder, release, waitFor } from './key-order.ts'
import type { LaneContext, LaneStart } from './lane-context.ts'
import { Ledger } from './ledger.ts'
import type { CommitPoint, Wait } from './ports.ts'

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
  readonly #context: LaneContext
  readonly #ledger = new Ledger()
  readonly #doneBefore: DoneBefore | undefined
  readonly #order = new KeyOrder()
  readonly #batcher: Batcher
  readonly #dispatcher: Dispatcher
  readonly #exits: ExitQueue
  readonly #backlog = new Backlog()
  #awaited: Wait | undefined
  #paused = false
  #stopped = false
  #heldBytes = 0
  /** Rings when a batch has lingered long enough. */
  readonly #linger: Alarm
  /** Rings when the oldest record of the backlog may be sent. */
  readonly #due: Alarm
  readonly #ended = Promise.withResolvers<void>()
  readonly #wake = (): void => this.pump()

  constructor({ topic, partition, resume }: LaneStart, context: LaneContext) {
    this.topic = topic
    this.partition = partition
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
    return { topic: this.topic, partition: this.partition, offset, runs: this.#ledger.runs() }
  }

  /** Returns what to call once the commit point as it is now is known to be kept. */
  willCommit(): () => void {
    const { commitPoint: offset, closed } = this.#ledger
    return () => {
      this.#committed = { offset, closed }
    }
  }

  /** Records without an outcome. */
  get open(): number {
    return this.#ledger.open
  }

  /** Takes over what was fetched; never waits. `fetchedUpTo` is the offset after the fetch, which may lie behind its last record. */
  accept(records: readonly SourceRecord[], fetchedUpTo: number): void {
    this.#backlog.add(records, fetchedUpTo, this.#context.clock.now())
    this.pump()
    // Only here, between two fetches: pausing while one is in flight would throw its records away and fetch them again.
    if (!this.#stopped && !this.#paused && !this.#backlog.isEmpty) {
      this.#paused = true
      this.#context.source.pause(this.topic, this.partition)
    }
  }

  pump(): void {
    if (this.#stopped) return
    this.#takeIn()
    this.#dispatcher.send()
    this.#flushStalledWindow()
    this.#linger.at(this.#batcher.nextDueAt())
    if (this.#paused && this.#backlog.isEmpty) {
      this.#paused = false
      this.#context.source.resume(this.topic, this.partition)
    }
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
    if (!this.#stopped || this.#dispatcher.requests > 0 || this.#exits.writing) return
    this.#context.windowBytes.give(this.#heldBytes)
    this.#heldBytes = 0
    this.#ended.resolve()
  }

  // --- in ---

  #takeIn(): void {
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
      this.#enter(record, content)
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

  #enter(record: SourceRecord, content: OpenHit['content'] | Skip | Reject): void {
    const sequence = this.#ledger.enter(record.offset)
    if (content.kind === 'skip') {
      this.#ledger.close(sequence)
      this.#context.probe.skipped(content.reason, record)
    } else {
      this.#admit(this.#opened(record, sequence, content))
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
    wait.ready.then(() => {
      this.#awaited = undefined
      this.pump()
    })
  }

  #opened(record: SourceRecord, sequence: number, content: OpenHit['content'] | Reject): OpenRecord {
    const windowBytes =
      (record.value?.length ?? 0) + (record.key?.length ?? 0) + (content.kind === 'hit' ? content.bytes : content.detail.length)
    this.#context.windowBytes.take(windowBytes)
    this.#heldBytes += windowBytes
    return { record, sequence, key: this.#keyOf(record), content, windowBytes }
  }

  #keyOf({ key }: SourceRecord): Key | undefined {
    return key === null || this.#context.limits.ordering === 'none' ? undefined : this.#order.of(key)
  }

  /** Lets the record join a batch, or wait for its key. Says whether it may go. */
  #admit(open: OpenRecord): boolean {
    const { key } = open
    if (key?.holder !== undefined && !this.#mayShare(key.holder, open)) {
      waitFor(key, open)
      return false
    }
    const batch = isHit(open) ? this.#batcher.add(open, this.#context.clock.now()) : this.#rejected(open, open.content as Reject)
    if (key !== undefined) key.holder = batch
    return true
  }

  #mayShare(holder: Batch, open: OpenRecord): boolean {
    if (!isHit(open) || !holder.filling || holder.route !== open.content.route || open.key?.waiting !== undefined) return false
    if (this.#batcher.fits(holder, open)) return true
    // It can take no more of what comes; let it go rather than linger.
    this.#batcher.close(holder)
    return false
  }

  /** A record that will never be sent leaves as a batch of its own, which holds the key until the dead letter is acknowledged. */
  #rejected(open: OpenRecord, { reason, detail }: Reject): Batch {
    const batch = new Batch(NOWHERE, this.#context.clock.now())
    batch.filling = false
    batch.left = 1
    this.#leave([open], batch, { to: 'dead-letter', reason, detail, attempt: 0, firstFailedAt: undefined })
    return batch
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
    if (isHit(open)) for (const hit of batch.hits) this.#releaseKey(hit.key, batch)
    else this.#releaseKey(open.key, batch)
  }

  #releaseKey(key: Key | undefined, batch: Batch): void {
    if (key === undefined) return
    const waited = release(key, batch)
    for (let index = 0; index < waited.length; index += 1) {
      if (!this.#admit(waited[index] as OpenRecord)) {
        for (const open of waited.slice(index + 1)) waitFor(key, open)
        return
      }
    }
  }
}

/** The route of what is never sent. */
const NOWHERE = { app: '', method: 'customEvent' } as const

function isHit(open: OpenRecord): open is OpenHit {
  return open.content.kind === 'hit'
}
