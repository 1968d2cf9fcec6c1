import type { Wake } from './turns.ts'

/** Bytes that all windows hold together: raw records plus serialised hits. A lane with nothing open may always go on, or one large record would stop it for ever. */
export class WindowBytes {
  #used = 0
  readonly #max: number
  readonly #waiting = new Set<Wake>()

  constructor(max: number) {
    this.#max = max
  }

  get used(): number {
    return this.#used
  }

  get isFull(): boolean {
    return this.#used >= this.#max
  }

  hasRoom(wake: Wake): boolean {
    if (!this.isFull) return true
    this.#waiting.add(wake)
    return false
  }

  take(bytes: number): void {
    this.#used += bytes
  }

  give(bytes: number): void {
    this.#used -= bytes
    if (this.#waiting.size === 0 || this.isFull) return
    const woken = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of woken) wake()
  }
}
