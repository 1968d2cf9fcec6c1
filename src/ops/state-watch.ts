import type { State, Verdict } from './verdict.ts'

/** A state is said once it has lasted: one that flickers is not worth a line each time. */
const SETTLED_MS = 2_000

/** Since when the state is what it is, and which changes are worth a line. */
export class StateWatch {
  readonly #onChange: (verdict: Verdict) => void
  #state: State = 'starting'
  #since: number
  #said: State = 'starting'

  constructor(now: number, onChange: (verdict: Verdict) => void) {
    this.#since = now
    this.#onChange = onChange
  }

  /** Epoch ms. */
  get since(): number {
    return this.#since
  }

  /** To be called now and then, and whenever somebody asks. */
  look(verdict: Verdict, now: number): void {
    if (verdict.state !== this.#state) {
      this.#state = verdict.state
      this.#since = now
    }
    if (verdict.state === this.#said || now - this.#since < SETTLED_MS) return
    this.#said = verdict.state
    this.#onChange(verdict)
  }
}
