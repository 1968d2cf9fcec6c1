/** What the configuration says of the pipeline. */
import type { Config } from './config/config.ts'
import type { LaneLimits } from './pipeline/lane-context.ts'
import type { PipelineOptions } from './pipeline/pipeline.ts'
import { bodyBytes } from './tracker/request.ts'

/** Of an app that is refused, and of an endpoint that is wrong, where no breaker says when to try again. */
const PROBE_AFTER_MS = 5_000
const PROBE_MAX_MS = 60_000

export function laneLimits({ batch, retry, delivery }: Config): LaneLimits {
  return {
    batch: { maxEvents: batch.maxEvents, maxBytes: batch.maxBytes, lingerMs: batch.linger, bodyBytes },
    retry: { attempts: retry.inPlace.attempts, delayMs: retry.inPlace.delay, maxDelayMs: retry.inPlace.maxDelay },
    giveUpMs: retry.giveUp,
    ordering: delivery.ordering,
    maxInFlight: delivery.maxInFlightPerPartition,
    windowEvents: delivery.windowEvents,
  }
}

export function gateOptions({ delivery, breaker }: Config): PipelineOptions['gate'] {
  const { maxInFlight, requestsPerSecond } = delivery
  const { failures, probeAfter } = breaker === 'off' ? { failures: undefined, probeAfter: PROBE_AFTER_MS } : breaker
  return { maxInFlight, requestsPerSecond, failures, probes: { afterMs: probeAfter, maxMs: PROBE_MAX_MS } }
}
