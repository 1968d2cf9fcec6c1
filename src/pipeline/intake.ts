import { giveBack } from '../core/give-back.ts'
import type { DoneBefore } from '../core/offset-runs.ts'
import type { Reject, Skip } from '../core/outcome.ts'
import type { SourceRecord } from '../core/record.ts'
import type { Admission } from './admission.ts'
import { Alarm } from './alarm.ts'
import { Backlog } from './backlog.ts'
import type { OpenHit, OpenRecord } from './batch.ts'
import type { LaneContext } from './lane-context.ts'
import type { Ledger } from './ledger.ts'
import type { Wait } from './ports.ts'

/** Of taking in without a pause, milliseconds: a fetch can hold any number of records, if they are compressed or skipped. */
const SLICE_MS = 5
/** One stuck record lets at most this many times the window be delivered behind it: the ledger's ring has a bound too. */
const SPAN_WINDOWS = 500

export interface IntakeOptions {
  readonly topic: string
  readonly context: LaneContext
  readonly ledger: Ledger
  readonly admission: Admission
  readonly doneBefore: DoneBefore | undefined
  /** Whether enough waits to be sent: what is prepared long before only grows old in memory, which costs more than preparing it. */
  readonly isStocked: () => boolean
  /** There may be something to take in. */
  readonly wake: () => void
}

/** What one lane was handed and has not begun yet, and how it becomes open records: one by one, while the window has room. */
export class Intake {
  readonly #options: IntakeOptions
  readonly #backlog = new Backlog()
  #awaited: Wait | undefined
  #awaitedSince = 0
  #heldBytes = 0
  /** Rings when the oldest record may be sent, or when a slice is over. */
  readonly #due: Alarm
  #goesOn = false
  #stopped = false
  /** The oldest that was let go of, since the lane was stopped. */
  #oldestLeft: { readonly timestamp: number; readonly since: number } | undefined

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#due = new Alarm(options.context.clock, options.wake)
  }

  /** Nothing waits here, nor was let go of. */
  get isEmpty(): boolean {
    return this.#backlog.isEmpty && this.#oldestLeft === undefined
  }

  /** More is taken in by itself, in the event loop's next turn. */
  get goesOn(): boolean {
    return this.#goesOn
  }

  /** The offset after what was fetched last; -1: nothing was. */
  get upTo(): number {
    return this.#backlog.upTo
  }

  /** The oldest record that is not open yet: its timestamp, and since when it is here. */
  get oldest(): { readonly timestamp: number; readonly since: number } | undefined {
    const { next, fetchedAt } = this.#backlog
    return next === undefined ? this.#oldestLeft : { timestamp: next.timestamp, since: fetchedAt }
  }

  /** Since when the oldest waits for its schema, epoch ms. */
  get awaitsSchemaSince(): number | undefined {
    return this.#awaited === undefined ? undefined : this.#awaitedSince
  }

  add(records: readonly SourceRecord[], upTo: number): void {
    this.#backlog.add(records, upTo, this.#options.context.clock.now())
    if (this.#stopped) this.#letGoOfBacklog()
  }

  /** Opens what it may, in slices. */
  take(): void {
    const { ledger, doneBefore, context, topic } = this.#options
    const now = context.clock.now()
    this.#goesOn = false
    for (let record = this.#backlog.next; record !== undefined; record = this.#backlog.next) {
      if (this.#awaited !== undefined || !this.#hasRoom()) return
      if (context.clock.now() - now >= SLICE_MS) {
        this.#goesOn = true
        this.#due.at(now)
        return
      }
      if (doneBefore?.has(record.offset)) {
        this.#backlog.shift()
        ledger.close(ledger.enter(record.offset))
        continue
      }
      if (!this.#isDue(record)) return
      const content = context.preparer.prepare(record)
      if (content.kind === 'wait') {
        this.#awaitPreparation(content)
        return
      }
      context.brake?.looked(topic, content.kind === 'reject' ? `${content.reason}: ${content.detail}` : undefined)
      // The brake stops the lane then and there.
      if (this.#stopped) return
      this.#backlog.shift()
      this.#enter(record, content, now)
    }
    ledger.readUpTo(this.#backlog.upTo)
  }

  /** The record has its outcome: its bytes are free. */
  closed({ record, windowBytes }: OpenRecord): void {
    if (record.value !== null) giveBack(record.value)
    this.#options.context.windowBytes.give(windowBytes)
    this.#heldBytes -= windowBytes
  }

  /** Nothing wakes it any more. */
  stop(): void {
    this.#stopped = true
    this.#due.clear()
  }

  /** Nobody needs any of its records any more. */
  letGoOfAll(): void {
    this.#letGoOfBacklog()
    this.#options.context.windowBytes.give(this.#heldBytes)
    this.#heldBytes = 0
  }

  #letGoOfBacklog(): void {
    this.#oldestLeft ??= this.oldest
    this.#backlog.clear()
  }

  #isDue(record: SourceRecord): boolean {
    const { dueAt, clock } = this.#options.context
    if (dueAt === undefined) return true
    const time = dueAt(record, this.#backlog.fetchedAt)
    if (time <= clock.now()) return true
    this.#due.at(time)
    return false
  }

  #enter(record: SourceRecord, content: OpenHit['content'] | Skip | Reject, now: number): void {
    const { ledger, admission, context } = this.#options
    const sequence = ledger.enter(record.offset, record.timestamp, now)
    if (content.kind === 'skip') {
      ledger.close(sequence)
      context.probe.skipped(content.reason, record)
    } else {
      admission.admit(this.#opened(record, sequence, content))
    }
  }

  #hasRoom(): boolean {
    const { context, ledger, isStocked, wake } = this.#options
    const { windowEvents } = context.limits
    const { open, span } = ledger
    if (open === 0) return true
    if (isStocked() || open >= windowEvents || span >= windowEvents * SPAN_WINDOWS) return false
    return context.windowBytes.hasRoom(wake)
  }

  #awaitPreparation(wait: Wait): void {
    this.#awaited = wait
    this.#awaitedSince ||= this.#options.context.clock.now()
    wait.ready.then(() => {
      this.#awaited = undefined
      this.#options.wake()
      // Awaited again, mostly: the wait goes on.
      if (this.#awaited === undefined) this.#awaitedSince = 0
    })
  }

  #opened(record: SourceRecord, sequence: number, content: OpenHit['content'] | Reject): OpenRecord {
    const { context, admission } = this.#options
    const windowBytes =
      (record.value?.length ?? 0) + (record.key?.length ?? 0) + (content.kind === 'hit' ? content.bytes : content.detail.length)
    context.windowBytes.take(windowBytes)
    this.#heldBytes += windowBytes
    return { record, sequence, key: admission.keyOf(record), content, windowBytes }
  }
}
