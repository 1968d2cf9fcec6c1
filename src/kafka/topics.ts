import type { Admin, ITopicMetadata } from 'kafkajs'
import kafkajs from 'kafkajs'
import { StartError } from '../core/errors.ts'

/** The names of this group's own topics. */
export function ownTopics(groupId: string, tiers: readonly string[]): { tiers: string[]; deadLetter: string } {
  return { tiers: tiers.map((tier) => `${groupId}.retry.${tier}`), deadLetter: `${groupId}.dead-letter` }
}

/** Partition counts of the source topics. All that are missing are named in one error. */
export async function describeSources(admin: Admin, topics: readonly string[]): Promise<Map<string, number>> {
  const found = await describeTopics(admin, topics)
  const missing = topics.filter((topic) => !found.has(topic))
  if (missing.length > 0) {
    throw new StartError(`kafka.topics: ${missing.join(', ')} not found on the brokers; create the topic or mend its name`)
  }
  return found
}

export interface TopicPlan {
  readonly topic: string
  readonly retentionMs: number
}

export interface TopicSettings {
  /** Whether missing ones are made. */
  readonly create: boolean
  readonly partitions: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
  /** Bytes of the largest record that they must take; asked only when one is made. */
  readonly maxMessageBytes: () => Promise<number>
}

/** Makes those of our own topics that are missing; returns the partition count of each. */
export async function ensureTopics(
  admin: Admin,
  plans: readonly TopicPlan[],
  settings: TopicSettings,
): Promise<Map<string, number>> {
  const names = plans.map(({ topic }) => topic)
  const found = await describeTopics(admin, names)
  const missing = plans.filter(({ topic }) => !found.has(topic))
  if (missing.length === 0) return found
  if (!settings.create) {
    throw new StartError(
      `retry.createTopics is false, and ${missing.map(({ topic }) => topic).join(', ')} not found on the brokers; create them or let them be made`,
    )
  }
  const maxMessageBytes = await settings.maxMessageBytes()
  await admin.createTopics({
    waitForLeaders: true,
    topics: missing.map(({ topic, retentionMs }) => ({
      topic,
      numPartitions: settings.partitions,
      replicationFactor: settings.replicationFactor,
      configEntries: [
        { name: 'cleanup.policy', value: 'delete' },
        { name: 'retention.ms', value: String(retentionMs) },
        { name: 'max.message.bytes', value: String(maxMessageBytes) },
      ],
    })),
  })
  return await describeTopics(admin, names)
}

/** `max.message.bytes` of the largest of the topics. */
export async function largestMessageBytes(admin: Admin, topics: readonly string[]): Promise<number> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames: ['max.message.bytes'] })),
  })
  return Math.max(...resources.map(({ configEntries }) => Number(configEntries[0]?.configValue ?? 1_048_588)))
}

async function describeTopics(admin: Admin, topics: readonly string[]): Promise<Map<string, number>> {
  // Asking for a topic by name may make the broker create it; asking for the list never does.
  const existing = new Set(await admin.listTopics())
  const wanted = topics.filter((topic) => existing.has(topic))
  if (wanted.length === 0) return new Map()
  const metadata: { topics: ITopicMetadata[] } = await admin.fetchTopicMetadata({ topics: wanted })
  return new Map(metadata.topics.map(({ name, partitions }) => [name, partitions.length]))
}
