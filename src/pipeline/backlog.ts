import type { SourceRecord } from '../core/record.ts'

/** Records that came and were not taken in yet: at most what one fetch brought, and the rest of the one before. */
export class Backlog {
  #records: readonly SourceRecord[] = NOTHING
  #taken = 0
  /** The offset after the newest fetch, which may lie behind its last record; -1: nothing was fetched. */
  upTo = -1
  /** When the newest fetch came, epoch ms. */
  fetchedAt = 0

  /** The oldest of them. */
  get next(): SourceRecord | undefined {
    return this.#records[this.#taken]
  }

  get isEmpty(): boolean {
    return this.#taken === this.#records.length
  }

  add(records: readonly SourceRecord[], upTo: number, now: number): void {
    // After a join, what was on its way already may come from further back than reading went on from.
    const news = (records[0]?.offset ?? upTo) >= this.upTo ? records : records.filter(({ offset }) => offset >= this.upTo)
    this.#records = this.isEmpty ? news : [...this.#records.slice(this.#taken), ...news]
    this.#taken = 0
    this.upTo = Math.max(this.upTo, upTo)
    this.fetchedAt = now
  }

  clear(): void {
    this.#records = NOTHING
    this.#taken = 0
  }

  /** The oldest one was taken in. */
  shift(): void {
    this.#taken += 1
    if (this.isEmpty) this.clear()
  }
}

const NOTHING: readonly SourceRecord[] = []
