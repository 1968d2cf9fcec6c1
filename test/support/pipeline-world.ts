import assert from 'node:assert/strict'
import type { Hit, Route } from '../../src/core/hit.ts'
import type { Answer, Reject, Skip } from '../../src/core/outcome.ts'
import type { SourceRecord } from '../../src/core/record.ts'
import { Lane } from '../../src/pipeline/lane.ts'
import type { LaneContext } from '../../src/pipeline/lane-context.ts'
import type { Permits } from '../../src/pipeline/limits.ts'
import { PermitPool, WindowBytes } from '../../src/pipeline/limits.ts'
import type { Exit, Wait } from '../../src/pipeline/ports.ts'
import { bodyBytes, bodyOf } from '../../src/tracker/request.ts'
import { FakeClock } from './fake-clock.ts'
import type { Fate } from './pipeline-book.ts'
import { Book, Partition } from './pipeline-book.ts'
import { freePermits, hitOf, ListeningProbe, pointOf, recordOf } from './pipeline-fakes.ts'
import { randomOf } from './seeded-random.ts'

export interface Planned {
  /** Offsets left out before it. */
  readonly gap: number
  readonly key: string | null
  readonly route: number
  readonly text: string
  readonly fate: Fate
  /** Its schema is on the way: milliseconds. */
  readonly schemaMs: number | undefined
}

export interface Settings {
  readonly maxEvents: number
  readonly maxBytes: number
  readonly lingerMs: number
  readonly attempts: number
  readonly ordering: 'key' | 'none'
  readonly maxInFlight: number
  readonly windowEvents: number
  readonly windowBytes: number
  readonly permits: number
  /** How often requests and writes fail while they do, in [0, 1]. */
  readonly faults: number
  /** Milliseconds from the start until nothing fails any more. */
  readonly faultsEndMs: number
  /** Of latencies, faults and jitter. */
  readonly seed: number
}

const routes: readonly Route[] = [
  { app: 'shop', method: 'registration' },
  { app: 'shop', method: 'login' },
  { app: 'game', method: 'login' },
]

/** Lanes among neighbours that are slow and faulty at random, with the book kept at every step. */
export class World {
  readonly clock = new FakeClock()
  readonly book: Book
  readonly lanes: readonly Lane[]
  readonly windowBytes: WindowBytes
  readonly permits: Permits
  readonly #settings: Settings
  readonly #plans: Planned[][]
  readonly #random: () => number
  readonly #faultsEndAt: number
  readonly #known = new Set<SourceRecord>()
  /** Requests sent so far. */
  requests = 0
  #inFlight = 0

  constructor(plans: readonly (readonly Planned[])[], settings: Settings) {
    this.#settings = settings
    this.#plans = plans.map((plan) => [...plan])
    this.#random = randomOf(settings.seed)
    this.#faultsEndAt = this.clock.now() + settings.faultsEndMs
    this.permits = new PermitPool(settings.permits).first
    this.windowBytes = new WindowBytes(settings.windowBytes)
    this.book = new Book(plans.map(partitionOf), { attemptsMax: settings.attempts, ordering: settings.ordering })
    const context = this.#context()
    this.lanes = plans.map((_, partition) => new Lane({ topic: 'orders', partition, resume: undefined }, context))
  }

  #context(): LaneContext {
    const { maxEvents, maxBytes, lingerMs, attempts, ordering, maxInFlight, windowEvents } = this.#settings
    return {
      limits: {
        batch: { maxEvents, maxBytes, lingerMs, bodyBytes },
        retry: { attempts, delayMs: 100, maxDelayMs: 1_000 },
        giveUpMs: Number.POSITIVE_INFINITY,
        ordering,
        maxInFlight,
        windowEvents,
      },
      preparer: { prepare: (record) => this.#prepare(record) },
      sender: { send: (route, hits) => this.#send(route, hits) },
      sideExit: { write: (exits) => this.#write(exits) },
      source: {
        pause: (_, partition) => this.#pause(partition),
        resume: (_, partition) => this.#resume(partition),
        commit: () => Promise.resolve(),
      },
      probe: new ListeningProbe(),
      clock: this.clock,
      random: this.#random,
      permits: this.permits,
      windowBytes: this.windowBytes,
    }
  }

  /** Fetching begins; the rest follows by the clock. */
  start(): void {
    for (const lane of this.lanes) this.#fetchSoon(lane.partition)
  }

  /** Runs until every record has its outcome and nothing moves any more, checking after each step. */
  async run(): Promise<void> {
    this.start()
    await this.clock.runUntil(() => {
      this.check(true)
      return this.#isQuiet()
    }, 24 * 3_600_000)
  }

  /** What must hold at any moment, and what must once everything has settled. */
  check(settled: boolean): void {
    for (const lane of this.lanes) {
      this.book.checkCommitPoint(lane, settled)
      assert.ok(lane.open <= this.#settings.windowEvents, `${lane.open} records are open`)
      const { batchesUnderWay } = this.book.partitions[lane.partition] as Partition
      assert.ok(batchesUnderWay <= this.#settings.maxInFlight, `${batchesUnderWay} batches are under way`)
    }
  }

  /** When all is over, everything was given back and nobody is left waiting. */
  checkEnd(): void {
    assert.equal(this.windowBytes.used, 0)
    assert.equal(freePermits(this.permits), this.#settings.permits)
    for (const lane of this.lanes) {
      const { entries, upTo, paused } = this.book.partitions[lane.partition] as Partition
      for (const { outcome, fate } of entries)
        assert.ok(outcome !== undefined && possible[fate].includes(outcome), `${fate}: ${outcome}`)
      assert.deepEqual([lane.open, pointOf(lane), paused], [0, upTo, false])
    }
  }

  #isQuiet(): boolean {
    return this.clock.pending === 0 && this.#plans.every((plan) => plan.length === 0)
  }

  // --- the source ---

  #fetchSoon(partition: number): void {
    this.clock.set(() => this.#fetch(partition), this.#between(0, 40))
  }

  #fetch(partition: number): void {
    const known = this.book.partitions[partition] as Partition
    if (known.paused) return
    const plan = this.#plans[partition] as Planned[]
    const count = Math.min(plan.length, this.#between(0, 30))
    plan.splice(0, count)
    const records = known.entries.slice(known.fetched, known.fetched + count).map(({ record }) => record)
    known.fetched += count
    // A fetch may end in offsets without a record, but not beyond the next one.
    const next = known.entries[known.fetched]?.record.offset ?? Number.POSITIVE_INFINITY
    known.upTo = Math.max(known.upTo, Math.min(next, (records.at(-1)?.offset ?? known.upTo) + 1 + this.#between(0, 3)))
    this.lanes[partition]?.accept(records, known.upTo)
    this.check(false)
    if (!known.paused && plan.length > 0) this.#fetchSoon(partition)
  }

  #pause(partition: number): void {
    const known = this.book.partitions[partition] as Partition
    assert.ok(!known.paused, 'paused twice')
    known.paused = true
  }

  #resume(partition: number): void {
    const known = this.book.partitions[partition] as Partition
    assert.ok(known.paused, 'resumed without a pause')
    known.paused = false
    if (this.#plans[partition]?.length !== 0) this.#fetchSoon(partition)
  }

  // --- the preparer ---

  #prepare(record: SourceRecord): Hit | Skip | Reject | Wait {
    const entry = this.book.entryOf(record)
    const { schemaMs } = entry
    if (schemaMs !== undefined && !this.#known.has(record)) {
      this.#known.add(record)
      return { kind: 'wait', ready: this.#after(schemaMs) }
    }
    if (entry.fate === 'skip') {
      this.book.judged(entry, 'skip')
      return { kind: 'skip', reason: 'filtered' }
    }
    if (entry.fate !== 'malformed' && entry.hit.bytes <= this.#settings.maxBytes) return entry.hit
    const reject: Reject = {
      kind: 'reject',
      reason: entry.fate === 'malformed' ? 'malformed' : 'too-large',
      detail: 'by the plan',
    }
    this.book.judged(entry, reject)
    return reject
  }

  // --- the tracker ---

  async #send(route: Route, hits: readonly Hit[]): Promise<Answer> {
    const { maxEvents, maxBytes, permits } = this.#settings
    assert.ok(hits.length <= maxEvents)
    assert.ok(Buffer.byteLength(bodyOf(hits)) <= maxBytes)
    for (const hit of hits) assert.equal(hit.route, route)
    this.requests += 1
    this.#inFlight += 1
    assert.ok(this.#inFlight <= permits, `${this.#inFlight} requests are in flight`)
    const entries = this.book.sending(hits)
    this.check(false)
    await this.#after(this.#between(1, 60))
    this.#inFlight -= 1
    const fates = entries.map(({ fate }) => fate)
    const answer = this.#fault() ?? refusal(fates)
    if (answer === 'bug') throw new TypeError('by the plan')
    this.book.answered(entries, answer)
    return answer
  }

  #fails(): boolean {
    return this.clock.now() < this.#faultsEndAt && this.#random() < this.#settings.faults
  }

  #fault(): Answer | 'bug' | undefined {
    if (!this.#fails()) return undefined
    const faults: readonly (Answer | 'bug')[] = [
      { kind: 'retry', reason: 'unavailable', detail: '' },
      { kind: 'retry', reason: 'unavailable', detail: '' },
      { kind: 'retry', reason: 'corrupted', detail: '' },
      { kind: 'halt', reason: 'forbidden', detail: '' },
      { kind: 'pace', afterMs: this.#between(0, 3_000), detail: '' },
      'bug',
    ]
    return faults[this.#between(0, faults.length - 1)]
  }

  // --- the side topics ---

  async #write(exits: readonly Exit[]): Promise<readonly Exit[]> {
    const partition = this.book.partitions[exits[0]?.record.partition ?? -1] as Partition
    assert.ok(!partition.writing, 'two writes of one lane at once')
    partition.writing = true
    this.book.writing(exits)
    await this.#after(this.#between(0, 80))
    partition.writing = false
    this.check(false)
    if (this.#fails()) throw new Error('not enough replicas')
    this.book.written(exits)
    return exits
  }

  #between(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1))
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.set(resolve, ms)
    })
  }
}

const possible: Readonly<Record<Fate, readonly string[]>> = {
  good: ['delivered', 'tier', 'dead-letter'],
  refused: ['tier', 'dead-letter'],
  oversized: ['tier', 'dead-letter'],
  skip: ['skipped'],
  malformed: ['dead-letter'],
}

function refusal(fates: readonly Fate[]): Answer {
  if (fates.includes('oversized')) return { kind: 'reject', reason: 'too-large', detail: '' }
  if (fates.includes('refused')) return { kind: 'reject', reason: 'rejected', detail: '' }
  return { kind: 'delivered' }
}

function partitionOf(plan: readonly Planned[], partition: number): Partition {
  let offset = 0
  const entries = plan.map(({ gap, key, route, text, fate, schemaMs }) => {
    offset += gap
    const record = recordOf(offset, key, partition)
    const hit = hitOf(`${partition}@${offset}`, routes[route], text)
    offset += 1
    return { record, fate, hit, schemaMs, outcome: undefined, batch: undefined, leaving: undefined, attempts: 0, failures: 0 }
  })
  return new Partition(entries)
}
