/** Called when what was refused may be had again. The same function every time, so that one who waits is queued once. */
export type Wake = () => void

/** Requests that may be in flight, over all lanes. Lanes that find none free are woken in turn, one for each permit given back. */
export class Permits {
  #free: number
  readonly #waiting = new Set<Wake>()

  constructor(permits: number) {
    this.#free = permits
  }

  take(wake: Wake): boolean {
    if (this.#free > 0) {
      this.#free -= 1
      return true
    }
    this.#waiting.add(wake)
    return false
  }

  give(): void {
    this.#free += 1
    for (const wake of this.#waiting) {
      this.#waiting.delete(wake)
      wake()
      if (this.#free === 0) return
    }
  }
}

/** Bytes that all windows hold together: raw records plus serialised hits. A lane with nothing open may always go on, or one large record would stop it for ever. */
export class WindowBytes {
  #used = 0
  readonly #max: number
  readonly #waiting = new Set<Wake>()

  constructor(max: number) {
    this.#max = max
  }

  get used(): number {
    return this.#used
  }

  hasRoom(wake: Wake): boolean {
    if (this.#used < this.#max) return true
    this.#waiting.add(wake)
    return false
  }

  take(bytes: number): void {
    this.#used += bytes
  }

  give(bytes: number): void {
    this.#used -= bytes
    if (this.#waiting.size === 0 || this.#used >= this.#max) return
    const woken = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of woken) wake()
  }
}
