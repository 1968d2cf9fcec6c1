import type { Held } from './hold.ts'

export interface BrakeLooks {
  /** Records of a topic that are looked back at. */
  readonly back: number
  /** Before so many, nothing is said. */
  readonly least: number
}

const LOOKS: BrakeLooks = { back: 1_000, least: 200 }

export interface BrakeOptions {
  /** Of the records looked at, from 0 to 1; undefined: the brake is off. */
  readonly share: number | undefined
  /** Left out: 1,000 and 200. */
  readonly looks?: BrakeLooks
  readonly now: () => number
  /** Called once for a topic. */
  readonly onHeld?: (topic: string, held: Held) => void
}

/**
 * Holds a topic when too many of its records would become dead letters: mostly the mapping or the producer is wrong, and thousands of dead
 * letters are harder to bring back than a topic that waits. It does not let go: what would mend it begins the process anew.
 */
export class Brake {
  readonly #options: BrakeOptions
  readonly #topics = new Map<string, LastRecords>()
  readonly #held = new Map<string, Held>()

  constructor(options: BrakeOptions) {
    this.#options = options
  }

  /** Whether lanes of the topic hold. */
  holds(topic: string): boolean {
    return this.#held.has(topic)
  }

  held(): readonly (Held & { readonly topic: string })[] {
    return [...this.#held].map(([topic, held]) => ({ topic, ...held }))
  }

  /** A record of the topic was looked at. `problem`: it would become a dead letter, for this reason. */
  looked(topic: string, problem?: string): void {
    if (this.#options.share === undefined) return
    this.#of(topic).add(problem !== undefined)
    if (problem !== undefined) this.#judge(topic, problem)
  }

  /** A record that looked good was refused by the tracker after all. */
  refused(topic: string, problem: string): void {
    if (this.#options.share === undefined) return
    this.#of(topic).spoil()
    this.#judge(topic, problem)
  }

  #of(topic: string): LastRecords {
    let last = this.#topics.get(topic)
    if (last === undefined) {
      last = new LastRecords((this.#options.looks ?? LOOKS).back)
      this.#topics.set(topic, last)
    }
    return last
  }

  #judge(topic: string, problem: string): void {
    const { share = 1, looks = LOOKS, now, onHeld } = this.#options
    const { count, bad } = this.#of(topic)
    if (count < looks.least || bad <= share * count || this.#held.has(topic)) return
    const held = { since: now(), detail: `${bad} of its last ${count} records, the last one ${problem}` }
    this.#held.set(topic, held)
    onHeld?.(topic, held)
  }
}

/** A ring: 1 for a record that would become a dead letter. */
class LastRecords {
  readonly #ring: Uint8Array
  #next = 0
  count = 0
  bad = 0

  constructor(size: number) {
    this.#ring = new Uint8Array(size)
  }

  add(isBad: boolean): void {
    this.bad += (isBad ? 1 : 0) - (this.#ring[this.#next] as number)
    this.#ring[this.#next] = isBad ? 1 : 0
    this.#next = (this.#next + 1) % this.#ring.length
    this.count = Math.min(this.count + 1, this.#ring.length)
  }

  /** The newest good one was not good: nobody knows its place any more, and which one it is does not matter. */
  spoil(): void {
    for (let back = 1; back <= this.count; back += 1) {
      const at = (this.#next - back + this.#ring.length) % this.#ring.length
      if (this.#ring[at] === 1) continue
      this.#ring[at] = 1
      this.bad += 1
      return
    }
  }
}
