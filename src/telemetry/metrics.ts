import type { Histogram } from 'prom-client'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { BucketHistogram } from './bucket-histogram.ts'
import type { CounterName, GaugeName, HistogramName, MetricDefinition } from './metric-definitions.ts'
import { METRIC_PREFIX, metricDefinitions } from './metric-definitions.ts'

export type Labels = Readonly<Record<string, string | number>>

export interface Sample {
  readonly labels: Labels
  readonly value: number
}

/** Finer than what would matter of a delay, and nothing to an idle service. */
const LOOP_DELAY_EVERY_MS = 50

/** What Prometheus reads. Counters move once a batch; gauges are set when somebody asks. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #counters = new Map<string, Counter>()
  readonly #histograms = new Map<string, BucketHistogram>()
  readonly #gauges = new Map<string, Gauge>()

  constructor() {
    for (const definition of metricDefinitions) this.#add(definition)
    // Of the runtime, under its usual names. Every look at the event loop's delay wakes an idle process; its own default is a hundred a second.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: LOOP_DELAY_EVERY_MS })
  }

  #add({ name: plain, kind, labels, help, buckets }: MetricDefinition): void {
    const name = METRIC_PREFIX + plain
    const options = { name, help, labelNames: [...labels], registers: [this.#registry] }
    if (kind === 'counter') this.#counters.set(plain, new Counter(options))
    if (kind === 'gauge') this.#gauges.set(plain, new Gauge(options))
    if (kind !== 'histogram') return
    const histogram = new BucketHistogram({ name, help, bounds: buckets ?? [] })
    this.#histograms.set(plain, histogram)
    // All that the registry asks of a metric is its `get`.
    this.#registry.registerMetric(histogram as unknown as Histogram)
  }

  add(name: CounterName, labels: Labels, count = 1): void {
    this.#counters.get(name)?.inc(labels, count)
  }

  /** Sets a counter that is kept elsewhere, because it moves with single records. */
  total(name: CounterName, samples: readonly Sample[]): void {
    const counter = this.#counters.get(name)
    counter?.reset()
    for (const { labels, value } of samples) counter?.inc(labels, value)
  }

  /** For a loop that must not look it up each time. */
  histogram(name: HistogramName): BucketHistogram {
    return this.#histograms.get(name) as BucketHistogram
  }

  /** Sets all series of a gauge; others of before are gone. */
  set(name: GaugeName, samples: readonly Sample[]): void {
    const gauge = this.#gauges.get(name)
    gauge?.reset()
    for (const { labels, value } of samples) gauge?.set(labels, value)
  }

  /** The exposition format, and its content type. */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() }
  }
}
