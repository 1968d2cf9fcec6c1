import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerFacts, OwnTopic } from '../check/kafka.ts'
import {
  judgeAdvertised,
  judgeAuthentication,
  judgeBroker,
  judgeGroup,
  judgeMissing,
  judgeOwn,
  judgeSource,
} from '../check/kafka.ts'
import type { Result, Verdict } from '../check/report.ts'
import { notTried } from '../check/report.ts'
import type { Check, Timing } from '../check/run.ts'
import { runCheck } from '../check/run.ts'
import type { Config } from '../config/config.ts'
import { kafkaConnection } from '../connection.ts'
import { HEADER_ROOM_BYTES } from '../kafka/broker.ts'
import type { KafkaConnection } from '../kafka/client.ts'
import type { SurveyedTopic } from '../kafka/survey.ts'
import { Survey } from '../kafka/survey.ts'
import { DEFAULT_MESSAGE_BYTES, ownTopics } from '../kafka/topics.ts'
import { reach } from '../kafka/way-in.ts'

/** Below the time-out of the check as a whole, so that it is kafkajs that says what went wrong. */
const ATTEMPT_MS = 3_000

/** Brokers, authentication, topics and groups, in this order. */
export async function checkBrokers(config: Config, timing: Timing): Promise<Result[]> {
  const connection = { ...kafkaConnection(config, () => undefined), patience: { timeoutMs: ATTEMPT_MS, retries: 0 } }
  const facts = new Map<string, BrokerFacts>()
  const seeds = config.kafka.brokers.map(
    (broker): Check => ({
      name: `broker ${broker}`,
      cure: 'mend kafka.brokers, or open the way to it',
      run: async () => {
        facts.set(broker, await reach(connection, broker))
        return judgeBroker(facts.get(broker) as BrokerFacts)
      },
    }),
  )
  const reached = await runAll(seeds, timing)
  const sasl = config.kafka.sasl
  const way =
    sasl === undefined ? undefined : `${sasl.mechanism} as ${sasl.mechanism === 'oauthbearer' ? sasl.clientId : sasl.username}`
  const authentication = { name: 'authentication', ms: 0, ...judgeAuthentication([...facts.values()], way) }
  const brokers = config.kafka.brokers.filter((broker) => facts.get(broker)?.kind === 'reached')
  if (brokers.length === 0) return [...reached, authentication, ...untried(config)]
  return [...reached, authentication, ...(await checkCluster(config, { ...connection, brokers }, timing))]
}

const runAll = (checks: readonly Check[], timing: Timing) => Promise.all(checks.map((check) => runCheck(check, timing)))

const ownNames = ({ kafka, retry }: Config) => {
  const { tiers, deadLetter, retryGroupId } = ownTopics(kafka.groupId, retry.tiers)
  return { topics: [...tiers.map(({ topic }) => topic), deadLetter], groups: [kafka.groupId, retryGroupId], deadLetter }
}

function namesOf(config: Config): string[] {
  const { topics, groups } = ownNames(config)
  return [
    'cluster',
    ...[...config.kafka.topics, ...topics].map((topic) => `topic ${topic}`),
    ...groups.map((group) => `group ${group}`),
  ]
}

function untried(config: Config): Result[] {
  return namesOf(config).map((name) => ({ name, ms: 0, ...notTried('no broker lets us in') }))
}

/** What the checks of topics and groups share, asked for once. */
interface Shared {
  readonly survey: Survey
  readonly topics: Promise<ReadonlyMap<string, SurveyedTopic>>
  readonly settings: Promise<ReadonlyMap<string, Readonly<Record<string, string>>>>
}

async function checkCluster(config: Config, connection: KafkaConnection, timing: Timing): Promise<Result[]> {
  const patient = { ...connection, patience: { timeoutMs: ATTEMPT_MS, retries: 2 } }
  const opening = Survey.open(patient)
  const survey = await Promise.race([opening, sleep(timing.timeoutMs, undefined, { ref: false })]).catch(() => undefined)
  if (survey === undefined) return untried(config)
  try {
    // By itself: over one client, the failure of one question ends the connection of the others, which then cannot say why.
    const advertised = await runCheck(advertisedCheck(survey, connection), timing)
    return [advertised, ...(await runAll(checksOf(config, survey), timing))]
  } finally {
    survey.close()
  }
}

/** Of topics and groups. */
function checksOf(config: Config, survey: Survey): Check[] {
  const own = ownNames(config)
  const topics = survey.topics()
  const settings = topics.then((found) =>
    survey.settings([...config.kafka.topics, ...own.topics].filter((each) => found.has(each))),
  )
  // Each check that needs them hears of their failure itself.
  settings.catch(() => undefined)
  const shared = { survey, topics, settings }
  return [
    ...config.kafka.topics.map((topic) => sourceCheck(shared, topic)),
    ...own.topics.map((topic) => ownCheck(shared, config, topic)),
    ...own.groups.map((group) => groupCheck(shared, group)),
  ]
}

function advertisedCheck(survey: Survey, connection: KafkaConnection): Check {
  return {
    name: 'cluster',
    cure: 'look into the brokers',
    run: async () => {
      const addresses = await survey.advertised()
      const all = addresses.map(async (address) => ({ address, facts: await reach(connection, address) }))
      return judgeAdvertised(await Promise.all(all))
    },
  }
}

function sourceCheck({ survey, topics }: Shared, topic: string): Check {
  return {
    name: `topic ${topic}`,
    cure: 'look into the brokers and the rights of this user',
    run: async () => {
      const facts = (await topics).get(topic)
      const isWhole = facts !== undefined && facts.leaderless === 0
      return judgeSource(facts, isWhole ? await survey.unreadable(topic) : undefined)
    },
  }
}

function groupCheck({ survey }: Shared, groupId: string): Check {
  return {
    name: `group ${groupId}`,
    cure: 'grant Describe and Read on the group',
    run: async () => judgeGroup(await survey.group(groupId)),
  }
}

function ownCheck(shared: Shared, config: Config, topic: string): Check {
  const run = async (): Promise<Verdict> => {
    const wanted = await wantedOf(shared, config, topic)
    const facts = (await shared.topics).get(topic)
    if (facts !== undefined) return judgeOwn(facts, (await shared.settings).get(topic) ?? {}, wanted)
    const { createTopics: create, replicationFactor } = config.retry
    const plan = { topic, partitions: wanted.partitions ?? 1, replicationFactor, retentionMs: wanted.retentionMs }
    return judgeMissing({ create, refusal: create ? await shared.survey.refusal(plan) : undefined })
  }
  return { name: `topic ${topic}`, cure: 'look into the brokers and the rights of this user', run }
}

/** What the service would make the topic like, as far as the sources can be seen. */
async function wantedOf({ topics, settings }: Shared, config: Config, topic: string): Promise<OwnTopic> {
  const [found, set] = await Promise.all([topics, settings])
  const sources = config.kafka.topics.flatMap((each) => found.get(each) ?? [])
  const sizes = config.kafka.topics.flatMap((each) => set.get(each)?.['max.message.bytes'] ?? [])
  const isDeadLetter = topic === ownNames(config).deadLetter
  const most = (values: readonly number[]) => (values.length === 0 ? undefined : Math.max(...values))
  return {
    retentionKey: isDeadLetter ? 'deadLetters.retention' : 'retry.retention',
    retentionMs: isDeadLetter ? config.deadLetters.retention : config.retry.retention,
    partitions: config.retry.partitions ?? most(sources.map(({ partitions }) => partitions)),
    replicas: config.retry.replicationFactor > 0 ? config.retry.replicationFactor : most(sources.map(({ replicas }) => replicas)),
    maxMessageBytes:
      sizes.length === 0
        ? undefined
        : Math.max(...sizes.map((size) => Number(size) || DEFAULT_MESSAGE_BYTES)) + HEADER_ROOM_BYTES,
  }
}
