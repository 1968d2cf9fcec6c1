import type { Batch, Key, OpenRecord } from './batch.ts'

/** Keys remembered at most; when there are more, those that nobody holds are forgotten. */
const KEYS_MAX = 16_384

/**
 * Order by key: a record is not sent before every earlier one of its key has an outcome, save that records of one key may share
 * a batch. A key is held by the one batch whose records are open; what comes later waits in a queue of that key.
 */
export class KeyOrder {
  readonly #keys = new Map<string, Key>()

  /** The key of that text. Kept in the record, so that its text is looked up once and not at every step. */
  of(text: string): Key {
    let key = this.#keys.get(text)
    if (key === undefined) {
      if (this.#keys.size >= KEYS_MAX) this.#forget()
      key = { holder: undefined, waiting: undefined }
      this.#keys.set(text, key)
    }
    return key
  }

  clear(): void {
    this.#keys.clear()
  }

  #forget(): void {
    for (const [text, { holder }] of this.#keys) if (holder === undefined) this.#keys.delete(text)
  }
}

/** The record goes when those before it have their outcomes. */
export function waitFor(key: Key, open: OpenRecord): void {
  if (key.waiting === undefined) key.waiting = [open]
  else key.waiting.push(open)
}

/** Every record of the batch that held the key has an outcome: returns what waited for it, in order. */
export function release(key: Key, batch: Batch): readonly OpenRecord[] {
  if (key.holder !== batch) return NOBODY
  const { waiting = NOBODY } = key
  key.holder = undefined
  key.waiting = undefined
  return waiting
}

const NOBODY: readonly OpenRecord[] = []
