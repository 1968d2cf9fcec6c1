import type { Clock, Timer } from '../core/clock.ts'

/** One timer, set for the earliest of the times that were asked for. It may ring early: whoever is woken looks at the time again. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #set: { readonly timer: Timer; readonly at: number } | undefined

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Rings at `time`, epoch ms, or before. Undefined: nothing is asked for. */
  at(time: number | undefined): void {
    // One that is early is kept, so that there is one timer however many things are waited for.
    if (time === undefined || (this.#set !== undefined && this.#set.at <= time)) return
    this.clear()
    const ring = (): void => {
      this.#set = undefined
      this.#ring()
    }
    this.#set = { timer: this.#clock.set(ring, Math.max(0, time - this.#clock.now())), at: time }
  }

  clear(): void {
    this.#clock.clear(this.#set?.timer)
    this.#set = undefined
  }
}
