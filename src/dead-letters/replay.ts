import type { Filter } from './filter.ts'
import { matches } from './filter.ts'
import type { DeadLetter, Memory, Slice, Source, Tier } from './ports.ts'
import { Tally } from './tally.ts'

/** What is written and then remembered at once. It bounds what a crash between the two repeats. */
const CHUNK_RECORDS = 500
const CHUNK_BYTES = 512 * 1024

export interface ReplayOptions {
  readonly source: Source
  readonly filter: Filter
  readonly limit: number
  /** Ends the replay behind the chunk that is under way. */
  readonly signal: AbortSignal
}

export interface ReplayTargets {
  readonly tier: Tier
  readonly memory: Memory
  /** Records that were replayed before, by partition. */
  readonly before: ReadonlyMap<number, number>
}

export interface ReplayCount {
  readonly tally: Tally
  /**
   * Dead letters without a value, left where they are: their value was too large for every topic, so a copy on the tier would pass
   * for a tombstone and be skipped. Their origin headers say where the whole record stands.
   */
  withoutValue: number
  ended: 'at the end' | 'at the limit' | 'interrupted'
}

/** Counts what `replay` would put back, and changes nothing. */
export async function rehearse(options: ReplayOptions): Promise<ReplayCount> {
  return await replay(options, { tier: NOWHERE, memory: NOWHERE, before: new Map() })
}

/**
 * Puts the records that match back, chunk by chunk. The memory moves over a chunk only once the tier has acknowledged it, so after a
 * crash a chunk may come twice and none is left out. It moves over what does not match, too.
 */
export async function replay(options: ReplayOptions, targets: ReplayTargets, count = newCount()): Promise<ReplayCount> {
  const run = new Replay(options, targets, count)
  await options.source.read((slice) => run.take(slice))
  if (options.signal.aborted && count.ended === 'at the end') count.ended = 'interrupted'
  return count
}

/** To be given to `replay` by a caller who wants to know how far it came even if it fails. */
export function newCount(): ReplayCount {
  return { tally: new Tally(), withoutValue: 0, ended: 'at the end' }
}

class Replay {
  readonly #options: ReplayOptions
  readonly #targets: ReplayTargets
  readonly #count: ReplayCount
  readonly #replayed: Map<number, number>

  constructor(options: ReplayOptions, targets: ReplayTargets, count: ReplayCount) {
    this.#options = options
    this.#targets = targets
    this.#count = count
    this.#replayed = new Map(targets.before)
  }

  async take({ partition, letters, upTo }: Slice): Promise<boolean> {
    const { filter, limit } = this.#options
    let chunk: DeadLetter[] = []
    let bytes = 0
    if (this.#isInterrupted()) return false
    for (const letter of letters) {
      if (!matches(filter, letter)) continue
      if (letter.record.value === null) {
        this.#count.withoutValue += 1
        continue
      }
      if (chunk.length === CHUNK_RECORDS || (chunk.length > 0 && bytes + letter.bytes > CHUNK_BYTES)) {
        await this.#finish(chunk, partition, letter.record.offset)
        if (this.#isInterrupted()) return false
        chunk = []
        bytes = 0
      }
      chunk.push(letter)
      bytes += letter.bytes
      if (this.#count.tally.total + chunk.length === limit) {
        await this.#finish(chunk, partition, letter.record.offset + 1)
        this.#count.ended = 'at the limit'
        return false
      }
    }
    await this.#finish(chunk, partition, upTo)
    return !this.#isInterrupted()
  }

  async #finish(chunk: readonly DeadLetter[], partition: number, upTo: number): Promise<void> {
    if (chunk.length > 0) await this.#targets.tier.put(chunk)
    const replayed = (this.#replayed.get(partition) ?? 0) + chunk.length
    await this.#targets.memory.keep(partition, upTo, replayed)
    this.#replayed.set(partition, replayed)
    for (const letter of chunk) this.#count.tally.add(letter)
  }

  #isInterrupted(): boolean {
    if (this.#options.signal.aborted) this.#count.ended = 'interrupted'
    return this.#options.signal.aborted
  }
}

const NOWHERE: Tier & Memory = { put: async () => undefined, keep: async () => undefined }
