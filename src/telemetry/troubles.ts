/** What is wrong, by what it is wrong with. */
export type TroubleKind =
  /** The registry does not answer. */
  | 'registry'
  /** A retry or dead-letter topic cannot be written; `name`: the lane, as `topic/partition`. */
  | 'side-topic'
  /** The tracker answers as if we spoke to the wrong place; `name`: the app and the method that met it. */
  | 'misconfigured'
  /** Requests fail, and none was answered with a 200 since. */
  | 'tracker'
  /** Commits fail. */
  | 'commit'

export interface Trouble {
  readonly kind: TroubleKind
  /** With what; empty where there is but one. */
  readonly name: string
  /** What was said last. No payload, no token. */
  readonly detail: string
  /** Epoch ms. */
  readonly since: number
}

/** What is wrong now: begun by a failure, ended by the first success of the same kind. Kinds and names are few, so it is bounded. */
export class Troubles {
  readonly #now: () => number
  readonly #troubles = new Map<string, Trouble>()

  constructor(now: () => number) {
    this.#now = now
  }

  began(kind: TroubleKind, name: string, detail: string): void {
    const key = `${kind} ${name}`
    const since = this.#troubles.get(key)?.since ?? this.#now()
    this.#troubles.set(key, { kind, name, detail, since })
  }

  /** Costs nothing while all is well: it is called for every success. */
  ended(kind: TroubleKind, name = ''): void {
    if (this.#troubles.size > 0) this.#troubles.delete(`${kind} ${name}`)
  }

  all(): readonly Trouble[] {
    return [...this.#troubles.values()]
  }
}
