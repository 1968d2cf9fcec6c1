import type { Clock, Timer } from '../../src/core/clock.ts'

/** The clock as one process sees it: once that is killed, none of its timers rings any more. */
export class InstanceClock implements Clock {
  readonly #clock: Clock
  readonly #timers = new Set<Timer>()
  #isKilled = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  set(run: () => void, delayMs: number): Timer {
    if (this.#isKilled) return undefined
    const timer = this.#clock.set(() => {
      this.#timers.delete(timer)
      run()
    }, delayMs)
    this.#timers.add(timer)
    return timer
  }

  clear(timer: Timer): void {
    this.#timers.delete(timer)
    this.#clock.clear(timer)
  }

  kill(): void {
    this.#isKilled = true
    for (const timer of this.#timers) this.#clock.clear(timer)
  }
}
