import type { Clock } from '../../../src/core/clock.ts'

/** One direction of a connection: what is sent arrives later, in its order, and not at all once the wire is cut. */
export class Wire {
  readonly #clock: Clock
  readonly #latencyMs: () => number
  #lastArrival = 0
  #isCut = false

  constructor(clock: Clock, latencyMs: () => number) {
    this.#clock = clock
    this.#latencyMs = latencyMs
  }

  carry(arrive: () => void): void {
    const now = this.#clock.now()
    this.#lastArrival = Math.max(this.#lastArrival, now + this.#latencyMs())
    this.#clock.set(() => {
      if (!this.#isCut) arrive()
    }, this.#lastArrival - now)
  }

  cut(): void {
    this.#isCut = true
  }
}
