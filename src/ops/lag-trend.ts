/** How long it is looked back. */
const SPAN_MS = 60_000
/** Before so long nothing is said. */
const LEAST_MS = 30_000
/** Growth of fewer records than these is no growth. */
const LEAST_RECORDS = 1_000
const LEAST_SHARE = 1.1

/** Whether the lag grows: it is larger by a tenth, and a thousand records, than up to a minute ago, and is at its highest or near it. */
export class LagTrend {
  #samples: readonly { readonly at: number; readonly lag: number }[] = []
  #since: number | undefined

  /** To be called every few seconds. */
  add(lag: number, at: number): void {
    this.#samples = [...this.#samples.filter((sample) => at - sample.at <= SPAN_MS), { at, lag }]
    const [first] = this.#samples
    const grows =
      first !== undefined &&
      at - first.at >= LEAST_MS &&
      lag - first.lag >= LEAST_RECORDS &&
      lag >= first.lag * LEAST_SHARE &&
      lag >= 0.9 * Math.max(...this.#samples.map((sample) => sample.lag))
    this.#since = grows ? (this.#since ?? first.at) : undefined
  }

  /** Since when it grows, epoch ms. */
  get since(): number | undefined {
    return this.#since
  }
}
