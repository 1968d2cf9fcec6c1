import type { TestContext } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import type { ConsumerHandlers } from '../../src/kafka/consumer.ts'
import { GroupConsumer } from '../../src/kafka/consumer.ts'
import type { StallLimits } from '../../src/kafka/session-watch.ts'
import { StartPositions } from '../../src/kafka/start-positions.ts'
import { Pipeline } from '../../src/pipeline/pipeline.ts'
import type { FlowHandlers, Preparer, Sender } from '../../src/pipeline/ports.ts'
import type { Cluster } from '../../src/stack/cluster.ts'
import { Listener } from '../contract/listener.ts'
import { delivered, hitOf, ListeningProbe, limits, ManualSideExit, probes } from './pipeline-fakes.ts'
import type { Relay } from './relay.ts'
import { until } from './sink-process.ts'

/** Records that are produced at a time. */
const SOME = 300
export const SESSION_MS = 4_000
/** Longer than any test. */
export const patient: StallLimits = { commitMs: 60_000, fetchMs: 60_000, joinMs: 60_000 }

export interface Group {
  readonly groupId: string
  readonly topic: string
  /** Left out: that one alone is read. */
  readonly alsoReads?: string
  readonly relay: Relay
  readonly stallLimits: StallLimits
  /** Happens when it was looked up where partitions go on, and before they are handed out. */
  readonly afterLook?: () => Promise<void>
}

/** A member whose way to the broker leads over the relay. What is looked up for it does not, as it does not in the service. */
export async function relayedConsumer(
  { admin }: Cluster,
  { topic, alsoReads, relay, afterLook = async () => undefined, ...group }: Group,
): Promise<(handlers: ConsumerHandlers) => GroupConsumer> {
  const topics = alsoReads === undefined ? [topic] : [topic, alsoReads]
  const starts = await StartPositions.resolve({ admin, groupId: group.groupId, topics, startFrom: 'earliest' })
  const look = starts.of.bind(starts)
  starts.of = async (assigned) => {
    const found = await look(assigned)
    await afterLook()
    return found
  }
  return (handlers) =>
    new GroupConsumer({
      ...{ ...group, topics, isOwn: false, commits: true, starts, handlers },
      kafka: () => relay.kafka(),
      brokersAnswerSince: () => 0,
      ...{ sessionTimeoutMs: SESSION_MS, rebalanceTimeoutMs: 10_000 },
      ...{ maxBytesPerPartition: 65_536, maxBytesPerFetch: 1_048_576, maxWaitMs: 50 },
    })
}

/** Such a member that has its partitions, and what it hears: why it was made anew, and what it says was missed. */
export async function relayedMember(t: TestContext, cluster: Cluster, group: Group) {
  const listener = new Listener()
  const rebuilt: string[] = []
  const missed: { partition: number; from: number; to: number }[] = []
  const member = (await relayedConsumer(cluster, group))({
    ...listener.handlers,
    rebuilding: ({ reason }) => void rebuilt.push(reason),
    recordsMissed: ({ partition, from, to }) => void missed.push({ partition, from, to }),
  })
  t.after(() => member.stop())
  await member.start()
  await until('it has its partitions', () => listener.isAssigned)
  return { member, listener, rebuilt, missed }
}

/** The pipeline behind such a member, with a tracker that takes everything. */
export class RelayedSink {
  /** The records that the tracker took, as `partition@offset`. */
  readonly delivered: string[] = []
  /** Why the consumer was made anew. */
  readonly rebuilt: string[] = []
  failure: unknown
  readonly #cluster: Cluster
  readonly #group: Group

  private constructor(cluster: Cluster, group: Group) {
    this.#cluster = cluster
    this.#group = group
  }

  /** It has delivered and committed some records. */
  static async start(t: TestContext, cluster: Cluster, group: Group): Promise<RelayedSink> {
    const sink = new RelayedSink(cluster, group)
    const member = await relayedConsumer(cluster, group)
    const preparer: Preparer = { prepare: ({ partition, offset }) => hitOf(`${partition}@${offset}`) }
    const sender: Sender = {
      send: async (_route, hits) => {
        for (const { json } of hits) sink.delivered.push((JSON.parse(json) as { customUserId: string }).customUserId)
        return delivered
      },
    }
    const gate = { maxInFlight: 8, requestsPerSecond: 0, failures: undefined, probes }
    const pipeline = new Pipeline({
      ...{ limits, preparer, sender, sideExit: new ManualSideExit(), probe: new ListeningProbe(), clock: systemClock },
      ...{
        random: Math.random,
        gate,
        brakeShare: undefined,
        windowBytes: 1_000_000,
        commitIntervalMs: 100,
        tierDelaysMs: new Map(),
      },
      members: { first: (flow) => member(sink.#handlers(flow)) },
    })
    t.after(async () => {
      await pipeline.drain(Promise.resolve())
      await pipeline.leave()
    })
    await pipeline.start()
    await sink.produce()
    await sink.deliversAll()
    return sink
  }

  /** Some records more, in all partitions. */
  async produce(): Promise<void> {
    const { topic } = this.#group
    const { length } = await this.#cluster.ends(topic)
    const messages = Array.from({ length: SOME }, (_, at) => ({ partition: at % length, key: null, value: Buffer.from('x') }))
    await this.#cluster.produce(topic, messages)
  }

  /** Every record was delivered, and is committed. */
  async deliversAll(withinMs = 60_000): Promise<void> {
    const { topic, groupId } = this.#group
    const ends = await this.#cluster.ends(topic)
    const all = ends.flatMap((end, partition) => Array.from({ length: end }, (_, offset) => `${partition}@${offset}`))
    await until('all is delivered', () => all.every((record) => this.delivered.includes(record)))
    await until('all is committed', async () => `${await this.#cluster.committed(groupId, topic)}` === `${ends}`, withinMs)
  }

  #handlers(flow: FlowHandlers): ConsumerHandlers {
    return {
      revoking: (withinMs) => flow.revoking(withinMs),
      assigned: (partitions) => flow.assigned(partitions),
      fetched: (fetched) => flow.fetched(fetched),
      rebuilding: ({ reason }) => void this.rebuilt.push(reason),
      failed: (error) => {
        this.failure = error
      },
    }
  }
}
