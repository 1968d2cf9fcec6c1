export interface StallLimits {
  /** Without a commit that succeeds, though there is something to commit. */
  readonly commitMs: number
  /** Without the end of a fetch. */
  readonly fetchMs: number
  /** From the beginning of a join to the partitions. */
  readonly joinMs: number
}

/** What does not go on: `commits` are wanted and none succeeds, no `fetches` end, or a `join` does not. */
export type Stall = 'commits' | 'fetches' | 'join'

/** A session of its own accord recovers sooner than this, or never. */
const SHORTEST_MS = 60_000
/** Of the wait for commits, which doubles while new sessions bring none: each of them sends again what was not committed. */
const DOUBLED_MAX = 5

export function stallLimits(group: { sessionTimeoutMs: number; rebalanceTimeoutMs: number }): StallLimits {
  const { sessionTimeoutMs, rebalanceTimeoutMs } = group
  const loopMs = Math.max(SHORTEST_MS, 2 * sessionTimeoutMs)
  // The others may take the whole of the rebalance time-out, and one that is gone is waited for until its session ends.
  return { commitMs: loopMs, fetchMs: loopMs, joinMs: Math.max(loopMs, rebalanceTimeoutMs + sessionTimeoutMs) }
}

/** Decides whether a member's session has come to a stand. All times are epoch ms, and come in as arguments. */
export class SessionWatch {
  readonly #limits: StallLimits
  /** Undefined: nothing waits to be committed. */
  #uncommittedSince: number | undefined
  #movedAt = 0
  /** Undefined: the partitions are handed out, or no session was begun yet. */
  #joiningSince: number | undefined
  #isBegun = false
  /** Sessions in a row that ended since nothing could be committed. */
  #inVain = 0

  constructor(limits: StallLimits) {
    this.#limits = limits
  }

  /** A new session is on its way to the group, or an old one joins again. */
  joining(now: number): void {
    this.#isBegun = true
    this.#joiningSince = now
  }

  /** The partitions are handed out; what was before counts no more. */
  assigned(now: number): void {
    this.#joiningSince = undefined
    this.#uncommittedSince = undefined
    this.#movedAt = now
  }

  /** A fetch has ended. */
  moved(now: number): void {
    this.#movedAt = now
  }

  /** A commit begins. */
  committing(now: number): void {
    this.#uncommittedSince ??= now
  }

  committed(): void {
    this.#uncommittedSince = undefined
    this.#inVain = 0
  }

  /** The session was given up for this. */
  gaveUp(stall: Stall): void {
    if (stall === 'commits') this.#inVain += 1
  }

  /** `brokersAnswerSince` undefined: nobody answers, and a new session would come no further. */
  stall(now: number, brokersAnswerSince: number | undefined): Stall | undefined {
    if (!this.#isBegun || brokersAnswerSince === undefined) return undefined
    const lasts = (since: number, ms: number): boolean => now - Math.max(since, brokersAnswerSince) > ms
    const { commitMs, fetchMs, joinMs } = this.#limits
    if (this.#joiningSince !== undefined) return lasts(this.#joiningSince, joinMs) ? 'join' : undefined
    if (lasts(this.#movedAt, fetchMs)) return 'fetches'
    const doubled = 2 ** Math.min(this.#inVain, DOUBLED_MAX)
    if (this.#uncommittedSince !== undefined && lasts(this.#uncommittedSince, doubled * commitMs)) return 'commits'
    return undefined
  }
}
