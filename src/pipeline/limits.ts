/** Called when what was refused may be had again. The same function every time, so that one who waits is queued once. */
export type Wake = () => void

/** Requests that may be in flight. Who finds none free is woken when one is given back. */
export interface Permits {
  take(wake: Wake): boolean
  give(): void
}

/** While first deliveries wait, one of so many permits given back goes to a retried one. */
const RETRIED_SHARE = 10

/**
 * The permits of a process, over all lanes. First deliveries go before retried ones, which still get their share: a tier that is never
 * emptied would only grow. Within each kind, those who wait are woken in turn, one for each permit given back.
 */
export class PermitPool {
  readonly first: Permits
  readonly retried: Permits
  #free: number
  readonly #waitingFirst = new Set<Wake>()
  readonly #waitingRetried = new Set<Wake>()
  /** Permits that first deliveries took while retried ones waited, since one of those got one. */
  #passedOver = 0

  constructor(permits: number) {
    this.#free = permits
    const give = (): void => this.#give()
    this.first = { give, take: (wake) => this.#takeFirst(wake) }
    this.retried = { give, take: (wake) => this.#takeRetried(wake) }
  }

  #takeFirst(wake: Wake): boolean {
    if (!this.#take(wake, this.#waitingFirst)) return false
    if (this.#waitingRetried.size > 0) this.#passedOver += 1
    return true
  }

  #takeRetried(wake: Wake): boolean {
    if (!this.#take(wake, this.#waitingRetried)) return false
    this.#passedOver = 0
    return true
  }

  #take(wake: Wake, waiting: Set<Wake>): boolean {
    if (this.#free > 0) {
      this.#free -= 1
      return true
    }
    waiting.add(wake)
    return false
  }

  #give(): void {
    this.#free += 1
    for (let waiting = this.#nextWaiting(); waiting !== undefined && this.#free > 0; waiting = this.#nextWaiting()) {
      const wake = waiting.values().next().value as Wake
      waiting.delete(wake)
      wake()
    }
  }

  #nextWaiting(): Set<Wake> | undefined {
    const [first, retried] = [this.#waitingFirst, this.#waitingRetried]
    const isRetriedNext = retried.size > 0 && (first.size === 0 || this.#passedOver >= RETRIED_SHARE - 1)
    if (isRetriedNext) return retried
    return first.size > 0 ? first : undefined
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
