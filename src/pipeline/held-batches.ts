import type { Batch } from './batch.ts'

/** Batches of one lane that wait for their apps, which the tracker refuses; of each app in the order in which they take turns. */
export class HeldBatches {
  readonly #byApp = new Map<string, Batch[]>()

  get isEmpty(): boolean {
    return this.#byApp.size === 0
  }

  apps(): Iterable<string> {
    return this.#byApp.keys()
  }

  *batches(): Iterable<Batch> {
    for (const batches of this.#byApp.values()) yield* batches
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

  shift(app: string): void {
    const batch = this.next(app)
    if (batch !== undefined) this.#remove(batch)
  }

  /** All of the app. */
  take(app: string): readonly Batch[] {
    const batches = this.#byApp.get(app) ?? []
    this.#byApp.delete(app)
    return batches
  }

  /** The batch whose first record came first; undefined: there is none. */
  takeOldest(): Batch | undefined {
    let oldest: Batch | undefined
    for (const batch of this.batches()) if (oldest === undefined || placeOf(batch) < placeOf(oldest)) oldest = batch
    if (oldest !== undefined) this.#remove(oldest)
    return oldest
  }

  #remove(batch: Batch): void {
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
  for (const { hits, left } of batches) {
    records += left
    for (const { key } of hits) records += key?.waiting?.length ?? 0
  }
  return records
}
