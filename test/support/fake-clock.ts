import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import type { Clock, Timer } from '../../src/core/clock.ts'

interface Pending {
  readonly at: number
  readonly run: () => void
}

/** Time that moves when the test says so. Timers of one instant run in the order in which they were set. */
export class FakeClock implements Clock {
  #now: number
  readonly #pending = new Set<Pending>()

  constructor(now = 1_700_000_000_000) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  set(run: () => void, delayMs: number): Timer {
    assert.ok(delayMs >= 0 && Number.isFinite(delayMs), `a timer was set with a delay of ${delayMs}`)
    const timer: Pending = { at: this.#now + delayMs, run }
    this.#pending.add(timer)
    return timer
  }

  clear(timer: Timer): void {
    this.#pending.delete(timer as Pending)
  }

  /** Timers that were set and have neither run nor been cleared. */
  get pending(): number {
    return this.#pending.size
  }

  /** Time that some work takes, during which no timer can run. */
  work(ms: number): void {
    this.#now += ms
  }

  /** Lets time pass; every timer that becomes due runs at its instant, and what it brings about is settled before the next. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await settled()
    while (await this.step(until));
    this.#now = until
  }

  /** Runs one timer after the other until `done`; fails when none is left or `withinMs` of the fake time have passed. */
  async runUntil(done: () => boolean, withinMs = 3_600_000): Promise<void> {
    const until = this.#now + withinMs
    await settled()
    while (!done()) {
      assert.ok(await this.step(until), `stuck: ${this.#pending.size} timers are pending, none of them due within ${withinMs} ms`)
    }
  }

  /** Runs the next timer that is due by `until`, and settles. Says whether there was one. */
  async step(until = Number.POSITIVE_INFINITY): Promise<boolean> {
    let next: Pending | undefined
    for (const timer of this.#pending) if (next === undefined || timer.at < next.at) next = timer
    if (next === undefined || next.at > until) return false
    this.#pending.delete(next)
    this.#now = next.at
    next.run()
    await settled()
    return true
  }
}

/** Resolves when every promise that can go on without a timer or the outside has done so. */
export async function settled(): Promise<void> {
  await setImmediate()
}
