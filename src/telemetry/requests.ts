import type { Request } from './happenings.ts'
import type { Metrics } from './metrics.ts'
import { RecentDurations } from './recent-durations.ts'

/** Requests to the tracker, as they are seen on the way out. */
export class Requests {
  /** Milliseconds. */
  readonly durations = new RecentDurations()
  /** By the status of their answers; `none`: no answer came. */
  readonly answers: Record<string, number> = {}
  /** Without an answer yet. */
  inFlight = 0
  readonly #metrics: Metrics

  constructor(metrics: Metrics) {
    this.#metrics = metrics
  }

  started(): void {
    this.inFlight += 1
  }

  ended({ method, status, hits, bytes, durationMs }: Request): void {
    this.inFlight -= 1
    const said = status === 0 ? 'none' : String(status)
    this.answers[said] = (this.answers[said] ?? 0) + 1
    this.durations.add(durationMs)
    this.#metrics.add('requests_total', { method, status: said })
    this.#metrics.histogram('request_duration_seconds').observe(durationMs / 1_000)
    this.#metrics.histogram('batch_events').observe(hits)
    this.#metrics.histogram('batch_bytes').observe(bytes)
  }
}
