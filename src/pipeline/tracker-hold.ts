import type { Clock } from '../core/clock.ts'
import type { Answer } from '../core/outcome.ts'
import type { Held, Probe, ProbeTimes } from './hold.ts'
import { Hold } from './hold.ts'

export interface TrackerHoldOptions {
  readonly clock: Clock
  /** So many failures in a row, over all lanes, mean that the tracker is down; undefined: none do. */
  readonly failures: number | undefined
  readonly times: ProbeTimes
  /** A probe may go. */
  readonly onDue: () => void
}

/** Why everything waits. */
export type TrackerHeld = Held & { readonly why: 'down' | 'misconfigured'; readonly isProbing: boolean }

/** Holds everything back while the tracker is down, or answers as if we spoke to the wrong place. */
export class TrackerHold {
  readonly #hold: Hold
  readonly #failuresMax: number
  #failures = 0
  #why: TrackerHeld['why'] = 'down'

  constructor({ failures = Number.POSITIVE_INFINITY, ...options }: TrackerHoldOptions) {
    this.#failuresMax = failures
    this.#hold = new Hold(options)
  }

  /** Undefined: nothing is held. */
  get held(): TrackerHeld | undefined {
    const { held, kind } = this.#hold
    return held === undefined ? undefined : { ...held, why: this.#why, isProbing: kind === 'probing' }
  }

  get admits(): boolean {
    return this.#hold.admits
  }

  /** A request goes; undefined: it is no probe. */
  go(): Probe | undefined {
    return this.#hold.go()
  }

  /** `isOwn`: others are answered well, so that it is this request's own trouble. */
  answered(answer: Answer, { probe, isOwn }: { probe: Probe | undefined; isOwn: boolean }): void {
    if (answer.kind === 'delivered') {
      this.#failures = 0
      this.#hold.close()
    } else if (answer.kind === 'retry') {
      this.#failures += 1
      if (this.#failures >= this.#failuresMax) this.#fails('down', answer.detail, probe)
    } else if (answer.kind === 'halt' && answer.reason === 'misconfigured' && !isOwn) {
      this.#fails('misconfigured', answer.detail, probe)
    }
    // Where nothing was decided above.
    if (probe !== undefined) this.#hold.undecided(probe)
  }

  /** A probe came to nothing. */
  undecided(probe: Probe): void {
    this.#hold.undecided(probe)
  }

  stop(): void {
    this.#hold.stop()
  }

  #fails(why: TrackerHeld['why'], detail: string, probe: Probe | undefined): void {
    if (this.#hold.kind === 'closed') {
      this.#why = why
      this.#hold.open(detail)
    } else if (probe !== undefined && this.#hold.failed(probe, detail)) {
      // What went before it was held, and is answered now, says nothing new.
      this.#why = why
    }
  }
}
