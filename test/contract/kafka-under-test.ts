import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import type { Kafka, Message, Producer } from 'kafkajs'
import kafkajs from 'kafkajs'
import { createKafka } from '../../src/kafka/client.ts'
import { GroupConsumer } from '../../src/kafka/consumer.ts'
import { StartPositions } from '../../src/kafka/start-positions.ts'
import type { Cluster } from '../../src/stack/cluster.ts'
import type { Point } from '../support/memory-broker/member.ts'
import { until } from '../support/sink-process.ts'
import type { BrokerUnderTest, ContractMemberOptions, Member } from './broker-under-test.ts'

const killedMember = new URL('killed-member.ts', import.meta.url).pathname

export function kafkaOf(brokers: readonly string[]): Kafka {
  return createKafka({ brokers, clientId: 'contract', ssl: false, sasl: undefined, onLog: () => undefined })
}

/** A real broker behind our own adapters. */
export class KafkaUnderTest implements BrokerUnderTest {
  readonly producer: Producer
  readonly #cluster: Cluster
  readonly #t: TestContext
  readonly until = until

  private constructor(t: TestContext, cluster: Cluster) {
    this.#t = t
    this.#cluster = cluster
    // As the service makes its own.
    this.producer = kafkaOf(cluster.stack.brokers).producer({
      allowAutoTopicCreation: false,
      idempotent: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    })
  }

  static async connect(t: TestContext, cluster: Cluster): Promise<KafkaUnderTest> {
    const broker = new KafkaUnderTest(t, cluster)
    await broker.producer.connect()
    t.after(() => broker.producer.disconnect())
    return broker
  }

  async createTopic(name: string, shape: { partitions: number; maxMessageBytes?: number }): Promise<void> {
    const { partitions, maxMessageBytes } = shape
    const configEntries = maxMessageBytes === undefined ? [] : [{ name: 'max.message.bytes', value: String(maxMessageBytes) }]
    await this.#cluster.admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic: name, numPartitions: partitions, replicationFactor: 1, configEntries }],
    })
  }

  async deleteTopic(name: string): Promise<void> {
    await this.#cluster.admin.deleteTopics({ topics: [name] })
  }

  async appendTransaction(
    { topic, partition }: { topic: string; partition: number },
    messages: readonly Message[],
    outcome: 'commit' | 'abort',
  ): Promise<void> {
    const kafka = kafkaOf(this.#cluster.stack.brokers)
    const producer = kafka.producer({
      transactionalId: crypto.randomUUID(),
      maxInFlightRequests: 1,
      idempotent: true,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    })
    await producer.connect()
    const endOf = async (): Promise<number> => (await this.ends(topic))[partition] ?? 0
    const marker = (await endOf()) + messages.length
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: messages.map((message) => ({ ...message, partition })) })
    await transaction[outcome]()
    await producer.disconnect()
    // The outcome is agreed to before it is written.
    await until('the marker is written', async () => (await endOf()) === marker + 1)
  }

  ends(topic: string): Promise<number[]> {
    return this.#cluster.ends(topic)
  }

  async committed(groupId: string, topic: string): Promise<({ offset: number; metadata: string } | undefined)[]> {
    const [found] = await this.#cluster.admin.fetchOffsets({ groupId, topics: [topic] })
    const commits: ({ offset: number; metadata: string } | undefined)[] = []
    for (const { partition, offset, metadata } of found?.partitions ?? []) {
      commits[partition] = Number(offset) < 0 ? undefined : { offset: Number(offset), metadata: metadata ?? '' }
    }
    return commits
  }

  async member(options: ContractMemberOptions): Promise<Member> {
    const member = await groupConsumer(this.#cluster, options)
    this.#t.after(() => member.stop())
    return member
  }

  /** In a process of its own, for nothing less can be killed. */
  async killedMember(options: { groupId: string; points: readonly Point[] }): Promise<void> {
    const task = JSON.stringify({ ...options, brokers: this.#cluster.stack.brokers })
    const child = spawn(process.execPath, [killedMember, task], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#t.after(() => void child.kill('SIGKILL'))
    const exited = once(child, 'exit')
    await Promise.race([once(createInterface({ input: child.stdout }), 'line'), exited])
    if (!child.kill('SIGKILL')) throw new Error('the member ended before it could be killed')
    await exited
  }

  settled<T>(promise: Promise<T>): Promise<T> {
    return promise
  }
}

export async function groupConsumer(
  cluster: Pick<Cluster, 'admin' | 'stack'>,
  { startFrom = 'earliest', maxBytesPerPartition = 1_048_576, ...options }: ContractMemberOptions,
): Promise<GroupConsumer> {
  const { groupId, topics } = options
  return new GroupConsumer({
    ...options,
    kafka: () => kafkaOf(cluster.stack.brokers),
    brokersAnswerSince: () => undefined,
    starts: await StartPositions.resolve({ admin: cluster.admin, groupId, topics, startFrom }),
    sessionTimeoutMs: 2_000,
    rebalanceTimeoutMs: 10_000,
    maxBytesPerPartition,
    maxBytesPerFetch: 10_485_760,
    maxWaitMs: 50,
    commits: true,
  })
}
