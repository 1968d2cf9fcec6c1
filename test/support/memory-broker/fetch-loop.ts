import type { Clock, Timer } from '../../../src/core/clock.ts'
import type { PartitionLog, Read } from './partition-log.ts'
import type { TopicPartition, Topics } from './topics.ts'
import { nameOf } from './topics.ts'

export interface FetchLimits {
  /** Of one partition and fetch. */
  readonly maxRecords: number
  readonly maxBytesPerPartition: number
  readonly maxBytesPerFetch: number
  /** How long a fetch waits for records. */
  readonly maxWaitMs: number
}

export interface FetchLoopParts {
  readonly clock: Clock
  readonly topics: Topics
  readonly limits: FetchLimits
  readonly latencyMs: () => number
  /** False: not taken over. */
  readonly deliver: (of: TopicPartition, read: Read) => boolean
  /** The log no longer holds the position, `from`: reading goes on at its start. */
  readonly outOfRange: (of: TopicPartition, from: number, low: number) => void
}

interface Place extends TopicPartition {
  readonly name: string
  position: number
}

/** What is not taken over waits this long, and whatever else came with it waits behind. */
const REFUSED_WAIT_MS = 50

/**
 * The fetching of one member from one broker, in the turns that kafkajs takes: one fetch for all partitions that are not paused, then
 * all of its batches one after the other, then the next fetch. A loop that waits for records has no timer.
 */
export class FetchLoop {
  readonly #parts: FetchLoopParts
  readonly #stopListening: () => void
  #places = new Map<string, Place>()
  readonly #paused = new Set<string>()
  /** New positions, which count from the next fetch on. */
  readonly #seeks = new Map<string, number>()
  #state: 'ended' | 'fetching' | 'waiting' | 'delivering' = 'ended'
  /** Of the fetch under way. */
  #asked: readonly Place[] = []
  #askedAt = 0
  #fetches = 0
  #queue: { place: Place; read: Read }[] = []
  #timer: Timer

  constructor(parts: FetchLoopParts) {
    this.#parts = parts
    this.#stopListening = parts.topics.listen((to) => this.#onAppended(to))
  }

  /** Starts anew from these positions. Pauses are gone. */
  begin(places: readonly (TopicPartition & { position: number })[]): void {
    this.end()
    this.#places = new Map(places.map((place) => [nameOf(place), { ...place, name: nameOf(place) }]))
    this.#paused.clear()
    this.#seeks.clear()
    this.#fetch()
  }

  /** What is under way is thrown away; `begin` may follow. */
  end(): void {
    this.#parts.clock.clear(this.#timer)
    this.#state = 'ended'
    this.#queue = []
  }

  /** For good. */
  close(): void {
    this.end()
    this.#stopListening()
  }

  pause(of: TopicPartition): void {
    this.#paused.add(nameOf(of))
  }

  resume(of: TopicPartition): void {
    this.#paused.delete(nameOf(of))
    this.#askAgain(nameOf(of))
  }

  seek(to: TopicPartition, position: number): void {
    this.#seeks.set(nameOf(to), position)
    this.#askAgain(nameOf(to))
  }

  #fetch(): void {
    for (const [name, position] of this.#seeks) {
      const place = this.#places.get(name)
      if (place !== undefined) place.position = position
    }
    this.#seeks.clear()
    this.#state = 'fetching'
    this.#askedAt = this.#parts.clock.now()
    const asked = [...this.#places.values()].filter(({ name }) => !this.#paused.has(name))
    // A different one comes first each time, as no order is promised.
    const first = asked.length === 0 ? 0 : this.#fetches % asked.length
    this.#fetches += 1
    this.#asked = [...asked.slice(first), ...asked.slice(0, first)]
    this.#after(this.#parts.latencyMs(), () => this.#answer())
  }

  #answer(): void {
    const { topics, limits } = this.#parts
    let isEmpty = true
    let bytes = 0
    for (const place of this.#asked) {
      const log = topics.log(place)
      if (log === undefined || bytes >= limits.maxBytesPerFetch) continue
      if (place.position < log.low && !this.#paused.has(place.name) && !this.#seeks.has(place.name)) {
        const from = place.position
        place.position = log.low
        this.#parts.outOfRange(place, from, log.low)
        if (this.#state !== 'fetching') return
        isEmpty = false
      }
      const read = this.#read(log, Math.max(place.position, log.low))
      if (read.upTo === place.position) continue
      isEmpty = false
      bytes += read.bytes
      // Paused or moved while the fetch was under way: thrown away, and fetched again some time.
      if (!this.#paused.has(place.name) && !this.#seeks.has(place.name)) this.#queue.push({ place, read })
    }
    if (isEmpty) this.#wait()
    else this.#deliver()
  }

  #read(log: PartitionLog, from: number): Read {
    const { maxRecords, maxBytesPerPartition } = this.#parts.limits
    return log.read(from, { maxRecords, maxBytes: maxBytesPerPartition })
  }

  #deliver(): void {
    this.#state = 'delivering'
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { place, read } = next
      if (this.#seeks.has(place.name)) continue
      // Pausing comes too late for what was fetched before it. Nothing but hidden records: passed over in silence.
      const isTaken = read.records.length === 0 || this.#parts.deliver(place, read)
      // Whoever took it may have ended the loop, or begun it anew.
      if (this.#state !== 'delivering' || this.#places.get(place.name) !== place) return
      if (!isTaken) {
        this.#after(REFUSED_WAIT_MS, () => this.#deliver())
        return
      }
      place.position = read.upTo
    }
    this.#fetch()
  }

  #wait(): void {
    this.#state = 'waiting'
    if (this.#seeks.size > 0 || [...this.#places.keys()].some((name) => this.#isLeftOut(name))) this.#askAfterPoll()
  }

  /** A fetch that waits knows nothing of a partition that was resumed or moved meanwhile; the next one does. */
  #askAgain(name: string): void {
    if (this.#state === 'waiting' && (this.#seeks.has(name) || this.#isLeftOut(name))) this.#askAfterPoll()
  }

  #isLeftOut(name: string): boolean {
    return !this.#paused.has(name) && !this.#asked.some((place) => place.name === name)
  }

  /** One empty fetch follows the other, each as long as `maxWaitMs`; only the last of them needs a timer. */
  #askAfterPoll(): void {
    const { clock, limits } = this.#parts
    const waited = clock.now() - this.#askedAt
    this.#after(limits.maxWaitMs - (waited % limits.maxWaitMs), () => this.#fetch())
  }

  #onAppended(to: TopicPartition): void {
    if (this.#state !== 'waiting') return
    const name = nameOf(to)
    if (!this.#asked.some((place) => place.name === name)) return
    this.#state = 'fetching'
    this.#after(this.#parts.latencyMs(), () => this.#answer())
  }

  #after(delayMs: number, run: () => void): void {
    const { clock } = this.#parts
    clock.clear(this.#timer)
    this.#timer = clock.set(run, delayMs)
  }
}
