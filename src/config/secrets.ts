import { readFileSync, statSync } from 'node:fs'
import { inspect } from 'node:util'

const mask = '***'

/** How long a file's state is taken for known: secrets are read for each request, and a stat each time would be waste. */
const checkEveryMs = 1_000

interface Held {
  readonly text: string
  /** What tells one state of the file from the next. */
  readonly stamp: string
  readonly checkedAt: number
}

/** Follows symbolic links, by which Kubernetes swaps the files of a secret. */
function stampOf(path: string): string {
  const { ino, mtimeNs, size } = statSync(path, { bigint: true })
  return `${ino}:${mtimeNs}:${size}`
}

function readText(path: string): string {
  const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  if (text === '') throw new Error('the file is empty')
  return text
}

/**
 * A secret that shows as `***` wherever it is printed, serialised or put into a text; only `read` gives it away.
 * One that stands in a file is read again when the file has changed.
 */
export class Secret {
  // Private fields, not TypeScript's `private`: those would be visible to every inspector.
  readonly #path: string | undefined
  readonly #now: () => number
  #held: Held

  private constructor(held: Held, path: string | undefined, now: () => number) {
    this.#held = held
    this.#path = path
    this.#now = now
  }

  static fromText(text: string): Secret {
    return new Secret({ text, stamp: '', checkedAt: 0 }, undefined, Date.now)
  }

  /** Throws where the file cannot be read or is empty. `now` gives milliseconds. */
  static fromFile(path: string, now: () => number = Date.now): Secret {
    // The stamp is taken before the text: a change between the two is then seen by the next check.
    const stamp = stampOf(path)
    return new Secret({ text: readText(path), stamp, checkedAt: now() }, path, now)
  }

  /**
   * The secret as it stands now, at most a second old, without the file's last line break. A file that is gone or empty for the moment,
   * as in the middle of being replaced, leaves the last known text in force.
   */
  read(): string {
    if (this.#path !== undefined) this.#refresh(this.#path)
    return this.#held.text
  }

  /** Somebody was refused with this secret: the next read looks at the file, however short ago it was looked at. */
  doubt(): void {
    this.#held = { ...this.#held, checkedAt: Number.NEGATIVE_INFINITY }
  }

  #refresh(path: string): void {
    const checkedAt = this.#now()
    if (Math.abs(checkedAt - this.#held.checkedAt) < checkEveryMs) return
    this.#held = { ...this.#held, checkedAt }
    try {
      const stamp = stampOf(path)
      if (stamp !== this.#held.stamp) this.#held = { text: readText(path), stamp, checkedAt }
    } catch {
      // Kept: a request refused for an old token says more than a process that died of a file being swapped.
    }
  }

  toString(): string {
    return mask
  }

  toJSON(): string {
    return mask
  }

  [inspect.custom](): string {
    return mask
  }
}
