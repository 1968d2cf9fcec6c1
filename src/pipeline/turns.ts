/** Called when what was refused may be had again. The same function every time, so that one who waits is queued once. */
export type Wake = () => void

/** First deliveries, or what was parked and comes again. */
export type Kind = 'first' | 'retried'

/** While first deliveries wait, one of so many turns goes to a retried one. */
const RETRIED_SHARE = 10

/**
 * Who waits to send. First deliveries go before retried ones, which still get their share: a tier that is never emptied would only grow.
 * Within each kind, those who wait are woken in turn.
 */
export class Turns {
  readonly #waiting: Readonly<Record<Kind, Set<Wake>>> = { first: new Set(), retried: new Set() }
  /** Turns that first deliveries took while retried ones waited, since one of those got one. */
  #passedOver = 0

  wait(kind: Kind, wake: Wake): void {
    this.#waiting[kind].add(wake)
  }

  took(kind: Kind): void {
    if (kind === 'retried') this.#passedOver = 0
    else if (this.#waiting.retried.size > 0) this.#passedOver += 1
  }

  /** Wakes one after the other, until nothing more may go or nobody waits. */
  wakeWhile(admits: () => boolean): void {
    for (let waiting = this.#next(); waiting !== undefined && admits(); waiting = this.#next()) {
      const wake = waiting.values().next().value as Wake
      waiting.delete(wake)
      wake()
    }
  }

  #next(): Set<Wake> | undefined {
    const { first, retried } = this.#waiting
    const isRetriedNext = retried.size > 0 && (first.size === 0 || this.#passedOver >= RETRIED_SHARE - 1)
    if (isRetriedNext) return retried
    return first.size > 0 ? first : undefined
  }
}
