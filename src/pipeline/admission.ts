import type { Clock } from '../core/clock.ts'
import type { Reject } from '../core/outcome.ts'
import type { SourceRecord } from '../core/record.ts'
import type { Key, OpenHit, OpenRecord } from './batch.ts'
import { Batch } from './batch.ts'
import type { Batcher } from './batcher.ts'
import { KeyOrder, release, waitFor } from './key-order.ts'

export interface AdmissionOptions {
  readonly ordering: 'key' | 'none'
  readonly batcher: Batcher
  readonly clock: Clock
  /** A record that will never be sent is to leave by the side; its batch holds its key until that is acknowledged. */
  readonly onRejected: (open: OpenRecord, batch: Batch, why: Reject) => void
}

/** Lets records join batches, or wait until those before them of their key have their outcomes. */
export class Admission {
  readonly #options: AdmissionOptions
  readonly #order = new KeyOrder()

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  keyOf({ key }: SourceRecord): Key | undefined {
    return key === null || this.#options.ordering === 'none' ? undefined : this.#order.of(key)
  }

  /** Says whether the record may go; else it waits for its key. */
  admit(open: OpenRecord): boolean {
    const { key } = open
    if (key?.holder !== undefined && !this.#mayShare(key.holder, open)) {
      waitFor(key, open)
      return false
    }
    const { batcher, clock } = this.#options
    const batch = isHit(open) ? batcher.add(open, clock.now()) : this.#rejected(open, open.content as Reject)
    if (key !== undefined) key.holder = batch
    return true
  }

  /** Every record of the batch has its outcome: its keys are let go, and who waited for them is admitted. `open`: the last of them. */
  letGo(batch: Batch, open: OpenRecord): void {
    if (isHit(open)) for (const hit of batch.hits) this.#releaseKey(hit.key, batch)
    else this.#releaseKey(open.key, batch)
  }

  /** Nobody needs any of its records any more. */
  letGoOfAll(): void {
    this.#order.clear()
  }

  #mayShare(holder: Batch, open: OpenRecord): boolean {
    if (!isHit(open) || !holder.filling || holder.route !== open.content.route || open.key?.waiting !== undefined) return false
    const { batcher } = this.#options
    if (batcher.fits(holder, open)) return true
    // It can take no more of what comes; let it go rather than linger.
    batcher.close(holder)
    return false
  }

  #rejected(open: OpenRecord, why: Reject): Batch {
    const batch = new Batch(NOWHERE, this.#options.clock.now())
    batch.filling = false
    batch.left = 1
    this.#options.onRejected(open, batch, why)
    return batch
  }

  #releaseKey(key: Key | undefined, batch: Batch): void {
    if (key === undefined) return
    const waited = release(key, batch)
    for (let index = 0; index < waited.length; index += 1) {
      if (!this.admit(waited[index] as OpenRecord)) {
        for (const open of waited.slice(index + 1)) waitFor(key, open)
        return
      }
    }
  }
}

/** The route of what is never sent. */
const NOWHERE = { app: '', method: 'customEvent' } as const

function isHit(open: OpenRecord): open is OpenHit {
  return open.content.kind === 'hit'
}
