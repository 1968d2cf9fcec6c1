import type { Batch, Key } from './batch.ts'

/** Batches of one lane that wait for their apps, which the tracker refuses; of each app in the order in which they take turns. */
export class HeldBatches {
  readonly #byApp = new Map<string, Batch[]>()

  get isEmpty(): boolean {
    return this.#byApp.size === 0
  }

  get size(): number {
    let size = 0
    for (const batches of this.#byApp.values()) size += batches.length
    return size
  }

  apps(): Iterable<string> {
    return this.#byApp.keys()
  }

  *batches(): Iterable<Batch> {
    for (const batches of this.#byApp.values()) yield* batches
  }

  clear(): void {
    this.#byApp.clear()
  }

  push(batch: Batch): void {
    const { app } = batch.route
    const batches = this.#byApp.get(app)
    if (batches === undefined) this.#byApp.set(app, [batch])
    else batches.push(batch)
  }

  next(app: string): Batch | undefined {
    return this.#byApp.get(app)?.[0]
  }

  /** All of the app. */
  take(app: string): readonly Batch[] {
    const batches = this.#byApp.get(app) ?? []
    this.#byApp.delete(app)
    return batches
  }

  /**
   * The batch whose first record came first; undefined: there is none. What has failed for another reason, when it was to find out about its
   * app, goes on to its last attempt instead: or it would be sent and parked in turns for ever.
   */
  takeOldest(): Batch | undefined {
    let oldest: Batch | undefined
    for (const batch of this.batches()) {
      if (batch.parts[0]?.probedApp === true) continue
      if (oldest === undefined || placeOf(batch) < placeOf(oldest)) oldest = batch
    }
    if (oldest !== undefined) this.remove(oldest)
    return oldest
  }

  remove(batch: Batch): void {
    const { app } = batch.route
    const batches = this.#byApp.get(app) ?? []
    batches.splice(batches.indexOf(batch), 1)
    if (batches.length === 0) this.#byApp.delete(app)
  }
}

const placeOf = ({ hits: [first] }: Batch): number => first?.sequence ?? 0

/** Records of the batches, and those that wait behind them for their keys. */
export function blockedOf(batches: Iterable<Batch>): number {
  let records = 0
  const keys = new Set<Key>()
  for (const { hits, left } of batches) {
    records += left
    for (const { key } of hits) if (key !== undefined) keys.add(key)
  }
  for (const { waiting } of keys) records += waiting?.length ?? 0
  return records
}
