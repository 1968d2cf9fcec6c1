import assert from 'node:assert/strict'
import type { Answer, Reason, Reject } from '../../src/core/outcome.ts'
import type { Origin, SourceRecord } from '../../src/core/record.ts'
import type { Exit } from '../../src/pipeline/ports.ts'
import type { Planned } from './schedule.ts'

/** One source record, and all that has become of it. */
export interface Entry extends Planned {
  readonly id: string
  readonly origin: Origin
  /** How often the tracker took it. */
  accepted: number
}

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
  /** How it must leave by the side, once that is certain. */
  leaving: { readonly to: Exit['to']; readonly reason: Reason } | undefined
}

export interface Rules {
  readonly attempts: number
  readonly giveUpMs: number
  readonly ordering: 'key' | 'none'
  readonly maxInFlightPerPartition: number
}

export const nameOf = ({ topic, partition, offset }: Pick<Origin, 'topic' | 'partition' | 'offset'>): string =>
  `${topic}/${partition}@${offset}`

/** What is true of all processes together: which records there are, and which copies have their outcome. */
export class Truth {
  readonly entries = new Map<string, Entry>()
  /** Names of copies that may be committed. */
  readonly done = new Set<string>()
  /** Names of copies that were said to be missed. */
  readonly missed = new Set<string>()
  /** Copies by topic-partition and key, in order. */
  readonly #byKey = new Map<string, string[]>()

  stored(copy: Pick<SourceRecord, 'topic' | 'partition' | 'offset'>, key: string | null): void {
    if (key === null) return
    const name = `${copy.topic}/${copy.partition} ${key}`
    const earlier = this.#byKey.get(name) ?? []
    earlier.push(nameOf(copy))
    this.#byKey.set(name, earlier)
  }

  /** Names of the copies of its key that stand before it. */
  earlierOfKey({ topic, partition, offset, key }: SourceRecord): readonly string[] {
    if (key === null) return []
    const all = this.#byKey.get(`${topic}/${partition} ${key}`) ?? []
    return all.slice(0, all.indexOf(nameOf({ topic, partition, offset })))
  }
}

/** Checks what one process does. Knows the contract, and nothing of the ledger, the batcher or the key order. */
export class Book {
  readonly #truth: Truth
  readonly #rules: Rules
  readonly #copies = new Map<string, Copy>()
  /** Copies that this process knows to be delivered. */
  readonly #delivered = new Set<Copy>()
  #batches = 0

  constructor(truth: Truth, rules: Rules) {
    this.#truth = truth
    this.#rules = rules
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

  /** The record was judged, and is neither sent nor left to somebody else to judge. */
  judged(copy: Copy, verdict: 'skip' | Reject): void {
    if (verdict === 'skip') this.#truth.done.add(nameOf(copy.record))
    else copy.leaving = { to: 'dead-letter', reason: verdict.reason }
  }

  /** A request begins. */
  sending(copies: readonly Copy[], now: number): void {
    const known = new Set(copies.map(({ batch }) => batch))
    assert.equal(known.size, 1, 'hits of different batches share a request')
    if (known.has(undefined)) this.#batches += 1
    for (const copy of copies) {
      const { record } = copy
      assert.ok(!this.#isThrough(copy), `${nameOf(record)} is sent although it is through`)
      copy.batch ??= this.#batches
      if (record.history === undefined) continue
      assert.equal(copies.length, 1, `${nameOf(record)} was parked, and is sent with others`)
      assert.ok(now >= (record.history.notBefore ?? 0), `${nameOf(record)} is sent before its time`)
    }
    if (this.#rules.ordering === 'key') copies.forEach((copy, index) => void this.#checkOrder(copy, copies.slice(0, index)))
    const { topic, partition } = (copies[0] as Copy).record
    const underWay = this.#batchesUnderWay(topic, partition)
    assert.ok(underWay <= this.#rules.maxInFlightPerPartition, `${underWay} batches of ${topic}-${partition} are under way`)
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
      if (!this.#isThrough(copy)) batches.add(batch)
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
  answered(copies: readonly Copy[], answer: Answer, now: number): void {
    for (const copy of copies) {
      if (answer.kind === 'delivered') this.#delivered.add(copy)
      if (answer.kind !== 'reject' && answer.kind !== 'retry') continue
      copy.failures += 1
      copy.firstFailedAt ??= now
      copy.attempts = answer.kind === 'retry' ? copy.attempts + 1 : 0
      if (answer.kind === 'reject' && copies.length === 1) copy.leaving = { to: 'dead-letter', reason: answer.reason }
      if (answer.kind === 'retry' && copy.attempts === this.#rules.attempts) {
        const isGivenUp = now - this.#firstFailedAt(copy, now) >= this.#rules.giveUpMs
        copy.leaving = { to: isGivenUp ? 'dead-letter' : 'tier', reason: answer.reason }
      }
    }
  }

  #firstFailedAt({ record, firstFailedAt }: Copy, now: number): number {
    return record.history?.firstFailedAt ?? firstFailedAt ?? now
  }

  /** All of these are to be written. */
  writing(exits: readonly Exit[]): void {
    for (const exit of exits) {
      const copy = this.copyOf(exit.record)
      const name = nameOf(exit.record)
      const attempt = (exit.record.history?.attempt ?? 0) + copy.failures
      const { to, reason } = exit
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
