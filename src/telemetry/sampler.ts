/** One line each of these many milliseconds for happenings that are alike. */
const EVERY_MS = 10_000
/** Kinds of happening that are told apart; beyond it all are forgotten, and a line too many is written. */
const KINDS_MAX = 1_000

/** Lets one of many like happenings through, with the number that were held back since the last. */
export class Sampler {
  readonly #now: () => number
  readonly #kinds = new Map<string, { since: number; held: number }>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** How many were held back before this one; undefined: this one is held back too. */
  take(kind: string): number | undefined {
    const now = this.#now()
    const seen = this.#kinds.get(kind)
    if (seen !== undefined && now - seen.since < EVERY_MS) {
      seen.held += 1
      return undefined
    }
    if (this.#kinds.size >= KINDS_MAX) this.#kinds.clear()
    this.#kinds.set(kind, { since: now, held: 0 })
    return seen?.held ?? 0
  }

  /** It is over: the next one is said at once. */
  forget(kind: string): void {
    this.#kinds.delete(kind)
  }
}
