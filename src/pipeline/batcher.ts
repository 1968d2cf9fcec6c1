import type { Route } from '../core/hit.ts'
import type { OpenHit } from './batch.ts'
import { Batch } from './batch.ts'

export interface BatchLimits {
  /** Hits in a request. */
  readonly maxEvents: number
  /** UTF-8 bytes of a request's body. */
  readonly maxBytes: number
  /** Exact size of a body of `hits` hits whose texts have `hitBytes` bytes together: the tracker's business, known there. */
  readonly bodyBytes: (hits: number, hitBytes: number) => number
  /** Milliseconds from a batch's first hit until it goes, full or not. */
  readonly lingerMs: number
}

/**
 * Fills one batch per route. Says when a batch is full by handing it to `onFull`; when one is due is asked by `takeDue`,
 * so that the lane needs a single timer however many routes there are.
 */
export class Batcher {
  readonly #limits: BatchLimits
  readonly #onFull: (batch: Batch) => void
  readonly #filling = new Map<Route, Batch>()

  constructor(limits: BatchLimits, onFull: (batch: Batch) => void) {
    this.#limits = limits
    this.#onFull = onFull
  }

  /** The batch of `route` that takes hits now. */
  filling(route: Route): Batch | undefined {
    return this.#filling.get(route)
  }

  fits(batch: Batch, hit: OpenHit): boolean {
    return (
      batch.hits.length < this.#limits.maxEvents &&
      this.#limits.bodyBytes(batch.hits.length + 1, batch.hitBytes + hit.content.bytes) <= this.#limits.maxBytes
    )
  }

  /** Adds the hit to its route's batch, or to a new one where that is full. Returns the batch it joined. */
  add(hit: OpenHit, now: number): Batch {
    const { route } = hit.content
    let batch = this.#filling.get(route)
    if (batch !== undefined && !this.fits(batch, hit)) {
      this.close(batch)
      batch = undefined
    }
    if (batch === undefined) {
      batch = new Batch(route, now)
      this.#filling.set(route, batch)
    }
    batch.add(hit)
    if (batch.hits.length === this.#limits.maxEvents) this.close(batch)
    return batch
  }

  /** No further hit joins `batch`; it is handed to `onFull` unless it waits to be sent already. */
  close(batch: Batch): void {
    this.#filling.delete(batch.route)
    batch.filling = false
    if (!batch.queued) this.#onFull(batch)
  }

  /** Called when a batch is sent: what was due but still took hits takes no more. */
  release(batch: Batch): void {
    if (this.#filling.get(batch.route) === batch) this.#filling.delete(batch.route)
  }

  /** Nobody needs any of its batches any more. */
  letGoOfAll(): void {
    this.#filling.clear()
  }

  /** The batches whose linger is over and that are not queued yet. They go on taking hits until they are sent. */
  takeDue(now: number): Batch[] {
    const due: Batch[] = []
    for (const batch of this.#filling.values()) {
      if (!batch.queued && batch.since + this.#limits.lingerMs <= now) due.push(batch)
    }
    return due
  }

  /** When the next batch is due, epoch ms; undefined: none is filling. */
  nextDueAt(): number | undefined {
    let next: number | undefined
    for (const batch of this.#filling.values()) {
      const dueAt = batch.since + this.#limits.lingerMs
      if (!batch.queued && (next === undefined || dueAt < next)) next = dueAt
    }
    return next
  }
}
