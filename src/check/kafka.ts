/** What to think of brokers, topics and groups. */
import type { Verdict } from './report.ts'
import { failed, notTried, ok, together, warning } from './report.ts'

/** How far one broker let us in. */
export type BrokerFacts =
  | { readonly kind: 'reached' }
  | { readonly kind: 'unreachable'; readonly why: string }
  | {
      readonly kind: 'refused'
      readonly refusal: { readonly at: 'tls' | 'sasl' | 'token'; readonly why: string; readonly cure: string }
    }

export interface TopicFacts {
  readonly partitions: number
  /** Copies of the partition that has the fewest. */
  readonly replicas: number
  /** Partitions that nobody leads at the moment. */
  readonly leaderless: number
}

/** By their names on the broker. */
export type Settings = Readonly<Record<string, string>>

export interface GroupFacts {
  readonly groupId: string
  readonly state: string
  readonly members: number
}

export function judgeBroker(facts: BrokerFacts): Verdict {
  if (facts.kind === 'unreachable') return failed(facts.why, 'mend kafka.brokers or kafka.ssl, or open the way to it')
  if (facts.kind === 'refused' && facts.refusal.at === 'tls') return failed(facts.refusal.why, facts.refusal.cure)
  // Whom it refuses, it has been reached by.
  return ok('reachable')
}

export function judgeAdvertised(brokers: readonly { readonly address: string; readonly facts: BrokerFacts }[]): Verdict {
  const bad = brokers.flatMap(({ address, facts }) => (facts.kind === 'reached' ? [] : [`${address} (${whyOf(facts)})`]))
  if (bad.length === 0) return ok(`${brokers.length} in the cluster, all reachable`)
  return failed(
    `cannot be reached: ${bad.join(', ')}`,
    'the brokers advertise these addresses themselves; mend advertised.listeners, or the way',
  )
}

function whyOf(facts: Exclude<BrokerFacts, { kind: 'reached' }>): string {
  return facts.kind === 'unreachable' ? facts.why : facts.refusal.why
}

/** `way` is the mechanism and the user, or undefined where the configuration names none. */
export function judgeAuthentication(brokers: readonly BrokerFacts[], way: string | undefined): Verdict {
  const [refusal] = brokers.flatMap((facts) => (facts.kind === 'refused' && facts.refusal.at !== 'tls' ? [facts.refusal] : []))
  if (refusal !== undefined) return failed(refusal.why, refusal.cure)
  if (!brokers.some(({ kind }) => kind === 'reached')) return notTried('no broker can be reached')
  return ok(way ?? 'none configured, none asked for')
}

/** `offsets`: why the ends could not be read; undefined: they could. */
export function judgeSource(facts: TopicFacts | undefined, offsets: string | undefined): Verdict {
  if (facts === undefined) {
    return failed('not found, or hidden from this user', 'create it, mend its name in kafka.topics, or grant Describe and Read')
  }
  const partitions = counted(facts.partitions, 'partition')
  if (facts.leaderless > 0) {
    return failed(`${facts.leaderless} of ${partitions} without a leader`, 'bring the brokers that hold them back')
  }
  if (offsets !== undefined) return failed(`${partitions}, but not readable: ${offsets}`, 'grant Describe and Read on the topic')
  return ok(`${partitions}, readable`)
}

export function judgeGroup({ state, members }: GroupFacts): Verdict {
  if (state === 'Dead' || state === '') return ok('not there yet; the first start makes it')
  return ok(`${state.toLowerCase()}, ${counted(members, 'member')}`)
}

/** What a topic of our own is to be like. */
export interface OwnTopic {
  /** The key of the configuration that holds its retention. */
  readonly retentionKey: string
  readonly retentionMs: number
  /** Undefined where it could not be learned. */
  readonly partitions: number | undefined
  readonly replicas: number | undefined
  readonly maxMessageBytes: number | undefined
}

/** A topic that is not there: `refusal` is the broker's answer to whether it can be made; undefined: it can. */
export function judgeMissing({ create, refusal }: { readonly create: boolean; readonly refusal: string | undefined }): Verdict {
  if (!create) return failed('not found, and retry.createTopics is false', 'create it, or let it be made')
  if (refusal === undefined) return ok('not there yet; the first start makes it')
  return failed(`not found, and cannot be made: ${refusal}`, 'grant Create, mend retry.replicationFactor, or create it by hand')
}

/** One that is there, compared with what the service would make. What loses records is a fault, what is only different is a warning. */
export function judgeOwn(facts: TopicFacts, settings: Settings, wanted: OwnTopic): Verdict {
  const verdicts = [
    judgePolicy(settings),
    judgeRetention(settings, wanted),
    judgeSize(settings, wanted),
    judgePartitions(facts, wanted),
    judgeCopies(facts, settings, wanted),
  ].filter((verdict) => verdict !== undefined)
  return verdicts.length > 0 ? together(verdicts) : ok(`${counted(facts.partitions, 'partition')}, set as it should be`)
}

type Judgement = Verdict | undefined

function judgePolicy(settings: Settings): Judgement {
  const policy = settings['cleanup.policy'] ?? 'delete'
  if (policy === 'delete') return undefined
  return failed(`cleanup.policy is ${policy}, which drops older records of a key`, 'set it to delete')
}

function judgeRetention(settings: Settings, { retentionMs, retentionKey }: OwnTopic): Judgement {
  const found = Number(settings['retention.ms'] ?? retentionMs)
  if (found === retentionMs) return undefined
  const told = `retention.ms is ${found}, ${retentionKey} says ${retentionMs}`
  if (found !== -1 && found < retentionMs) return failed(`${told}: records expire early`, `set it to ${retentionMs}`)
  return warning(told, `set it to ${retentionMs}, or mend ${retentionKey}`)
}

function judgeSize(settings: Settings, { maxMessageBytes: wanted }: OwnTopic): Judgement {
  const found = Number(settings['max.message.bytes'] ?? wanted)
  if (wanted === undefined || found === wanted) return undefined
  if (found > wanted) return warning(`max.message.bytes is ${found}, ${wanted} is enough`, 'leave it, or lower it')
  return failed(`max.message.bytes is ${found}: the largest records will not fit`, `set it to ${wanted}`)
}

function judgePartitions({ partitions: found }: TopicFacts, { partitions: wanted }: OwnTopic): Judgement {
  if (wanted === undefined || found === wanted) return undefined
  const told = `${counted(found, 'partition')} instead of ${wanted}`
  if (found > wanted) return warning(`${told}: some stay empty`, 'mend retry.partitions, if it is meant so')
  return warning(
    `${told}: fewer replicas can share the work`,
    `add partitions while the topic is empty, or mend retry.partitions`,
  )
}

function judgeCopies({ replicas }: TopicFacts, settings: Settings, wanted: OwnTopic): Judgement {
  const least = Number(settings['min.insync.replicas'] ?? 1)
  if (least > replicas) {
    return failed(
      `min.insync.replicas is ${least} but there ${replicas === 1 ? 'is 1 copy' : `are ${replicas} copies`}: nothing can be written`,
      'lower the one or add copies',
    )
  }
  if (wanted.replicas === undefined || replicas >= wanted.replicas) return undefined
  return warning(
    `${counted(replicas, 'replica')}, the sources have ${wanted.replicas}`,
    'add copies, or a lost broker loses what is parked',
  )
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
