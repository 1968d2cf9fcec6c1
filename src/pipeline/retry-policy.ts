export interface InPlaceRetry {
  /** Deliveries tried in place before the records are parked. */
  readonly attempts: number
  /** Milliseconds; the first back-off is somewhere between 0 and this. */
  readonly delayMs: number
  /** Milliseconds; no back-off is longer. */
  readonly maxDelayMs: number
}

/**
 * Full jitter: anywhere between nothing and the exponential ceiling, so that lanes which failed together do not come back together.
 * `attempts` have failed; `random` is in [0, 1).
 */
export function backoffMs(policy: InPlaceRetry, attempts: number, random: number): number {
  return Math.floor(random * Math.min(policy.maxDelayMs, policy.delayMs * 2 ** Math.max(0, attempts - 1)))
}

/**
 * How long a batch waits that is held for our own fault (token, endpoint): nothing is gained by asking often, but the cure
 * should be noticed within a minute. The jitter spreads the lanes.
 */
export function holdMs(holds: number, random: number): number {
  return Math.floor(Math.min(60_000, 5_000 * 2 ** Math.max(0, holds - 1)) * (0.5 + random / 2))
}
