import type { DeadLetter } from './ports.ts'

/** Names counted apart; anybody may write headers, so what comes beyond is counted together. */
const NAMES_MAX = 1_000
const OTHERS = '(others)'
/** The header that would tell is missing. */
export const UNKNOWN = '(unknown)'

/** Counts dead letters by reason and by the topic where they first stood. */
export class Tally {
  total = 0
  readonly #byReason = new Map<string, number>()
  readonly #byTopic = new Map<string, number>()

  add({ reason = UNKNOWN, history }: DeadLetter): void {
    this.total += 1
    count(this.#byReason, reason)
    count(this.#byTopic, history.origin.topic)
  }

  /** Most first, then by name. */
  get byReason(): Readonly<Record<string, number>> {
    return ranked(this.#byReason)
  }

  get byTopic(): Readonly<Record<string, number>> {
    return ranked(this.#byTopic)
  }
}

function count(counts: Map<string, number>, name: string): void {
  const known = counts.has(name) || counts.size < NAMES_MAX ? name : OTHERS
  counts.set(known, (counts.get(known) ?? 0) + 1)
}

function ranked(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].toSorted(([a, more], [b, less]) => less - more || (a < b ? -1 : 1)))
}
