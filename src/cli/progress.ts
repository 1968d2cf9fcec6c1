/** A line at most so often: on a terminal it is read, in a log it must not drown the rest. */
const EVERY_MS = 3_000

/** Says on long work how much is done, how fast, and how long the rest will take. */
export class Progress {
  readonly #total: number
  readonly #say: (line: string) => void
  readonly #startedAt = performance.now()
  #saidAt = this.#startedAt
  #done = 0

  constructor(total: number, say: (line: string) => void) {
    this.#total = total
    this.#say = say
  }

  add(count: number): void {
    this.#done += count
    const now = performance.now()
    if (now - this.#saidAt < EVERY_MS) return
    this.#saidAt = now
    const rate = (this.#done * 1_000) / (now - this.#startedAt)
    const left = Math.ceil((this.#total - this.#done) / Math.max(rate, 1))
    this.#say(`${this.#done} of ${this.#total} records read, ${Math.round(rate)} a second, about ${left} s left`)
  }
}
