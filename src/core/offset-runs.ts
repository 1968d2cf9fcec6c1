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

  /** The runs behind `point`, known up to the offset `readTo`, with what was done before from there on: nobody has read it again yet. */
  behind({ offset, runs }: ResumePoint, readTo: number): OffsetRuns {
    const whole = [...runs]
    let end = runs.reduce((sum, length) => sum + length, offset)
    let start = this.#start
    for (let at = this.#at; at < this.#runs.length; at += 1) {
      const next = start + (this.#runs[at] as number)
      const from = Math.max(start, readTo)
      if (at % 2 === 1 && next > from) {
        if (from === end && whole.length > 0) whole.push((whole.pop() as number) + next - from)
        else whole.push(from - end, next - from)
        end = next
      }
      start = next
    }
    return whole
  }
}
