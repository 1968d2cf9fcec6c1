/** Time as an argument: the pipeline never reads it from the machine, so that a simulation can own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls `run` once after `delayMs`; `clear` prevents that, and takes undefined too. */
  set(run: () => void, delayMs: number): Timer
  clear(timer: Timer): void
}

/** What `set` hands out; opaque to everybody else. */
export type Timer = unknown

export const systemClock: Clock = {
  now: Date.now,
  set: (run, delayMs) => setTimeout(run, delayMs),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout),
}
