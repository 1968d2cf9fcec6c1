/** A histogram without labels that allocates nothing for an observation, which prom-client's own does. */
export class BucketHistogram {
  readonly name: string
  readonly help: string
  readonly #bounds: readonly number[]
  readonly #counts: Float64Array
  #sum = 0

  /** `bounds`: upper bounds of the buckets, rising; one for all above is added. */
  constructor({ name, help, bounds }: { name: string; help: string; bounds: readonly number[] }) {
    this.name = name
    this.help = help
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    let bucket = 0
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] as number)) bucket += 1
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1
    this.#sum += value
  }

  /** As prom-client's registry asks a metric. */
  get(): Promise<object> {
    const { name, help } = this
    let count = 0
    const values: object[] = []
    for (const [bucket, bound] of [...this.#bounds, Number.POSITIVE_INFINITY].entries()) {
      count += this.#counts[bucket] as number
      const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound)
      values.push({ metricName: `${name}_bucket`, labels: { le }, value: count })
    }
    values.push(
      { metricName: `${name}_sum`, labels: {}, value: this.#sum },
      { metricName: `${name}_count`, labels: {}, value: count },
    )
    return Promise.resolve({ name, help, type: 'histogram', values, aggregator: 'sum' })
  }

  /** Forgets nothing: the registry calls it where it starts over, which ours never does. */
  reset(): void {}
}
