import type { Clock, Timer } from '../core/clock.ts'

/** Milliseconds between probes: the first waits `afterMs`, each further one twice as long, none longer than `maxMs`. */
export interface ProbeTimes {
  readonly afterMs: number
  readonly maxMs: number
}

/** What is held, since when (epoch ms), and what was said last. */
export interface Held {
  readonly since: number
  readonly detail: string
}

/** A request that goes to find out whether it is over; its answer tells nothing of what began to be held after it. */
export interface Probe {
  /** Since when it is held, epoch ms. */
  readonly since: number
}

type State =
  | { readonly kind: 'closed' }
  /** Nothing goes until the timer rings. */
  | (Held & { readonly kind: 'open'; readonly delayMs: number; readonly timer: Timer })
  /** One request may go. */
  | (Held & { readonly kind: 'due'; readonly delayMs: number })
  /** It is on its way. */
  | (Held & { readonly kind: 'probing'; readonly delayMs: number; readonly probe: Probe })

export interface HoldOptions {
  readonly clock: Clock
  readonly times: ProbeTimes
  /** A probe may go. */
  readonly onDue: () => void
}

/** Holds requests back, but for a probe now and then, until one is answered well. */
export class Hold {
  readonly #options: HoldOptions
  #state: State = { kind: 'closed' }

  constructor(options: HoldOptions) {
    this.#options = options
  }

  get kind(): State['kind'] {
    return this.#state.kind
  }

  /** Undefined: nothing is held. */
  get held(): Held | undefined {
    return this.#state.kind === 'closed' ? undefined : heldOf(this.#state)
  }

  /** Whether a request may go: all may, or the one that is a probe. */
  get admits(): boolean {
    return this.#state.kind === 'closed' || this.#state.kind === 'due'
  }

  /** Begins to hold. */
  open(detail: string): void {
    const { clock, times } = this.#options
    if (this.#state.kind === 'closed') this.#wait({ since: clock.now(), detail }, times.afterMs)
  }

  /** A request goes; undefined: it is no probe. */
  go(): Probe | undefined {
    if (this.#state.kind !== 'due') return undefined
    const probe = { since: this.#state.since }
    this.#state = { ...this.#state, kind: 'probing', probe }
    return probe
  }

  /** Whether that is the probe that is under way. */
  awaits(probe: Probe): boolean {
    return this.#state.kind === 'probing' && this.#state.probe === probe
  }

  /** The probe has failed. False: it was to find out about something else, which is over. */
  failed(probe: Probe, detail: string): boolean {
    if (this.#state.kind !== 'probing' || this.#state.probe !== probe) return false
    const { since, delayMs } = this.#state
    this.#wait({ since, detail }, Math.min(delayMs * 2, this.#options.times.maxMs))
    return true
  }

  /** The probe was answered with what tells neither that it is over nor that it is not: the next one waits no longer than the first. */
  undecided(probe: Probe): void {
    if (this.#state.kind === 'probing' && this.#state.probe === probe) this.#wait(this.#state, this.#options.times.afterMs)
  }

  /** It is over. */
  close(): void {
    this.stop()
    this.#state = { kind: 'closed' }
  }

  /** No probe becomes due any more. */
  stop(): void {
    if (this.#state.kind === 'open') this.#options.clock.clear(this.#state.timer)
  }

  #wait({ since, detail }: Held, delayMs: number): void {
    const { clock, onDue } = this.#options
    const ring = (): void => {
      if (this.#state.kind === 'open') this.#state = { ...heldOf(this.#state), kind: 'due', delayMs }
      onDue()
    }
    this.#state = { kind: 'open', since, detail, delayMs, timer: clock.set(ring, delayMs) }
  }
}

const heldOf = ({ since, detail }: Held): Held => ({ since, detail })
