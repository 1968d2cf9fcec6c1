/** When a process holds a topic, by the brake's contract; `back` and `least` are 1,000 and 200 in earnest. */
export interface BrakeRules {
  readonly share: number
  readonly back: number
  readonly least: number
}

/** Which topics one process must hold, by what has become of their records. Knows the contract, and nothing of the brake. */
export class Braking {
  readonly #rules: BrakeRules | undefined
  readonly #onHeld: () => void
  /** Of each topic, whether its last records would become dead letters. */
  readonly #last = new Map<string, boolean[]>()
  readonly #held = new Set<string>()

  constructor(rules: BrakeRules | undefined, onHeld: () => void) {
    this.#rules = rules
    this.#onHeld = onHeld
  }

  /** For good. */
  get held(): ReadonlySet<string> {
    return this.#held
  }

  looked(topic: string, isBad: boolean): void {
    if (this.#rules === undefined) return
    const last = [...(this.#last.get(topic) ?? []), isBad].slice(-this.#rules.back)
    this.#last.set(topic, last)
    if (isBad) this.#judge(topic, last, this.#rules)
  }

  /** One that looked good is refused by the tracker: a good one less. */
  refused(topic: string): void {
    const last = this.#last.get(topic)
    if (this.#rules === undefined || last === undefined) return
    const good = last.lastIndexOf(false)
    if (good >= 0) last[good] = true
    this.#judge(topic, last, this.#rules)
  }

  #judge(topic: string, last: readonly boolean[], { share, least }: BrakeRules): void {
    const bad = last.filter(Boolean).length
    if (last.length < least || bad <= share * last.length || this.#held.has(topic)) return
    this.#held.add(topic)
    this.#onHeld()
  }
}
