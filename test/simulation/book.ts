import assert from 'node:assert/strict'
import type { Hit } from '../../src/core/hit.ts'
import type { Answer, Reason, Reject, Skip } from '../../src/core/outcome.ts'
import type { SourceRecord } from '../../src/core/record.ts'
import type { Exit } from '../../src/pipeline/ports.ts'
import type { Braking } from './braking.ts'
import type { Sent } from './holding.ts'
import { Holding } from './holding.ts'
import type { Schedule } from './schedule.ts'
import { routes } from './schedule.ts'
import type { Entry, Truth } from './truth.ts'
import { nameOf } from './truth.ts'

/** A record of a topic as one process sees it: that of a source, or what was parked of one. */
export interface Copy {
  readonly entry: Entry
  readonly record: SourceRecord
  /** The number of the batch that it was first sent in. */
  batch: number | undefined
  /** In place, since it was last alone or halved. */
  attempts: number
  failures: number
  firstFailedAt: number | undefined
  /** For our fault (token, endpoint). */
  refusedAt: number | undefined
  /** How often although others of its app were taken. */
  ownRefusals: number
  /** Since when everything was held when it was last sent as a probe. */
  probedSince: number | undefined
  /** How it must leave by the side, once that is certain. */
  leaving: { readonly to: Exit['to']; readonly reason: Reason } | undefined
}

export interface Rules {
  readonly attempts: number
  readonly giveUpMs: number
  readonly ordering: 'key' | 'none'
  readonly maxInFlightPerPartition: number
  readonly gate: Schedule['gate']
}

/** So often one record alone is refused while others of its app are taken, before it is its own fault. */
const OWN_REFUSALS = 3

const appOf = ({ entry }: Copy): string => routes[entry.route]?.app ?? ''

/** Checks what one process does. Knows the contract, and nothing of the ledger, the batcher or the key order. */
export class Book {
  readonly #truth: Truth
  readonly #rules: Rules
  readonly #copies = new Map<string, Copy>()
  /** Copies that this process knows to be delivered. */
  readonly #delivered = new Set<Copy>()
  readonly #holding: Holding
  readonly #braking: Braking
  #batches = 0
  /** Batches that wait until they may be sent again. */
  readonly #waiting = new Set<number>()
  readonly #inFlight = new Set<number>()

  constructor(truth: Truth, rules: Rules, braking: Braking) {
    this.#truth = truth
    this.#rules = rules
    this.#braking = braking
    this.#holding = new Holding(rules.gate)
  }

  /** The copy that is read; its headers must tell the truth of where it first stood. */
  copyOf(record: SourceRecord): Copy {
    const name = nameOf(record)
    const known = this.#copies.get(name)
    if (known !== undefined) return known
    const id = String(record.value).split(' ')[0] ?? ''
    const entry = this.#truth.entries.get(id) ?? assert.fail(`${name} holds ${id}, which nobody produced`)
    const { topic, partition, offset, timestamp } = record.history?.origin ?? record
    assert.deepEqual({ topic, partition, offset, timestamp }, entry.origin, `${name}: where it first stood`)
    const copy: Copy = {
      entry,
      record,
      batch: undefined,
      attempts: 0,
      failures: 0,
      firstFailedAt: undefined,
      refusedAt: undefined,
      ownRefusals: 0,
      probedSince: undefined,
      leaving: undefined,
    }
    this.#copies.set(name, copy)
    return copy
  }

  /**
   * The group was joined again: lanes of these topics begin anew from what is committed, but for those that stay. Says whether something
   * was under way of which nobody will hear.
   */
  forget(topics: readonly string[], staying: Pick<ReadonlySet<string>, 'has'>): boolean {
    let wasUnderWay = false
    for (const [name, copy] of this.#copies) {
      const { topic, partition } = copy.record
      if (!topics.includes(topic) || staying.has(`${topic}/${partition}`)) continue
      this.#copies.delete(name)
      if (copy.batch !== undefined && !this.#isThrough(copy)) wasUnderWay = true
    }
    return wasUnderWay
  }

  /** What the record turned into. */
  judged(copy: Copy, content: Hit | Skip | Reject): void {
    const { record } = copy
    this.#checkBrake(record)
    if (record.history === undefined) this.#braking.looked(record.topic, content.kind === 'reject')
    if (content.kind === 'skip') this.#truth.done.add(nameOf(record))
    if (content.kind === 'reject') copy.leaving = { to: 'dead-letter', reason: content.reason }
  }

  /** Nothing more of a topic that is held begins; what was parked of it goes on. */
  #checkBrake(record: SourceRecord): void {
    assert.ok(!this.#braking.held.has(record.topic), `${nameOf(record)} goes on, and its topic is held by the brake`)
  }

  /** A request begins. */
  sending(copies: readonly Copy[], app: string, now: number): Sent {
    const known = new Set(copies.map(({ batch }) => batch))
    assert.equal(known.size, 1, 'hits of different batches share a request')
    if (known.has(undefined)) this.#batches += 1
    for (const copy of copies) {
      const { record } = copy
      this.#checkBrake(record)
      assert.ok(!this.#isThrough(copy), `${nameOf(record)} is sent although it is through`)
      copy.batch ??= this.#batches
      if (record.history === undefined) continue
      assert.equal(copies.length, 1, `${nameOf(record)} was parked, and is sent with others`)
      assert.ok(now >= (record.history.notBefore ?? 0), `${nameOf(record)} is sent before its time`)
    }
    if (this.#rules.ordering === 'key') copies.forEach((copy, index) => void this.#checkOrder(copy, copies.slice(0, index)))
    const { batch, record } = copies[0] as Copy
    const { topic, partition } = record
    this.#waiting.delete(batch as number)
    this.#inFlight.add(batch as number)
    const underWay = this.#batchesUnderWay(topic, partition)
    assert.ok(underWay <= this.#rules.maxInFlightPerPartition, `${underWay} batches of ${topic}-${partition} are under way`)
    return this.#holding.sending(app, now)
  }

  /** As far as this process can know: what was accepted when the answer got lost, it sends again. */
  #isThrough(copy: Copy): boolean {
    return copy.leaving !== undefined || this.#delivered.has(copy)
  }

  #batchesUnderWay(topic: string, partition: number): number {
    const batches = new Set<number>()
    for (const copy of this.#copies.values()) {
      const { record, batch } = copy
      if (batch === undefined || record.topic !== topic || record.partition !== partition) continue
      if (!this.#isThrough(copy) && !this.#waiting.has(batch)) batches.add(batch)
    }
    return batches.size
  }

  #checkOrder(copy: Copy, before: readonly Copy[]): void {
    for (const name of this.#truth.earlierOfKey(copy.record)) {
      if (this.#truth.done.has(name)) continue
      const earlier = this.#copies.get(name)
      const shares =
        earlier !== undefined && earlier.batch === copy.batch && (before.includes(earlier) || this.#isThrough(earlier))
      assert.ok(shares, `${nameOf(copy.record)} is sent before ${name} has its outcome`)
    }
  }

  /** The tracker took them, whether or not anybody hears of it. */
  accepted(copies: readonly Copy[]): void {
    for (const { entry, record } of copies) {
      entry.accepted += 1
      assert.ok(!['refused', 'oversized', 'doomed', 'skip', 'malformed'].includes(entry.fate), `${entry.id} was accepted`)
      this.#truth.done.add(nameOf(record))
    }
  }

  /** The process hears the answer. */
  answered(copies: readonly Copy[], sent: Sent, answer: Answer | 'bug', now: number): void {
    const [first] = copies as [Copy]
    this.#inFlight.delete(first.batch as number)
    const judgement = this.#holding.heard(sent, answer, first.refusedAt, now)
    // What rests for a fault of its own gives its place up, too.
    if (judgement === 'own') this.#waiting.add(first.batch as number)
    if (answer === 'bug') return
    if (judgement === 'waits' || (answer.kind === 'retry' && sent.heldSince !== undefined && this.#holding.isHeld)) {
      this.#waiting.add(first.batch as number)
    }
    this.#wait(sent.app)
    for (const copy of copies) {
      if (answer.kind === 'delivered') this.#delivered.add(copy)
      if (answer.kind === 'halt' && !(judgement === 'own' && copies.length > 1)) copy.refusedAt = now
      if (judgement === 'waits') continue
      if (answer.kind === 'retry') this.#failed(copy, answer.reason, sent, now)
      else if (answer.kind === 'reject') this.#refused(copy, answer.reason, copies.length, now)
      else if (answer.kind === 'halt' && answer.reason === 'forbidden') this.#forbidden(copy, copies.length, now)
    }
  }

  /** Batches of the app that are not in flight wait until it is taken again; what is sent of them then is under way again. */
  #wait(app: string): void {
    if (!this.#holding.isRefused(app)) return
    for (const copy of this.#copies.values()) {
      const { batch } = copy
      if (batch !== undefined && appOf(copy) === app && !this.#inFlight.has(batch)) this.#waiting.add(batch)
    }
  }

  #failed(copy: Copy, reason: Reason, { heldSince }: Sent, now: number): void {
    if (this.#holding.isHeld && heldSince !== undefined && copy.probedSince !== heldSince) {
      copy.probedSince = heldSince
      copy.attempts = 0
    }
    copy.failures += 1
    copy.firstFailedAt ??= now
    copy.attempts += 1
    if (copy.attempts < this.#rules.attempts) return
    const isGivenUp = now - this.#firstFailedAt(copy, now) >= this.#rules.giveUpMs
    copy.leaving = { to: isGivenUp ? 'dead-letter' : 'tier', reason }
  }

  #refused(copy: Copy, reason: Reason, hits: number, now: number): void {
    copy.failures += 1
    copy.firstFailedAt ??= now
    if (hits === 1) {
      copy.leaving = { to: 'dead-letter', reason }
      const { record } = copy
      // Of a partition that was given up, nobody hears it.
      if (record.history === undefined && this.#copies.get(nameOf(record)) === copy) this.#braking.refused(record.topic)
    }
    Object.assign(copy, { attempts: 0, ownRefusals: 0, probedSince: undefined })
  }

  /** Others of its app are taken. */
  #forbidden(copy: Copy, hits: number, now: number): void {
    copy.ownRefusals += 1
    if (hits > 1 || copy.ownRefusals === OWN_REFUSALS) this.#refused(copy, 'rejected', hits, now)
  }

  #firstFailedAt({ record, firstFailedAt }: Copy, now: number): number {
    const { attempt = 0, firstFailedAt: noted } = record.history ?? {}
    return (attempt > 0 ? noted : undefined) ?? firstFailedAt ?? now
  }

  /** All of these are to be written. */
  writing(exits: readonly Exit[]): void {
    for (const exit of exits) {
      this.#checkBrake(exit.record)
      const copy = this.copyOf(exit.record)
      const name = nameOf(exit.record)
      const attempt = (exit.record.history?.attempt ?? 0) + copy.failures
      const { to, reason } = exit
      if (reason === 'forbidden') {
        assert.ok(
          this.#holding.isRefused(appOf(copy), exit.failedAt),
          `${name} is parked as forbidden, and its app is not refused`,
        )
        copy.leaving = { to: 'tier', reason }
      }
      assert.deepEqual({ to, reason, attempt: exit.attempt }, { ...copy.leaving, attempt }, name)
      assert.equal(exit.firstFailedAt, this.#firstFailedAt(copy, exit.failedAt), `${name}: when it failed first`)
    }
  }

  /** The process takes them for written. */
  written(exits: readonly Exit[]): void {
    for (const { record } of exits) {
      this.#truth.done.add(nameOf(record))
      if (this.#rules.ordering === 'none') continue
      const open = this.#truth.earlierOfKey(record).find((name) => !this.#truth.done.has(name))
      assert.equal(open, undefined, `${nameOf(record)} left by the side before an earlier one of its key`)
    }
  }
}
