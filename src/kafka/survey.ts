/** Looks at the brokers before a start, and changes nothing. */
import type { Admin } from 'kafkajs'
import kafkajs from 'kafkajs'
import type { KafkaConnection } from './client.ts'
import { createKafka } from './client.ts'
import type { TopicPlan } from './topics.ts'
import { wordsOf } from './way-in.ts'

export interface SurveyedTopic {
  readonly partitions: number
  readonly replicas: number
  readonly leaderless: number
}

export interface Plan extends TopicPlan {
  readonly partitions: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
}

const SETTINGS = ['cleanup.policy', 'retention.ms', 'max.message.bytes', 'min.insync.replicas']

export class Survey {
  readonly #admin: Admin

  private constructor(admin: Admin) {
    this.#admin = admin
  }

  static async open(connection: KafkaConnection): Promise<Survey> {
    const admin = createKafka(connection).admin()
    await admin.connect()
    return new Survey(admin)
  }

  close(): void {
    // Not waited for: it may hang where a broker is gone.
    this.#admin.disconnect().catch(() => undefined)
  }

  /** The addresses by which the brokers want to be called. */
  async advertised(): Promise<string[]> {
    const { brokers } = await this.#admin.describeCluster()
    return brokers.map(({ host, port }) => `${host}:${port}`).sort()
  }

  /** Every topic that this user may see. Asking for one by its name could make the broker create it. */
  async topics(): Promise<Map<string, SurveyedTopic>> {
    const { topics } = await this.#admin.fetchTopicMetadata()
    return new Map(
      topics.map(({ name, partitions }) => [
        name,
        {
          partitions: partitions.length,
          replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
          leaderless: partitions.filter(({ leader }) => leader < 0).length,
        },
      ]),
    )
  }

  /** Why the ends of the topic cannot be read; undefined: they can. */
  async unreadable(topic: string): Promise<string | undefined> {
    return await refusalOf(this.#admin.fetchTopicOffsets(topic))
  }

  /** The settings that matter to us, by topic. */
  async settings(topics: readonly string[]): Promise<Map<string, Readonly<Record<string, string>>>> {
    if (topics.length === 0) return new Map()
    const { resources } = await this.#admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames: SETTINGS })),
    })
    return new Map(
      resources.map(({ resourceName, configEntries }) => [
        resourceName,
        Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue])),
      ]),
    )
  }

  /** Why the broker would not make the topic; undefined: it would. */
  async refusal({ topic, partitions, replicationFactor, retentionMs }: Plan): Promise<string | undefined> {
    const configEntries = [
      { name: 'cleanup.policy', value: 'delete' },
      { name: 'retention.ms', value: String(retentionMs) },
    ]
    const plan = { topic, numPartitions: partitions, replicationFactor, configEntries }
    return await refusalOf(this.#admin.createTopics({ validateOnly: true, waitForLeaders: false, topics: [plan] }))
  }

  async group(groupId: string): Promise<{ groupId: string; state: string; members: number }> {
    const { groups } = await this.#admin.describeGroups([groupId])
    const { state = '', members = [] } = groups[0] ?? {}
    return { groupId, state, members: members.length }
  }
}

async function refusalOf(asked: Promise<unknown>): Promise<string | undefined> {
  try {
    await asked
    return undefined
  } catch (error) {
    const { errors } = (error ?? {}) as { errors?: unknown }
    return wordsOf(Array.isArray(errors) && errors.length > 0 ? errors[0] : error)
  }
}
