import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin, ITopicConfig, ITopicMetadata } from 'kafkajs'
import kafkajs from 'kafkajs'
import { StartError } from '../core/errors.ts'
import type { SideTopics, Tier } from './producer.ts'

/** The group's own topics, the tiers' with their names in the configuration, and the name of the group that reads the retry topics. */
export function ownTopics(
  groupId: string,
  tiers: readonly { readonly name: string; readonly delay: number }[],
): Omit<SideTopics, 'tiers'> & { readonly retryGroupId: string; readonly tiers: readonly (Tier & { readonly name: string })[] } {
  return {
    retryGroupId: `${groupId}.retry`,
    tiers: tiers.map(({ name, delay }) => ({ name, topic: `${retryPrefix(groupId)}${name}`, delayMs: delay })),
    deadLetter: `${groupId}.dead-letter`,
  }
}

function retryPrefix(groupId: string): string {
  return `${groupId}.retry.`
}

/** All that are missing are named in one error. */
export function checkSources(topics: readonly string[], found: ReadonlyMap<string, number>): void {
  const missing = topics.filter((topic) => !found.has(topic))
  if (missing.length > 0) {
    throw new StartError(`kafka.topics: ${missing.join(', ')} not found on the brokers; create the topic or mend its name`)
  }
}

/** Retry topics of the group that are not among `configured` and hold records which its retry group has not committed. */
export async function forgottenTiers(
  admin: Admin,
  groupId: string,
  configured: readonly string[],
): Promise<{ topic: string; records: number }[]> {
  const prefix = retryPrefix(groupId)
  const others = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix) && !configured.includes(topic))
  if (others.length === 0) return []
  const committed = await admin.fetchOffsets({ groupId: ownTopics(groupId, []).retryGroupId, topics: others })
  const forgotten: { topic: string; records: number }[] = []
  for (const { topic, partitions } of committed) {
    let records = 0
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      const offset = Number(partitions.find((each) => each.partition === partition)?.offset ?? -1)
      records += Math.max(0, Number(high) - Math.max(Number(low), offset))
    }
    if (records > 0) forgotten.push({ topic, records })
  }
  return forgotten
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

/** Makes those of our own topics that are missing. */
export async function ensureTopics(admin: Admin, plans: readonly TopicPlan[], settings: TopicSettings): Promise<void> {
  const found = await describeTopics(
    admin,
    plans.map(({ topic }) => topic),
  )
  const missing = plans.filter(({ topic }) => !found.has(topic))
  if (missing.length === 0) return
  if (!settings.create) {
    throw new StartError(
      `retry.createTopics is false, and ${missing.map(({ topic }) => topic).join(', ')} not found on the brokers; create them or let them be made`,
    )
  }
  const maxMessageBytes = await settings.maxMessageBytes()
  await createTopics(
    admin,
    missing.map(({ topic, retentionMs }) => ({
      topic,
      numPartitions: settings.partitions,
      replicationFactor: settings.replicationFactor,
      configEntries: [
        { name: 'cleanup.policy', value: 'delete' },
        { name: 'retention.ms', value: String(retentionMs) },
        { name: 'max.message.bytes', value: String(maxMessageBytes) },
      ],
    })),
  )
}

/** Until the brokers agree that a new topic exists and who leads it. */
const MADE_WAIT_MS = 100
const MADE_ATTEMPTS = 200

/** Resolves when the topics can be used. One that exists already is left as it is. */
export async function createTopics(admin: Admin, topics: readonly ITopicConfig[]): Promise<void> {
  // Not kafkajs's own waiting: it gives up where a broker has not heard of the topic yet.
  await admin.createTopics({ waitForLeaders: false, topics: [...topics] })
  for (const { topic } of topics) await untilMade(admin, topic)
}

async function untilMade(admin: Admin, topic: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await admin.fetchTopicOffsets(topic)
      return
    } catch (error) {
      if (attempt === MADE_ATTEMPTS || !(error as { retriable?: boolean }).retriable) throw error
    }
    await sleep(MADE_WAIT_MS)
  }
}

/** `max.message.bytes` where nobody has set it. */
export const DEFAULT_MESSAGE_BYTES = 1_048_588

/** `max.message.bytes` of the largest of the topics. */
export async function largestMessageBytes(admin: Admin, topics: readonly string[]): Promise<number> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames: ['max.message.bytes'] })),
  })
  return Math.max(...resources.map(({ configEntries }) => Number(configEntries[0]?.configValue ?? DEFAULT_MESSAGE_BYTES)))
}

/** Rejects where there is no such topic. */
export async function partitionsOf(admin: Admin, topic: string): Promise<number> {
  const partitions = (await describeTopics(admin, [topic])).get(topic)
  if (partitions === undefined) throw new Error(`there is no topic ${topic} on the brokers; create it`)
  return partitions
}

/** Partition counts of those of the topics that exist. */
export async function describeTopics(admin: Admin, topics: readonly string[]): Promise<Map<string, number>> {
  // Asking for a topic by name may make the broker create it; asking for the list never does.
  const existing = new Set(await admin.listTopics())
  const wanted = topics.filter((topic) => existing.has(topic))
  if (wanted.length === 0) return new Map()
  const metadata: { topics: ITopicMetadata[] } = await admin.fetchTopicMetadata({ topics: wanted })
  return new Map(metadata.topics.map(({ name, partitions }) => [name, partitions.length]))
}
