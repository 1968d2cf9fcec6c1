import type { Admin } from 'kafkajs'
import type { Clock } from '../../../src/core/clock.ts'
import type { ResumePoint } from '../../../src/core/offset-runs.ts'
import type { SourceRecord } from '../../../src/core/record.ts'
import type { ConsumerHandlers } from '../../../src/kafka/consumer.ts'
import { historyOf } from '../../../src/kafka/headers.ts'
import { encodeOffsetMap } from '../../../src/kafka/offset-map.ts'
import type { Position, StartFrom } from '../../../src/kafka/start-positions.ts'
import { StartPositions } from '../../../src/kafka/start-positions.ts'
import { MemoryAdmin } from './admin.ts'
import { connectionLost, refusal } from './errors.ts'
import type { Faults } from './faults.ts'
import { FetchLoop } from './fetch-loop.ts'
import type { Commit, Group, GroupMember } from './group.ts'
import type { Read, Stored } from './partition-log.ts'
import type { TopicPartition, Topics } from './topics.ts'
import { nameOf } from './topics.ts'
import { Wire } from './wire.ts'

export interface MemberOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  /** Whether the topics are ours: then the records' headers tell their history. */
  readonly isOwn: boolean
  readonly handlers: ConsumerHandlers
  readonly startFrom?: StartFrom
  /** How long a fetch waits for records: also how long a resumed partition waits for its first. */
  readonly maxWaitMs?: number
  readonly maxBytesPerPartition?: number
  readonly maxBytesPerFetch?: number
  /** Of one partition and fetch; a broker knows no such limit, but a test may. */
  readonly maxRecords?: number
  /** How long a member that has crashed keeps its partitions. */
  readonly sessionTimeoutMs?: number
  /** How often it hears of a rebalance. */
  readonly heartbeatMs?: number
}

export interface MemberParts {
  readonly clock: Clock
  readonly topics: Topics
  readonly group: Group
  readonly faults: Faults
  readonly latencyMs: () => number
}

export type Point = ResumePoint & TopicPartition

/** Plays the part of GroupConsumer, with the same surface and the same handlers. */
export class MemoryMember implements GroupMember {
  readonly topics: readonly string[]
  readonly #parts: MemberParts
  readonly #options: MemberOptions
  readonly #there: Wire
  readonly #back: Wire
  readonly #loop: FetchLoop
  readonly #started = Promise.withResolvers<void>()
  #starts: StartPositions | undefined
  #state: 'new' | 'running' | 'stopped' | 'crashed' = 'new'
  /** Of the group, as this member knows it; undefined: it has not joined yet. */
  #generation: number | undefined
  #joinedAt = 0
  /** That whose partitions were handed out. */
  #assignedGeneration: number | undefined
  /** Partitions that were out of range before that. */
  readonly #early = new Set<string>()
  /** Where partitions that stay were told to read on, while partitions are handed out. */
  readonly #staying = new Set<string>()
  /** The group waits for it. */
  #isBehind = false
  /** Its join is under way. */
  #isJoining = false

  constructor(parts: MemberParts, options: MemberOptions) {
    this.topics = options.topics
    this.#parts = parts
    this.#options = options
    this.#there = new Wire(parts.clock, parts.latencyMs)
    this.#back = new Wire(parts.clock, parts.latencyMs)
    const { maxRecords = 500, maxBytesPerPartition = 1_048_576, maxBytesPerFetch = 10_485_760, maxWaitMs = 50 } = options
    this.#loop = new FetchLoop({
      clock: parts.clock,
      topics: parts.topics,
      limits: { maxRecords, maxBytesPerPartition, maxBytesPerFetch, maxWaitMs },
      latencyMs: parts.latencyMs,
      deliver: (of, read) => this.#deliver(of, read),
      outOfRange: (of, from, low) => this.#onOutOfRange(of, from, low),
    })
  }

  /** Resolves once the group is joined. */
  async start(): Promise<void> {
    const { topics, group } = this.#parts
    const { groupId, startFrom = 'earliest' } = this.#options
    for (const topic of this.topics) topics.demand(topic)
    this.#state = 'running'
    const admin = new MemoryAdmin(topics, group) as unknown as Admin
    this.#starts = await StartPositions.resolve({ admin, groupId, topics: this.topics, startFrom })
    this.#join()
    await this.#started.promise
  }

  pause(topic: string, partition: number): void {
    this.#loop.pause({ topic, partition })
  }

  resume(topic: string, partition: number): void {
    this.#loop.resume({ topic, partition })
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#staying.add(nameOf({ topic, partition }))
    this.#loop.seek({ topic, partition }, offset)
  }

  async commit(points: readonly Point[]): Promise<readonly Point[]> {
    if (this.#state === 'stopped') return points
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (this.#state !== 'crashed') this.#sendCommit(points, { resolve, reject })
    await promise
    this.#starts?.committed(points)
    return points
  }

  /** Leaves the group; no handler is called from now on. */
  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (this.#state === 'crashed') return await promise
    this.#state = 'stopped'
    this.#loop.close()
    // On the way that earlier commits took, so behind them.
    this.#there.carry(() => {
      this.#parts.group.leave(this)
      this.#back.carry(resolve)
    })
    await promise
    this.#started.resolve()
  }

  /** Its process is killed. Nothing of it settles any more, and the group notices when its session ends. */
  crash(): void {
    const { clock, group } = this.#parts
    this.#state = 'crashed'
    this.#loop.close()
    this.#there.cut()
    this.#back.cut()
    clock.set(() => group.leave(this), this.#options.sessionTimeoutMs ?? 10_000)
  }

  /** Its session ends while it goes on. It hears of that with its first heartbeat after so many milliseconds, and joins as another member. */
  expire(heardAfterMs: number): void {
    const { clock, group } = this.#parts
    if (this.#state !== 'running' || this.#isBehind || this.#isJoining) return
    this.#isBehind = true
    group.leave(this)
    clock.set(() => this.#joinAtHeartbeat(), heardAfterMs)
  }

  /** Called by the group. */
  rebalancing(): void {
    if (this.#isBehind || this.#state !== 'running') return
    this.#isBehind = true
    if (!this.#isJoining) this.#joinAtHeartbeat()
  }

  /** Called by the group. */
  joined(generation: number, assignment: ReadonlyMap<string, readonly number[]>): void {
    this.#isBehind = false
    this.#back.carry(() => this.#onJoined(generation, assignment).catch(this.#options.handlers.failed))
  }

  #joinAtHeartbeat(): void {
    const { clock } = this.#parts
    const { heartbeatMs = 3_000 } = this.#options
    const sinceLast = (clock.now() - this.#joinedAt) % heartbeatMs
    clock.set(() => {
      if (this.#state !== 'running') return
      this.#loop.end()
      const joins = (): void => {
        if (this.#state === 'running') this.#join()
      }
      void this.#options.handlers.revoking((this.#options.sessionTimeoutMs ?? 10_000) / 2).then(joins)
    }, heartbeatMs - sinceLast)
  }

  #join(): void {
    this.#isJoining = true
    this.#there.carry(() => this.#parts.group.join(this))
  }

  async #onJoined(generation: number, assignment: ReadonlyMap<string, readonly number[]>): Promise<void> {
    if (this.#state !== 'running') return
    const { clock, group } = this.#parts
    this.#generation = generation
    this.#joinedAt = clock.now()
    this.#isJoining = false
    // The next rebalance began while this join was being answered.
    if (this.#isBehind) this.#joinAtHeartbeat()
    this.#started.resolve()
    const places = [...assignment].flatMap(([topic, partitions]) => partitions.map((partition) => ({ topic, partition })))
    // Fetching begins before `assigned`, as it does in kafkajs: what comes first is refused and comes again.
    this.#early.clear()
    this.#loop.begin(places.map((place) => ({ ...place, position: group.committed(place)?.offset ?? 0 })))
    await this.#roundTrip()
    const positions = (await this.#starts?.of(assignment)) ?? []
    const starts = positions.filter(({ isNew }) => isNew)
    if (!this.#isStill(generation)) return
    for (const start of starts) this.#loop.seek(start, start.offset)
    if (starts.length > 0) await this.commit(starts).catch(() => undefined)
    if (!this.#isStill(generation)) return
    this.#assignedGeneration = generation
    this.#staying.clear()
    this.#options.handlers.assigned(
      positions.map(({ topic, partition, offset, runs, isNew }) => {
        return { topic, partition, resume: { offset, runs }, isSameLog: !isNew }
      }),
    )
    for (const position of positions) this.#tell(position)
  }

  #tell({ topic, partition, offset, missed, isForeign }: Position): void {
    if (isForeign) this.#options.handlers.metadataIgnored?.({ topic, partition })
    const name = nameOf({ topic, partition })
    if (this.#staying.has(name)) return
    if (missed === undefined && this.#early.has(name)) this.#loop.seek({ topic, partition }, offset)
    if (missed === undefined) return
    this.#loop.seek({ topic, partition }, missed.to)
    this.#miss({ topic, partition }, missed.from, missed.to)
  }

  #onOutOfRange(of: TopicPartition, from: number, low: number): void {
    if (this.#assignedGeneration === this.#generation) this.#miss(of, from, low)
    else this.#early.add(nameOf(of))
  }

  #miss({ topic, partition }: TopicPartition, from: number, to: number): void {
    this.#options.handlers.recordsMissed?.({ topic, partition, from, to })
    this.#deliver({ topic, partition }, { records: [], upTo: to, bytes: 0 })
  }

  #isStill(generation: number): boolean {
    return this.#state === 'running' && this.#generation === generation
  }

  #roundTrip(): Promise<void> {
    return new Promise((resolve) => this.#there.carry(() => this.#back.carry(resolve)))
  }

  #sendCommit(points: readonly Point[], { resolve, reject }: { resolve: () => void; reject: (error: Error) => void }): void {
    const { group, faults } = this.#parts
    const generation = this.#generation
    if (generation === undefined) {
      reject(new Error('Consumer group was not initialized, consumer#run must be called first'))
      return
    }
    const fate = faults.commit?.() ?? 'ok'
    const commits = points.map(({ topic, partition, offset, runs }): Commit => {
      return { topic, partition, offset, metadata: encodeOffsetMap(runs) }
    })
    this.#there.carry(() => {
      const type = fate === 'reject-unwritten' ? undefined : group.commit(this, generation, commits)
      this.#back.carry(() => {
        // Once it stops, kafkajs says nothing of errors either.
        if (this.#state === 'stopped') resolve()
        else if (fate !== 'ok') reject(connectionLost())
        else if (type === undefined || type === 'UNKNOWN_TOPIC_OR_PARTITION') resolve()
        else reject(refusal(type))
      })
    })
  }

  #deliver({ topic, partition }: TopicPartition, { records, upTo }: Read): boolean {
    const { handlers } = this.#options
    try {
      return handlers.fetched({
        topic,
        partition,
        records: records.map((stored) => this.#toRecord(topic, partition, stored)),
        upTo,
        end: upTo,
      })
    } catch (error) {
      handlers.failed(error)
      return false
    }
  }

  #toRecord(topic: string, partition: number, { offset, timestamp, key, value, headers }: Stored): SourceRecord {
    const text = key === null ? null : key.toString('latin1')
    const record = { topic, partition, offset, timestamp, key: text, value, headers, history: undefined }
    return this.#options.isOwn ? { ...record, history: historyOf(record) } : record
  }
}
