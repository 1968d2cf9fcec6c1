/**
 * Which offsets from a commit point on have their outcome: lengths of runs, by turns of offsets that are open and of offsets that are
 * done, the first run open. What lies behind the last run is open. Offsets that hold no record count with the one before them.
 */
export type OffsetRuns = readonly number[]

/** Where a partition's reading goes on, and what behind it needs no second delivery. */
export interface ResumePoint {
  readonly offset: number
  readonly runs: OffsetRuns
}

/** Answers for offsets in rising order whether they were done before. */
export class DoneBefore {
  #runs: OffsetRuns
  /** First offset of run #at. */
  #start: number
  #at = 0

  constructor({ offset, runs }: ResumePoint) {
    this.#start = offset
    this.#runs = runs
  }

  has(offset: number): boolean {
    // Before the commit point: it was committed after this partition's reading position was looked up.
    if (offset < this.#start) return this.#at === 0
    while (this.#at < this.#runs.length && offset >= this.#start + (this.#runs[this.#at] as number)) {
      this.#start += this.#runs[this.#at] as number
      this.#at += 1
    }
    return this.#at < this.#runs.length && this.#at % 2 === 1
  }
}
