import type { Batch, OpenRecord } from './batch.ts'

/**
 * Order by key: a record is not sent before every earlier one of its key has an outcome, save that records of one key may share
 * a batch. A key is held by the one batch whose records are open; what comes later waits in a queue of that key.
 */
export class KeyOrder {
  readonly #holders = new Map<string, Batch>()
  readonly #waiting = new Map<string, OpenRecord[]>()

  /** The batch that holds the key. */
  holder(key: string): Batch | undefined {
    return this.#holders.get(key)
  }

  /** Whether earlier records of the key wait already; then no later one may join its holder. */
  isWaitedFor(key: string): boolean {
    return this.#waiting.has(key)
  }

  hold(key: string, batch: Batch): void {
    this.#holders.set(key, batch)
  }

  wait(key: string, record: OpenRecord): void {
    const queue = this.#waiting.get(key)
    if (queue === undefined) this.#waiting.set(key, [record])
    else queue.push(record)
  }

  /** Every record of the batch that held the key has an outcome: returns what waited for it, in order. */
  release(key: string, batch: Batch): readonly OpenRecord[] {
    if (this.#holders.get(key) !== batch) return NOBODY
    this.#holders.delete(key)
    const queue = this.#waiting.get(key)
    if (queue === undefined) return NOBODY
    this.#waiting.delete(key)
    return queue
  }
}

const NOBODY: readonly OpenRecord[] = []
