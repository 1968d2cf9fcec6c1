import type { OffsetRuns } from '../core/offset-runs.ts'

/**
 * Which offsets of one partition are open, and from where a restart must read.
 *
 * A ring of offsets in the order of reading; a closed one is kept as its complement, which is negative. The commit point moves over closed ones only
 * from the front, so it can never pass an open record, however many later ones are done. Offsets may have gaps (compaction,
 * transaction markers): nothing here counts offsets, only records.
 */
export class Ledger {
  #ring = new Float64Array(1024)
  /** Of the same records: their timestamps, and when they were entered, in turn. */
  #times = new Float64Array(2 * 1024)
  /** Sequence numbers: every record from #head on is in the ring, #tail is the next to be given. */
  #head = 0
  #tail = 0
  #open = 0
  #closed = 0
  /** The offset after the newest record that was read; negative before the first. */
  #next: number

  /** `next`: the first offset that will be read, or a negative number when that is not known yet. */
  constructor(next = -1) {
    this.#next = next
  }

  /** How many records have no outcome yet. */
  get open(): number {
    return this.#open
  }

  /** How many records the ring holds: the open ones, and the closed ones that wait behind them. */
  get span(): number {
    return this.#tail - this.#head
  }

  /** Counts what was closed: as long as it stays, so do the runs. */
  get closed(): number {
    return this.#closed
  }

  /** What is done behind the commit point. Costs a look at every record of the span. */
  runs(): OffsetRuns {
    const mask = this.#ring.length - 1
    const runs: number[] = []
    let since = this.commitPoint
    for (let sequence = this.#head; sequence < this.#tail; sequence += 1) {
      const entry = this.#ring[sequence & mask] as number
      const isDone = entry < 0
      if (isDone === (runs.length % 2 === 1)) continue
      const offset = isDone ? -1 - entry : entry
      runs.push(offset - since)
      since = offset
    }
    // The run that goes on to the end: known only where it is one of done records.
    if (runs.length % 2 === 1) runs.push(this.#next - since)
    return runs
  }

  /** The next offset to read after a restart: that of the oldest open record, else the one after everything read. Negative: nothing read yet. */
  get commitPoint(): number {
    return this.#head === this.#tail ? this.#next : (this.#ring[this.#head & (this.#ring.length - 1)] as number)
  }

  /** The offset after everything that was read; negative: nothing was. */
  get readTo(): number {
    return this.#next
  }

  /** Epoch ms: the timestamp of the oldest open record, and since when it is open. */
  get oldest(): { readonly timestamp: number; readonly since: number } | undefined {
    if (this.#head === this.#tail) return undefined
    const at = 2 * (this.#head & (this.#ring.length - 1))
    return { timestamp: this.#times[at] as number, since: this.#times[at + 1] as number }
  }

  /** Enters a record; returns the number by which it is closed. Offsets must rise. Times are epoch ms. */
  enter(offset: number, timestamp = 0, now = 0): number {
    if (this.#tail - this.#head === this.#ring.length) this.#grow()
    const at = this.#tail & (this.#ring.length - 1)
    this.#ring[at] = offset
    this.#times[2 * at] = timestamp
    this.#times[2 * at + 1] = now
    this.#next = offset + 1
    this.#open += 1
    return this.#tail++
  }

  /** The record has its outcome. Closing one twice is a bug, and is said at once: it would let the count of open ones lie. */
  close(sequence: number): void {
    const mask = this.#ring.length - 1
    const offset = this.#ring[sequence & mask] as number
    if (sequence < this.#head || sequence >= this.#tail || offset < 0) {
      throw new Error(`record ${sequence} was closed twice or never entered`)
    }
    this.#ring[sequence & mask] = -1 - offset
    this.#open -= 1
    this.#closed += 1
    while (this.#head < this.#tail && (this.#ring[this.#head & mask] as number) < 0) this.#head += 1
  }

  /** Everything before `next` was read; offsets without a record (transaction markers, compacted ones) need no outcome. */
  readUpTo(next: number): void {
    if (next > this.#next) this.#next = next
  }

  #grow(): void {
    const larger = new Float64Array(this.#ring.length * 2)
    const times = new Float64Array(this.#times.length * 2)
    for (let sequence = this.#head; sequence < this.#tail; sequence += 1) {
      const [to, from] = [sequence & (larger.length - 1), sequence & (this.#ring.length - 1)]
      larger[to] = this.#ring[from] as number
      times[2 * to] = this.#times[2 * from] as number
      times[2 * to + 1] = this.#times[2 * from + 1] as number
    }
    this.#ring = larger
    this.#times = times
  }
}
