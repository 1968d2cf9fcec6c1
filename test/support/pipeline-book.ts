import assert from 'node:assert/strict'
import type { Hit } from '../../src/core/hit.ts'
import type { Answer, Reject } from '../../src/core/outcome.ts'
import type { SourceRecord } from '../../src/core/record.ts'
import type { Lane } from '../../src/pipeline/lane.ts'
import type { Exit } from '../../src/pipeline/ports.ts'

/** What shall happen to a record; `refused` and `oversized` hits are culprits: the tracker answers 400 and 413 to them. */
export type Fate = 'good' | 'refused' | 'oversized' | 'skip' | 'malformed'

/** Everything the test knows of one record, written down as it happens. */
export interface Entry {
  readonly record: SourceRecord
  readonly fate: Fate
  readonly hit: Hit
  /** Its schema is on the way: milliseconds. */
  readonly schemaMs: number | undefined
  outcome: 'delivered' | 'skipped' | 'tier' | 'dead-letter' | undefined
  /** The number of the batch it was first sent in. */
  batch: number | undefined
  /** How it must leave by the side, once that is certain. */
  leaving: Pick<Exit, 'to' | 'reason' | 'attempt'> | undefined
  attempts: number
  failures: number
}

/** One partition as the test sees it. Fetches rise through `entries`; `upTo` is the offset after the newest fetch. */
export class Partition {
  readonly entries: readonly Entry[]
  fetched = 0
  upTo = -1
  paused = false
  writing = false
  readonly #earlierOfKey = new Map<Entry, readonly Entry[]>()

  constructor(entries: readonly Entry[]) {
    this.entries = entries
    const keys = new Map<string, Entry[]>()
    for (const entry of entries) {
      const { key } = entry.record
      const earlier = key === null ? [] : (keys.get(key) ?? [])
      this.#earlierOfKey.set(entry, [...earlier])
      if (key !== null) keys.set(key, [...earlier, entry])
    }
  }

  /** The offset that a restart must not skip: the oldest that was fetched and has no outcome. */
  get oldestOpen(): number {
    return this.entries.slice(0, this.fetched).find(({ outcome }) => outcome === undefined)?.record.offset ?? this.upTo
  }

  /** Where the commit point must have come to at least: behind the last record before the oldest open one. */
  get doneUpTo(): number {
    const open = this.entries.slice(0, this.fetched).findIndex(({ outcome }) => outcome === undefined)
    if (open === -1) return this.upTo
    return open === 0 ? -1 : (this.entries[open - 1] as Entry).record.offset + 1
  }

  earlierOfKey(entry: Entry): readonly Entry[] {
    return this.#earlierOfKey.get(entry) ?? []
  }

  /** Batches between their first sending and the end of their last part. */
  get batchesUnderWay(): number {
    return new Set(this.entries.filter((entry) => entry.batch !== undefined && !isThrough(entry)).map(({ batch }) => batch)).size
  }
}

/** Nothing more will be sent of it. */
function isThrough({ outcome, leaving }: Entry): boolean {
  return outcome !== undefined || leaving !== undefined
}

/** Checks and enters what the pipeline does. Knows the contract, and nothing of the ledger, the batcher or the key order. */
export class Book {
  readonly partitions: readonly Partition[]
  readonly #byHit = new Map<Hit, Entry>()
  readonly #attemptsMax: number
  readonly #ordering: 'key' | 'none'
  #batches = 0

  constructor(partitions: readonly Partition[], rules: { attemptsMax: number; ordering: 'key' | 'none' }) {
    this.partitions = partitions
    this.#attemptsMax = rules.attemptsMax
    this.#ordering = rules.ordering
    for (const { entries } of partitions) for (const entry of entries) this.#byHit.set(entry.hit, entry)
  }

  partitionOf({ record }: Entry): Partition {
    return this.partitions[record.partition] as Partition
  }

  entryOf({ partition, offset }: SourceRecord): Entry {
    const entry = this.partitions[partition]?.entries.find(({ record }) => record.offset === offset)
    return entry ?? assert.fail(`${partition}@${offset} does not exist`)
  }

  /** A request begins. */
  sending(hits: readonly Hit[]): Entry[] {
    const entries = hits.map((hit) => this.#byHit.get(hit) ?? assert.fail('a hit that nobody prepared'))
    const known = new Set(entries.map(({ batch }) => batch))
    assert.equal(known.size, 1, 'hits of different batches share a request')
    if (known.has(undefined)) this.#batches += 1
    for (const entry of entries) {
      assert.ok(!isThrough(entry), `${nameOf(entry)} is sent although it is through`)
      entry.batch ??= this.#batches
    }
    if (this.#ordering === 'key') entries.forEach((entry, index) => void this.#checkOrder(entry, entries.slice(0, index)))
    return entries
  }

  #checkOrder(entry: Entry, before: readonly Entry[]): void {
    for (const earlier of this.partitionOf(entry).earlierOfKey(entry)) {
      const shares = earlier.batch === entry.batch && (before.includes(earlier) || isThrough(earlier))
      assert.ok(earlier.outcome !== undefined || shares, `${nameOf(entry)} is sent before ${nameOf(earlier)} has its outcome`)
    }
  }

  answered(entries: readonly Entry[], answer: Answer): void {
    for (const entry of entries) {
      if (answer.kind === 'delivered') this.close(entry, 'delivered')
      if (answer.kind !== 'reject' && answer.kind !== 'retry') continue
      entry.failures += 1
      entry.attempts = answer.kind === 'retry' ? entry.attempts + 1 : 0
      if (answer.kind === 'retry' && entry.attempts === this.#attemptsMax) this.#leaves(entry, 'tier', answer.reason)
      if (answer.kind === 'reject' && entries.length === 1) this.#leaves(entry, 'dead-letter', answer.reason)
    }
  }

  #leaves(entry: Entry, to: Exit['to'], reason: Exit['reason']): void {
    entry.leaving = { to, reason, attempt: entry.failures }
  }

  /** The record was judged, and is neither sent nor left to somebody else to judge. */
  judged(entry: Entry, verdict: 'skip' | Reject): void {
    if (verdict === 'skip') this.close(entry, 'skipped')
    else entry.leaving = { to: 'dead-letter', reason: verdict.reason, attempt: 0 }
  }

  /** All of these go in one write. */
  writing(exits: readonly Exit[]): void {
    for (const { record, to, reason, attempt } of exits) {
      const entry = this.entryOf(record)
      assert.equal(entry.outcome, undefined, `${nameOf(entry)} is written although it has its outcome`)
      assert.deepEqual({ to, reason, attempt }, entry.leaving, nameOf(entry))
    }
  }

  written(exits: readonly Exit[]): void {
    for (const { record, to } of exits) {
      const entry = this.entryOf(record)
      this.close(entry, to)
      if (this.#ordering === 'none') continue
      const open = this.partitionOf(entry)
        .earlierOfKey(entry)
        .find(({ outcome }) => outcome === undefined)
      assert.equal(open, undefined, `${nameOf(entry)} left by the side before an earlier one of its key`)
    }
  }

  close(entry: Entry, outcome: Exclude<Entry['outcome'], undefined>): void {
    assert.equal(entry.outcome, undefined, `${nameOf(entry)} has two outcomes`)
    entry.outcome = outcome
  }

  /** At any moment: nothing open is skipped by a restart. `settled`: and nothing that is done is forgotten. */
  checkCommitPoint(lane: Lane, settled: boolean): void {
    const partition = this.partitions[lane.partition] as Partition
    if (partition.fetched === 0) return
    const { offset, runs } = lane.commitPoint() ?? { offset: -1, runs: [] }
    assert.ok(offset <= partition.oldestOpen, `the commit point is ${offset}, but ${partition.oldestOpen} is open`)
    if (settled) assert.ok(offset >= partition.doneUpTo, `the commit point is ${offset}, not ${partition.doneUpTo}`)
    for (const entry of partition.entries.slice(0, partition.fetched)) {
      if (entry.record.offset < offset) continue
      const kept = isDone(entry.record.offset - offset, runs)
      assert.ok(!kept || entry.outcome !== undefined, `${nameOf(entry)} would not be sent after a restart`)
      if (settled) assert.equal(kept, entry.outcome !== undefined, `${nameOf(entry)} would be sent again after a restart`)
    }
  }
}

/** Whether the offset at that distance from the commit point lies in one of the runs that are done: the second, the fourth and so on. */
function isDone(distance: number, runs: readonly number[]): boolean {
  let end = 0
  const run = runs.findIndex((length) => {
    end += length
    return distance < end
  })
  return run % 2 === 1
}

function nameOf({ record }: Entry): string {
  return `${record.partition}@${record.offset}`
}
