import assert from 'node:assert/strict'
import type { Hit, Route } from '../../src/core/hit.ts'
import type { Answer, Reject, Skip } from '../../src/core/outcome.ts'
import type { SourceRecord } from '../../src/core/record.ts'
import type { SideTopics } from '../../src/kafka/producer.ts'
import { SideExitProducer } from '../../src/kafka/producer.ts'
import { Pipeline } from '../../src/pipeline/pipeline.ts'
import type { Exit, FlowHandlers, Member, Wait } from '../../src/pipeline/ports.ts'
import { bodyBytes, serialiseHit } from '../../src/tracker/request.ts'
import type { FakeClock } from '../support/fake-clock.ts'
import type { MemoryMember } from '../support/memory-broker/member.ts'
import type { MemoryBroker } from '../support/memory-broker/memory-broker.ts'
import type { MemoryProducer } from '../support/memory-broker/producer.ts'
import { ListeningProbe } from '../support/pipeline-fakes.ts'
import { Book } from './book.ts'
import { Braking } from './braking.ts'
import type { Configuration } from './fleet.ts'
import { InstanceClock } from './instance-clock.ts'
import type { Comings } from './reading.ts'
import { Reading } from './reading.ts'
import type { Dice, Schedule } from './schedule.ts'
import { routes } from './schedule.ts'
import type { Connection, Tracker } from './tracker.ts'
import type { Entry, Truth } from './truth.ts'

const SESSION_MS = 2_000

export interface InstanceParts {
  readonly schedule: Schedule
  readonly configuration: Configuration
  readonly dice: Dice
  readonly clock: FakeClock
  readonly broker: MemoryBroker
  readonly tracker: Tracker
  readonly truth: Truth
  readonly comings: Comings
  readonly topics: SideTopics & { readonly sources: readonly string[]; readonly groupId: string }
  /** Whether the exits stand on the broker as they should. */
  readonly checkStored: (exits: readonly Exit[]) => void
  readonly onMissed: (place: { topic: string; partition: number }, offsets: readonly number[]) => void
  /** It must hold a topic from now on, for good. */
  readonly onBraked: () => void
  /** From now on an event may be accepted twice. */
  readonly onRepeat: () => void
  /** Something is not as it must be. Thrown errors would pass for failures of the tracker or the broker. */
  readonly onProblem: (problem: unknown) => void
}

/** One process of the service: the product's own pipeline and side exit, on the simulation's clock, broker and tracker. */
export class Instance {
  readonly #parts: InstanceParts
  readonly #clock: InstanceClock
  readonly #book: Book
  readonly #braking: Braking
  readonly #producer: MemoryProducer
  readonly #members: MemoryMember[] = []
  readonly #readings: Reading[] = []
  readonly #hits = new Map<Hit, SourceRecord>()
  readonly #known = new Set<string>()
  readonly #connection: Connection
  readonly pipeline: Pipeline

  constructor(parts: InstanceParts) {
    this.#parts = parts
    const { limits, gate } = parts.schedule
    this.#clock = new InstanceClock(parts.clock)
    this.#braking = new Braking(parts.configuration.brake, parts.onBraked)
    this.#book = new Book(parts.truth, { ...limits, gate }, this.#braking)
    this.#producer = parts.broker.producer()
    this.#connection = {
      clock: this.#clock,
      book: this.#book,
      copyOf: (hit) => this.#book.copyOf(this.#hits.get(hit) as SourceRecord),
      isMended: parts.configuration.isMended,
      inFlight: 0,
    }
    this.pipeline = this.#createPipeline()
  }

  start(): void {
    this.pipeline.start().catch(this.#parts.onProblem)
  }

  /** That its bounds are kept, and that it holds by the brake what it must, and nothing else. */
  check(): void {
    const { sources, tierPartitions, tierDelaysMs, limits } = this.#parts.schedule
    const { open } = this.pipeline
    const lanes = sources.flatMap(({ records }) => records).length + tierDelaysMs.length * tierPartitions
    assert.ok(open <= limits.windowEvents * lanes, `${open} records are open`)
    if (this.#parts.schedule.brake === undefined) return
    const held = this.pipeline.holds().brakes.map(({ topic }) => topic)
    assert.deepEqual(new Set(held), this.#braking.held, 'what the brake holds')
  }

  /** Whether the partition is its own, and held by the brake. */
  holds(place: { readonly topic: string; readonly partition: number }): boolean {
    const isOwn = ({ topic, partition }: typeof place): boolean => topic === place.topic && partition === place.partition
    return this.#braking.held.has(place.topic) && this.pipeline.views().first.some(isOwn)
  }

  /** Nothing of it goes on, at once. */
  kill(): void {
    this.#clock.kill()
    this.#producer.crash()
    for (const member of this.#members) member.crash()
  }

  /** Resolves to whether everything that was under way has ended and is committed. */
  async drain(): Promise<boolean> {
    const never = new Promise<void>(() => undefined)
    const clean = await this.pipeline.drain(never)
    await this.pipeline.leave()
    return clean
  }

  #createPipeline(): Pipeline {
    const { schedule, configuration, dice, topics, broker } = this.#parts
    const { limits, gate } = schedule
    const { share, ...looks } = configuration.brake ?? { back: 1, least: 1 }
    const partitionsOf = async (topic: string): Promise<number> => broker.ends(topic).length
    const sideExit = new SideExitProducer({ producer: this.#producer, topics, partitionsOf })
    const tiers = topics.tiers.map(({ topic }) => topic)
    return new Pipeline({
      limits: {
        batch: { maxEvents: limits.maxEvents, maxBytes: limits.maxBytes, lingerMs: limits.lingerMs, bodyBytes },
        retry: { attempts: limits.attempts, delayMs: 100, maxDelayMs: 1_000 },
        giveUpMs: limits.giveUpMs,
        ordering: limits.ordering,
        maxInFlight: limits.maxInFlightPerPartition,
        windowEvents: limits.windowEvents,
      },
      gate,
      brakeShare: share,
      brakeLooks: looks,
      windowBytes: limits.windowBytes,
      commitIntervalMs: 250,
      tierDelaysMs: new Map(topics.tiers.map(({ topic, delayMs }) => [topic, delayMs])),
      preparer: { prepare: (record) => this.#guarded(() => this.#prepare(record), SKIP) },
      sender: {
        send: (route, hits) => this.#guarded(() => this.#send(route, hits), Promise.resolve(HALT)),
      },
      sideExit: { write: (exits) => this.#write(exits, sideExit) },
      probe: new ListeningProbe(),
      clock: this.#clock,
      random: dice.random,
      members: {
        first: (flow) => this.#member(flow, { groupId: topics.groupId, topics: topics.sources, isOwn: false }),
        retried: (flow) => this.#member(flow, { groupId: `${topics.groupId}.retry`, topics: tiers, isOwn: true }),
      },
    })
  }

  #member(flow: FlowHandlers, group: { groupId: string; topics: readonly string[]; isOwn: boolean }): Member {
    const reading = new Reading(this.#parts.broker, group.groupId, this.#parts.comings)
    this.#readings.push(reading)
    const handlers = {
      revoking: (withinMs: number) => flow.revoking(withinMs),
      assigned: (partitions: Parameters<FlowHandlers['assigned']>[0]) => {
        staying.clear()
        flow.assigned(partitions)
        if (this.#book.forget(group.topics, staying)) this.#parts.onRepeat()
        this.#guarded(() => reading.assigned(partitions, staying), undefined)
      },
      fetched: (fetched: Parameters<FlowHandlers['fetched']>[0]) => {
        const isTaken = flow.fetched(fetched)
        if (isTaken) this.#guarded(() => reading.taken(fetched), undefined)
        return isTaken
      },
      recordsMissed: (missed: Parameters<Reading['missed']>[0]) =>
        this.#guarded(() => this.#parts.onMissed(missed, reading.missed(missed)), undefined),
      failed: this.#parts.onProblem,
    }
    // Partitions that are read on from where they were, and from where.
    const staying = new Map<string, number>()
    const limits = { maxRecords: 30, sessionTimeoutMs: SESSION_MS, heartbeatMs: 500 }
    const member = this.#parts.broker.member({ ...group, ...limits, handlers })
    this.#members.push(member)
    return {
      start: () => member.start(),
      stop: () => member.stop(),
      pause: (topic, partition) => member.pause(topic, partition),
      resume: (topic, partition) => member.resume(topic, partition),
      seek: (topic, partition, offset) => {
        staying.set(`${topic}/${partition}`, offset)
        member.seek(topic, partition, offset)
      },
      commit: (points) => member.commit(points),
    }
  }

  #send(route: Route, hits: readonly Hit[]): Promise<Answer> {
    const records = hits.map((hit) => this.#hits.get(hit) as SourceRecord)
    for (const reading of this.#readings) reading.sending(records)
    return this.#parts.tracker.send(route, hits, this.#connection)
  }

  /** Its sessions end while it goes on, and it hears of that after so many milliseconds. */
  lose(heardAfterMs: number): void {
    for (const member of this.#members) member.expire(heardAfterMs)
  }

  async #write(exits: readonly Exit[], sideExit: SideExitProducer): Promise<readonly (Exit | undefined)[]> {
    this.#guarded(() => this.#book.writing(exits), undefined)
    const written = await sideExit.write(exits)
    this.#guarded(() => {
      this.#parts.checkStored(written.filter((exit) => exit !== undefined))
      this.#book.written(exits.filter((_, index) => written[index] !== undefined))
    }, undefined)
    return written
  }

  #prepare(record: SourceRecord): Hit | Skip | Reject | Wait {
    const copy = this.#book.copyOf(record)
    const { entry } = copy
    if (entry.fate === 'late-schema' && !this.#known.has(entry.id)) {
      this.#known.add(entry.id)
      const { promise: ready, resolve } = Promise.withResolvers<void>()
      this.#clock.set(resolve, this.#parts.dice.between(0, 500))
      return { kind: 'wait', ready }
    }
    const content = this.#contentOf(entry)
    this.#book.judged(copy, content)
    if (content.kind === 'hit') this.#hits.set(content, record)
    return content
  }

  #contentOf({ id, fate, route, bulk, origin }: Entry): Hit | Skip | Reject {
    if (fate === 'skip') return SKIP
    if (fate === 'malformed') return MALFORMED
    if (fate === 'mistyped' && !this.#parts.configuration.isMended) {
      return origin.offset % 2 === 0 ? { ...MALFORMED, reason: 'mapping-failed' } : { ...MALFORMED, reason: 'invalid-hit' }
    }
    const hit = serialiseHit(routes[route] as Route, { customUserId: id, text: 'ж'.repeat(bulk / 2) })
    return bodyBytes(1, hit.bytes) <= this.#parts.schedule.limits.maxBytes ? hit : MALFORMED
  }

  #guarded<T>(run: () => T, otherwise: T): T {
    try {
      return run()
    } catch (problem) {
      this.#parts.onProblem(problem)
      return otherwise
    }
  }
}

const SKIP: Skip = { kind: 'skip', reason: 'filtered' }
const MALFORMED: Reject = { kind: 'reject', reason: 'malformed', detail: 'by the plan' }
const HALT: Answer = { kind: 'halt', reason: 'misconfigured', detail: 'a check failed' }
