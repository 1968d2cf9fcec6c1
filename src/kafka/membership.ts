import { setTimeout as sleep } from 'node:timers/promises'
import type { Broker, Cluster, PartitionAssigner } from 'kafkajs'
import kafkajs from 'kafkajs'
import type { ResumePoint } from '../core/offset-runs.ts'
import { missingTopics, onTopicGone } from './deletion-repairs.ts'
import { encodeOffsetMap, isCut } from './offset-map.ts'
import type { OutOfRange } from './repairs.ts'
import { onCoordinatorGone, onOutOfRange } from './repairs.ts'

export type Point = ResumePoint & { readonly topic: string; readonly partition: number }

/** What the coordinator said when the group was joined. */
interface Joined {
  readonly memberId: string
  readonly generationId: number
}

/** As much of joining and leaving as matters here; kafkajs leaves it out of its types. */
interface JoiningBroker extends Broker {
  joinGroup(request: unknown): Promise<Joined>
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>
}

/** The coordinator is on its way: it loads the group, or another broker has become it. */
const LOADING: readonly unknown[] = ['GROUP_LOAD_IN_PROGRESS', 'GROUP_COORDINATOR_NOT_AVAILABLE']
const MOVED: readonly unknown[] = [...LOADING, 'NOT_COORDINATOR_FOR_GROUP']
const LOADING_WAIT_MS = 200
const LOADING_ATTEMPTS = 100
/** A commit looks for a coordinator that has moved for at most so long. */
const COMMIT_MS = 1_500

export interface MembershipOptions {
  readonly groupId: string
  /** The join waits for it. */
  readonly beforeJoin: () => Promise<void>
  readonly outOfRange: (event: OutOfRange) => void
  /** A commit could not keep all that was done behind it. */
  readonly metadataCut: (place: { topic: string; partition: number }) => void
}

/**
 * A member's standing in its group, got hold of by way of the assigner: that is the only part of kafkajs that sees every join.
 *
 * It lets `beforeJoin` end before any join; it joins through a coordinator that is still loading, where kafkajs would go on without
 * joining and have every later commit refused; and it commits straight to whoever is coordinator now, which works while kafkajs stops
 * and fails at once where kafkajs asks for seconds.
 */
export class Membership {
  readonly #options: MembershipOptions
  readonly #watched = new WeakSet<Broker>()
  #find: (() => Promise<Broker>) | undefined
  #coordinator: Broker | undefined
  #joined: Joined | undefined
  /** Topics that are gone or were, until the next join. Made anew, they would take offsets of their old log for their own. */
  readonly #gone = new Set<string>()
  #joinAgain: (() => void) | undefined
  #isClosed = false

  constructor(options: MembershipOptions) {
    this.#options = options
  }

  /** Plain round robin. */
  readonly assigner: PartitionAssigner = (parts) => {
    this.#enter(parts.cluster)
    return kafkajs.PartitionAssigners.roundRobin(parts)
  }

  /** Rejects with the broker's error, whose `type` tells what it was. Returns what was committed: what is of a topic that is gone is left out. */
  async commit(all: readonly Point[]): Promise<readonly Point[]> {
    // As a member of now: later, what it commits may be somebody else's.
    const joined = this.#joined
    for (;;) {
      const points = all.filter(({ topic }) => !this.#gone.has(topic))
      if (points.length === 0) return points
      try {
        await this.#commit(points, joined)
        return points
      } catch (error) {
        const missing = missingTopics(error) ?? []
        if (!points.some(({ topic }) => missing.includes(topic))) throw error
        this.#forget(missing)
        this.#joinAgain?.()
      }
    }
  }

  #forget(topics: readonly string[]): void {
    for (const topic of topics) this.#gone.add(topic)
  }

  async #commit(points: readonly Point[], joined: Joined | undefined): Promise<void> {
    const deadline = performance.now() + COMMIT_MS
    for (;;) {
      try {
        await this.#commitTo(await this.#current(), points, joined)
        return
      } catch (error) {
        if (!MOVED.includes(typeOf(error)) || performance.now() > deadline || this.#isClosed) throw error
        this.#coordinator = undefined
      }
      await sleep(LOADING_WAIT_MS / 2)
    }
  }

  async #commitTo(coordinator: Broker, points: readonly Point[], joined: Joined | undefined): Promise<void> {
    if (joined === undefined) throw new Error('the group was not joined')
    const topics = [...Map.groupBy(points, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
      topic,
      partitions: ofTopic.map(({ partition, offset, runs }) => {
        const metadata = encodeOffsetMap(runs)
        if (isCut(runs, metadata)) this.#options.metadataCut({ topic, partition })
        return { partition, offset: String(offset), metadata }
      }),
    }))
    const { generationId: groupGenerationId, memberId } = joined
    await coordinator.offsetCommit({ groupId: this.#options.groupId, groupGenerationId, memberId, topics })
  }

  async #current(): Promise<Broker> {
    if (this.#coordinator?.isConnected() === true) return this.#coordinator
    return await this.#findAnew()
  }

  async #findAnew(): Promise<Broker> {
    const found = await this.#find?.()
    if (found === undefined) throw new Error('the group was not joined')
    this.#coordinator = found
    return found
  }

  /** Joins nothing from now on, and asks no second time for a commit; a join that is under way is taken back. */
  close(): void {
    this.#isClosed = true
  }

  #enter(cluster: Cluster): void {
    onOutOfRange(cluster, this.#options.outOfRange)
    this.#joinAgain = onTopicGone(cluster, (topics) => this.#forget(topics))
    onCoordinatorGone(cluster, () => this.#findAnew())
    const find = cluster.findGroupCoordinator.bind(cluster)
    this.#find = () => find({ groupId: this.#options.groupId })
    cluster.findGroupCoordinator = async (group) => {
      if (!this.#isClosed) await this.#options.beforeJoin()
      if (this.#isClosed) throw givenUp()
      const broker = await find(group)
      this.#watch(broker as JoiningBroker)
      return broker
    }
  }

  #watch(broker: JoiningBroker): void {
    if (this.#watched.has(broker)) return
    this.#watched.add(broker)
    const join = broker.joinGroup.bind(broker)
    broker.joinGroup = async (request) => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const joined = await join(request)
          if (this.#isClosed) return await this.#leave(broker, joined)
          this.#joined = joined
          this.#coordinator = broker
          this.#gone.clear()
          return joined
        } catch (error) {
          // Any other error is kafkajs's to deal with: it then looks for the coordinator again.
          if (!LOADING.includes(typeOf(error)) || attempt === LOADING_ATTEMPTS || this.#isClosed) throw error
        }
        await sleep(LOADING_WAIT_MS)
      }
    }
  }

  /** The group took in a member that was given up meanwhile. */
  async #leave(broker: JoiningBroker, { memberId }: Joined): Promise<never> {
    await broker.leaveGroup({ groupId: this.#options.groupId, memberId }).catch(() => undefined)
    throw givenUp()
  }
}

function givenUp(): Error {
  return new kafkajs.KafkaJSNonRetriableError('the member was given up')
}

function typeOf(error: unknown): unknown {
  return (error as { type?: unknown } | undefined)?.type
}
