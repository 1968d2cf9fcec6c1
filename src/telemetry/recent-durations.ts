/** How many of the last ones are looked at. */
const KEPT = 1_024

/** The last durations, for quantiles of now rather than of all time. */
export class RecentDurations {
  readonly #ring = new Float64Array(KEPT)
  #count = 0

  add(ms: number): void {
    this.#ring[this.#count % KEPT] = ms
    this.#count += 1
  }

  /** `share` from 0 to 1, like 0.99. Undefined: there was none yet. */
  quantile(share: number): number | undefined {
    const sorted = this.#ring.slice(0, Math.min(this.#count, KEPT)).sort()
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  }
}
