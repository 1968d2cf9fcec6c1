import type { Answer } from '../core/outcome.ts'

/** From one halving to the next, milliseconds: what was in flight together fails together, and means one halving. */
const HALVE_EVERY_MS = 1_000
/** It is never halved below this part: with a single request in flight, one that hangs stops all. */
const LEAST_SHARE = 1 / 16
/** So long it takes from nothing to the whole, milliseconds, while requests are answered well. */
const GROW_MS = 20_000
/** Of the answers of late: single records that fail by themselves are no sign of overload. */
const FAILING_SHARE = 0.25
const LATE_ANSWERS = 16
/** What a fixed rate may save up while nothing is sent, milliseconds. */
const BURST_MS = 100

export interface PaceOptions {
  /** Requests in flight. */
  readonly maxInFlight: number
  /** 0: no fixed limit. */
  readonly requestsPerSecond: number
}

/** How many requests may be in flight, and when the next may go: less when the tracker asks for it or fails, and slowly more again. Times are epoch ms. */
export class Pace {
  readonly #max: number
  readonly #intervalMs: number
  #limit: number
  #halvedAt = Number.NEGATIVE_INFINITY
  #grownAt = 0
  /** Of the last answers, how many failed, from 0 to 1. */
  #failing = 0
  #asked: { readonly until: number; readonly since: number; readonly detail: string } | undefined
  /** The next request of a fixed rate. */
  #nextAt = 0

  constructor({ maxInFlight, requestsPerSecond }: PaceOptions) {
    this.#max = maxInFlight
    this.#limit = maxInFlight
    this.#intervalMs = requestsPerSecond > 0 ? 1_000 / requestsPerSecond : 0
  }

  /** Requests that may be in flight. */
  get limit(): number {
    return Math.max(1, Math.floor(this.#limit))
  }

  /** The tracker's wish for fewer requests, from the first 429 to the first 200 that follows. */
  get asked(): { readonly since: number; readonly detail: string } | undefined {
    return this.#asked
  }

  /** When a request may go at the earliest; in the past: now. */
  goesAt(now: number): number {
    // Where the clock was set back, it must not stand for as long.
    this.#nextAt = Math.min(this.#nextAt, now + this.#intervalMs)
    return Math.max(this.#asked?.until ?? 0, this.#nextAt)
  }

  /** A request goes. */
  went(now: number): void {
    if (this.#intervalMs > 0) this.#nextAt = Math.max(this.#nextAt, now - BURST_MS) + this.#intervalMs
  }

  /** The answer to a request that went at `startedAt`. */
  answered(answer: Answer, startedAt: number, now: number): void {
    const fails = answer.kind === 'retry' && answer.reason === 'unavailable'
    this.#failing += ((fails ? 1 : 0) - this.#failing) / LATE_ANSWERS
    if (answer.kind === 'pace') this.#ask(answer, now)
    if (answer.kind === 'pace' || (fails && this.#failing > FAILING_SHARE)) this.#halve(now)
    if (answer.kind === 'delivered') this.#grow(startedAt, now)
  }

  /** The tracker is back: what it could not do while it was down says nothing of what it can do now. */
  recovered(): void {
    this.#limit = Math.max(this.#limit, this.#max / 2)
    this.#failing = 0
  }

  #ask({ afterMs, detail }: Extract<Answer, { kind: 'pace' }>, now: number): void {
    const until = Math.max(this.#asked?.until ?? 0, now + afterMs)
    this.#asked = { until, since: this.#asked?.since ?? now, detail }
  }

  #halve(now: number): void {
    if (now - this.#halvedAt < HALVE_EVERY_MS) return
    this.#halvedAt = now
    this.#grownAt = now
    this.#limit = Math.max(1, this.#max * LEAST_SHARE, this.#limit / 2)
  }

  #grow(startedAt: number, now: number): void {
    // One that went before the wish was heard does not say that it is over.
    if (this.#asked !== undefined && startedAt >= this.#asked.until) this.#asked = undefined
    if (this.#limit === this.#max) return
    // After a pause it does not jump: no more than a second's growth at once.
    const elapsedMs = Math.min(now - this.#grownAt, HALVE_EVERY_MS)
    this.#limit = Math.min(this.#max, this.#limit + (this.#max * elapsedMs) / GROW_MS)
    this.#grownAt = now
  }
}
