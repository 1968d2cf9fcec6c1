import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fault, FaultRequest } from '../../src/simulator/faults.ts'
import type { AcceptedHit } from '../../src/simulator/journal.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import type { Stack } from '../../src/stack/stack.ts'
import { scoredSchema, writeGameConfig } from '../support/game.ts'
import { randomOf } from '../support/seeded-random.ts'
import { until } from '../support/sink-process.ts'
import { Feed } from './feed.ts'
import { Instance } from './instance.ts'
import type { Judgement } from './judge.ts'
import { judge } from './judge.ts'
import type { Scenario } from './scenario.ts'

export const EVENTS_PER_SECOND = 400
const LATENCY_MS = 100
/** Of the requests, answered with 500: what is sent again is what later events could overtake. */
const FAILING = 0.02
const COMMIT_INTERVAL_MS = 250
/** Allowed for one commit, on a machine that does much besides. */
const COMMIT_MS = 1_000
const PATIENCE_MS = 120_000

export interface StageOptions {
  readonly stack: Stack
  readonly seed: number
  /** A quarter of the events. */
  readonly isShort: boolean
}

/** Brokers, the stand-in tracker, the instances of the sink and the feed: what a scenario has at hand. */
export class Stage {
  readonly cluster: Cluster
  readonly groupId = 'chaos-sink'
  readonly topic = 'chaos-events'
  readonly feed: Feed
  /** A player whose events the tracker answers with 500 for now. */
  held: string | undefined
  /** What requests meet for now, instead of the usual. */
  fault: ((request: FaultRequest) => Fault | undefined) | undefined
  /** As many copies may arrive as the scenario has allowed for. */
  allowedTwice = 0
  readonly isShort: boolean
  readonly #tracker: Simulator
  readonly #directory: string
  readonly #config: string
  readonly #instances: Instance[] = []

  private constructor(
    cluster: Cluster,
    made: { tracker: Simulator; feed: Feed; directory: string; config: string; isShort: boolean },
  ) {
    this.cluster = cluster
    this.#tracker = made.tracker
    this.feed = made.feed
    this.#directory = made.directory
    this.#config = made.config
    this.isShort = made.isShort
  }

  static async set(
    { nodes, partitions = 6, twoApps = false, config = [] }: Scenario,
    { stack, seed, isShort }: StageOptions,
  ): Promise<Stage> {
    const cluster = await Cluster.connect(stack)
    const [topic, groupId] = ['chaos-events', 'chaos-sink']
    await cluster.createTopic(topic, partitions, {}, nodes)
    const schemaId = await cluster.register('game', scoredSchema)
    const feed = new Feed({ cluster, topic, schemaId, partitions, seed, eventsPerSecond: EVENTS_PER_SECOND, twoApps })
    const random = randomOf(seed)
    const tracker = await startSimulator({
      journal: 'hits',
      latencyMs: LATENCY_MS,
      fault: (request) => {
        const { events } = request
        if (stage.fault !== undefined) return stage.fault(request)
        const isHeld = events?.some((event) => stage.held === playerOf(event)) === true
        return isHeld || random() < FAILING ? { status: 500 } : undefined
      },
    })
    const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-chaos-'))
    const retry = config.some((line) => line.startsWith('retry:')) ? [] : [`retry: { replicationFactor: ${nodes} }`]
    const delivery = `delivery: { maxInFlight: 16, commitInterval: ${COMMIT_INTERVAL_MS}ms }`
    const more = [delivery, ...retry, ...config].join('\n')
    const file = writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url, more })
    const stage = new Stage(cluster, { tracker, feed, directory, config: file, isShort })
    return stage
  }

  /** Another instance of the sink, once it has joined. */
  async start(): Promise<Instance> {
    const instance = new Instance(this.#config, this.groupId)
    this.#instances.push(instance)
    await instance.joined()
    return instance
  }

  /** Requests that have arrived. */
  get requests(): number {
    return this.#tracker.journal.counts().requests
  }

  /** Events accepted a second, from one time to another, epoch ms. */
  rate(from: number, to: number, idApp?: string): number {
    const accepted = this.hits.filter((hit) => hit.at >= from && hit.at < to && (idApp === undefined || hit.idApp === idApp))
    return (accepted.length / (to - from)) * 1_000
  }

  /** Records on the retry topics, whether or not they came again. */
  async parked(): Promise<number> {
    let parked = 0
    for (const topic of await this.#tiers()) parked += (await this.cluster.ends(topic)).reduce((sum, end) => sum + end, 0)
    return parked
  }

  /** A number as it is, or a quarter of it in the short form. */
  scaled(number: number): number {
    return this.isShort ? Math.ceil(number / 4) : number
  }

  /** Ends an instance in the orderly way, for good. */
  async stop(instance: Instance): Promise<void> {
    assert.equal(await instance.stop(), 0, 'the drain was not clean')
  }

  get hits(): readonly AcceptedHit[] {
    return this.#tracker.journal.hits
  }

  /** Resolves when so many more events are accepted, a quarter of them in the short form. */
  async more(events: number, withinMs = PATIENCE_MS): Promise<void> {
    const goal = this.hits.length + this.scaled(events)
    await until(`${goal} are accepted`, () => this.hits.length >= goal, withinMs)
  }

  /**
   * SIGKILL, and another process in its place. What may be sent twice after it: what was accepted after the last commit began, and
   * what was in flight, which the tracker accepts when it arrives.
   */
  async kill(instance: Instance): Promise<void> {
    const since = Date.now() - COMMIT_INTERVAL_MS - COMMIT_MS - LATENCY_MS
    await instance.replace('SIGKILL')
    this.allowedTwice += this.hits.filter(({ at }) => at >= since).length
  }

  /** Ends the feed, waits until all is committed, ends the instances. */
  async finish(): Promise<Judgement & { readonly peakRssMiB: number; readonly failures: number }> {
    await this.feed.stop()
    await until('all is committed', () => this.#isCommitted().catch(() => false), PATIENCE_MS)
    for (const instance of this.#running()) await this.stop(instance)
    const log = (await this.cluster.readAll(this.topic)).map(({ headers, partition, offset, key }) => ({
      ...{ id: headers.id ?? '', partition, offset, key: key ?? '' },
    }))
    const accepted = this.hits.map(({ params }) => (params.customEventParams as { id: string }).id)
    const peakRssMiB = Math.max(...this.#instances.map(({ peakRssKiB }) => peakRssKiB)) / 1_024
    const failures = this.#instances.reduce((sum, instance) => sum + instance.failures, 0)
    return { ...judge(log, accepted, this.feed.acknowledged), peakRssMiB, failures }
  }

  /** Ends whatever still runs. The stack is the caller's. */
  async clear(): Promise<void> {
    for (const instance of this.#instances) instance.abandon()
    await this.feed.stop().catch(() => undefined)
    await this.#tracker.stop()
    await this.cluster.close()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #running(): Instance[] {
    return this.#instances.filter(({ isOver }) => !isOver)
  }

  async #isCommitted(): Promise<boolean> {
    const isRead = async (groupId: string, topic: string): Promise<boolean> => {
      const [committed, ends] = [await this.cluster.committed(groupId, topic), await this.cluster.ends(topic)]
      return ends.every((end, partition) => end === 0 || committed[partition] === end)
    }
    if (!(await isRead(this.groupId, this.topic))) return false
    for (const topic of await this.#tiers()) if (!(await isRead(`${this.groupId}.retry`, topic))) return false
    return true
  }

  async #tiers(): Promise<string[]> {
    return (await this.cluster.admin.listTopics()).filter((topic) => topic.startsWith(`${this.groupId}.retry.`))
  }
}

function playerOf(event: unknown): unknown {
  return (event as { customUserId?: unknown }).customUserId
}
