/** Of kafkajs 2.2.4: what it makes of a topic that is deleted. Called by repairs.ts, which looks at the version. */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

const IS_GONE = 'UNKNOWN_TOPIC_OR_PARTITION'
const IS_GONE_CODE = 3

export function repairDeletion(): void {
  nameWhatIsGone()
  joinWhereATopicIsGone()
}

interface BrokerError {
  readonly type?: string
  missing?: readonly string[]
}

/** The topics that do not exist, as the broker's answer named them; undefined: the error is another one. */
export function missingTopics(error: unknown): readonly string[] | undefined {
  return (error as BrokerError | undefined)?.missing
}

interface Partition {
  readonly errorCode: number
}

type Answers = readonly { readonly topic: string; readonly isMissing: boolean }[]

/** How answers say that a topic is gone, by the name of what was asked. */
const readers: Readonly<Record<string, (data: never) => Answers>> = {
  Fetch: ({ responses }: { responses: readonly { topicName: string; partitions: readonly Partition[] }[] }) =>
    responses.map(({ topicName, partitions }) => ({ topic: topicName, isMissing: partitions.some(isGone) })),
  OffsetCommit: ({ responses }: { responses: readonly { topic: string; partitions: readonly Partition[] }[] }) =>
    responses.map(({ topic, partitions }) => ({ topic, isMissing: partitions.some(isGone) })),
  Metadata: ({ topicMetadata }: { topicMetadata: readonly { topic: string; topicErrorCode: number }[] }) => {
    const failed = topicMetadata.filter(({ topicErrorCode }) => topicErrorCode !== 0)
    // Where the first of them has no leader yet, kafkajs waits, and asks again.
    const isFirst = failed[0]?.topicErrorCode === IS_GONE_CODE
    return failed.map(({ topic, topicErrorCode }) => ({ topic, isMissing: isFirst && topicErrorCode === IS_GONE_CODE }))
  },
}

function isGone({ errorCode }: Partition): boolean {
  return errorCode === IS_GONE_CODE
}

/**
 * The error that kafkajs makes of an answer is that of the first partition that has one, and does not say whose. Asked again, the brokers
 * may have the topic already, made anew, and take offsets of its old log for their own. So the answer itself is read.
 */
function nameWhatIsGone(): void {
  interface Response {
    parse(data: unknown): Promise<unknown>
  }
  interface Asked {
    readonly request: { readonly apiName: string }
    readonly response: Response
  }
  const { prototype } = require('kafkajs/src/network/connection') as { prototype: { send(asked: Asked): Promise<unknown> } }
  const { createErrorFromCode } = require('kafkajs/src/protocol/error') as { createErrorFromCode(code: number): BrokerError }
  const naming = (response: Response, read: (data: never) => Answers): Response => ({
    ...response,
    parse: async (data) => {
      const missing = read(data as never).filter(({ isMissing }) => isMissing)
      if (missing.length === 0) return await response.parse(data)
      throw Object.assign(createErrorFromCode(IS_GONE_CODE), { missing: missing.map(({ topic }) => topic) })
    },
  })
  const { send } = prototype
  prototype.send = async function (this: unknown, asked): Promise<unknown> {
    const read = readers[asked.request.apiName]
    return await send.call(this, read === undefined ? asked : { ...asked, response: naming(asked.response, read) })
  }
}

/** Consumers that must join before they fetch again, and who is told what is gone before they do; by kafkajs' cluster object. */
const joining = new WeakSet<object>()
const listeners = new WeakMap<object, (topics: readonly string[]) => void>()

/** Returns what makes the consumer join. */
export function onTopicGone(cluster: object, listener: (topics: readonly string[]) => void): () => void {
  listeners.set(cluster, listener)
  return () => void joining.add(cluster)
}

/**
 * A topic that is deleted answers fetches with an error, over which kafkajs asks for metadata and joins again. But the metadata says the
 * same, and kafkajs forgets to join: made anew within that time, the topic is read on from the old offset, and what lies before it in the
 * new log is skipped in silence. Here nothing is fetched before the join, which shows that the group's commits have gone with the topic.
 */
function joinWhereATopicIsGone(): void {
  interface ConsumerGroup {
    readonly cluster: object
    fetch(nodeId: string): Promise<unknown[]>
    recoverFromFetch(error: BrokerError): Promise<void>
  }
  const { prototype } = require('kafkajs/src/consumer/consumerGroup') as { prototype: ConsumerGroup }
  const { fetch, recoverFromFetch } = prototype
  prototype.recoverFromFetch = async function (this: ConsumerGroup, error): Promise<void> {
    if (error.type !== IS_GONE) return await recoverFromFetch.call(this, error)
    joining.add(this.cluster)
    const tell = (what: unknown): void => listeners.get(this.cluster)?.(missingTopics(what) ?? [])
    tell(error)
    await recoverFromFetch.call(this, error).catch((again: unknown) => {
      // The metadata name all that are gone, also those that nothing was fetched of.
      tell(again)
      throw again
    })
    joining.delete(this.cluster)
  }
  prototype.fetch = async function (this: ConsumerGroup, nodeId): Promise<unknown[]> {
    if (!joining.has(this.cluster)) return await fetch.call(this, nodeId)
    await this.recoverFromFetch({ type: IS_GONE })
    return []
  }
}
