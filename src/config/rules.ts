import { isDeepStrictEqual } from 'node:util'
import type { Draft } from './draft.ts'
import { didYouMean } from './nearest.ts'
import type { Finding, Path } from './problem.ts'
import type { Written } from './schema.ts'

/** The configuration as far as it could be understood: a rule says nothing about what it cannot see. */
export type WrittenDraft = Draft<Written>

type Rule = (config: WrittenDraft) => Finding[]

/** The places whose value has stood before, with the place where it first stood. */
function repeated<T>(
  values: readonly (T | undefined)[],
): { readonly value: T; readonly place: number; readonly first: number }[] {
  return values.flatMap((value, place) => {
    const first = values.indexOf(value)
    return value === undefined || first === place ? [] : [{ value, place, first }]
  })
}

const uniqueApps: Rule = ({ tracker }) => {
  const apps = tracker?.apps ?? []
  return (['name', 'idApp'] as const).flatMap((key) =>
    repeated(apps.map((app) => app?.[key])).map(({ value, place, first }) => ({
      path: ['tracker', 'apps', place, key],
      message: `${value} is already the ${key} of tracker.apps[${first}]; write another one`,
    })),
  )
}

const uniqueLists: Rule = ({ kafka }) =>
  (['brokers', 'topics'] as const).flatMap((key) =>
    repeated(kafka?.[key] ?? []).map(({ value, place }) => ({
      path: ['kafka', key, place],
      message: `${value} is listed twice; remove one of the two`,
    })),
  )

const brokerPorts: Rule = ({ kafka }) =>
  (kafka?.brokers ?? []).flatMap((broker, place) => {
    const port = Number(broker?.split(':').at(-1) ?? 1)
    if (port >= 1 && port <= 65_535) return []
    return [{ path: ['kafka', 'brokers', place], message: `${port} is no port; write one from 1 to 65535` }]
  })

/** Read as a source, a topic of our own would feed the sink its own leftovers, in circles. */
const foreignTopics: Rule = ({ kafka }) => {
  const groupId = kafka?.groupId
  if (groupId === undefined) return []
  return (kafka?.topics ?? []).flatMap((topic, place) =>
    topic === `${groupId}.dead-letter` || topic?.startsWith(`${groupId}.retry.`)
      ? [
          {
            path: ['kafka', 'topics', place],
            message: `${topic} is one of this group's own topics; list only topics that others write to`,
          },
        ]
      : [],
  )
}

const tlsPairs: Rule = ({ kafka }) => {
  const ssl = kafka?.ssl
  if (typeof ssl !== 'object' || (ssl.certFile === undefined) === (ssl.keyFile === undefined)) return []
  const [given, missing] = ssl.certFile === undefined ? ['keyFile', 'certFile'] : ['certFile', 'keyFile']
  return [{ path: ['kafka', 'ssl', missing], message: `is required together with ${given}; write both or neither` }]
}

/** The names an `app` of a mapping can come to, each with its path. */
export function namedApps(
  app: NonNullable<WrittenDraft['mappings']>[number],
  path: Path,
): { readonly name: string; readonly path: Path }[] {
  const choice = app?.app
  if (choice === undefined) return []
  if (typeof choice === 'string') return [{ name: choice, path }]
  const cases = Object.entries(choice.cases ?? {}).map(([key, name]) => ({ name, path: [...path, 'cases', key] }))
  return [...cases, { name: choice.default, path: [...path, 'default'] }].filter((each) => each.name !== undefined) as ReturnType<
    typeof namedApps
  >
}

const knownApps: Rule = ({ tracker, mappings }) => {
  const names = tracker?.apps?.map((app) => app?.name) ?? []
  // An app whose name could not be understood may be the very one that a mapping means.
  if (names.length === 0 || names.includes(undefined)) return []
  const known = names.filter((name) => name !== undefined)
  return (mappings ?? [])
    .flatMap((mapping, place) => namedApps(mapping, ['mappings', place, 'app']))
    .filter(({ name }) => !known.includes(name))
    .map(({ name, path }) => ({
      path,
      message: `there is no app "${name}" in tracker.apps; known are ${known.join(', ')}${didYouMean(name, known)}`,
    }))
}

const hitKeys = ['app', 'method', 'params'] as const

/** A mapping is one of three: a hit (app, method, params), a module, or skip. */
const oneKind: Rule = ({ mappings }) =>
  (mappings ?? []).flatMap((mapping, place): Finding[] => {
    if (mapping === undefined) return []
    const path = ['mappings', place]
    const kind = (['skip', 'module'] as const).find((key) => mapping[key] !== undefined)
    if (kind === undefined) {
      return hitKeys
        .filter((key) => mapping[key] === undefined)
        .map((key) => ({
          path: [...path, key],
          message: 'is required; a mapping has app, method and params, or skip: true, or a module',
        }))
    }
    const excluded = kind === 'skip' ? ([...hitKeys, 'module', 'when'] as const) : hitKeys
    return excluded
      .filter((key) => mapping[key] !== undefined)
      .map((key) => ({ path: [...path, key], message: `does not go with ${kind}; remove one of the two` }))
  })

/**
 * The first match wins, so a later mapping of the same records is dead text that somebody counts on. One with a condition leaves the
 * others to those behind it, but for those with the same condition.
 */
const reachable: Rule = ({ mappings = [], kafka }) =>
  mappings.flatMap((mapping, place) => {
    if (mapping?.record === undefined) return []
    const first = mappings.findIndex(
      (each) =>
        each !== undefined &&
        each.record === mapping.record &&
        [undefined, mapping.topic].includes(each.topic) &&
        (each.when === undefined || isDeepStrictEqual(each.when, mapping.when)),
    )
    if (first === place || first === -1) return takenPieceByPiece(mappings, place, kafka?.topics ?? [])
    return [
      {
        path: ['mappings', place, 'record'],
        message: `is never reached: mappings[${first}] already takes these records; remove one of the two`,
      },
    ]
  })

/** Earlier mappings may take a record away from each of the topics, one by one. */
function takenPieceByPiece(
  mappings: NonNullable<WrittenDraft['mappings']>,
  place: number,
  topics: readonly (string | undefined)[],
): Finding[] {
  const { record, topic } = mappings[place] ?? {}
  const earlier = mappings.slice(0, place).filter((each) => each?.record === record)
  const isTaken = (each: string | undefined) =>
    each !== undefined && earlier.some((other) => other?.topic === each && other.when === undefined)
  if (topic !== undefined || topics.length === 0 || !topics.every(isTaken)) return []
  const message = 'is never reached: earlier mappings already take these records of every topic; remove one of them'
  return [{ path: ['mappings', place, 'record'], message }]
}

/** What comes from no other topic can match no other either: the topic counts in which a record first stood. */
const listedTopics: Rule = ({ kafka, mappings }) => {
  const topics = kafka?.topics ?? []
  if (topics.length === 0 || topics.includes(undefined)) return []
  const known = topics.filter((topic) => topic !== undefined)
  return (mappings ?? []).flatMap((mapping, place) => {
    const topic = mapping?.topic
    if (topic === undefined || known.includes(topic)) return []
    const message = `${topic} is none of kafka.topics, so this mapping never matches; list it there, or write one of ${known.join(', ')}`
    return [{ path: ['mappings', place, 'topic'], message: message + didYouMean(topic, known) }]
  })
}

const windowHoldsBatch: Rule = ({ delivery, batch }) => {
  const windowEvents = delivery?.windowEvents
  const maxEvents = batch?.maxEvents
  if (windowEvents === undefined || maxEvents === undefined || windowEvents >= maxEvents) return []
  const message = `${windowEvents} records do not fill a batch of ${maxEvents}; write at least batch.maxEvents`
  return [{ path: ['delivery', 'windowEvents'], message }]
}

const partitionWithinProcess: Rule = ({ delivery }) => {
  const { maxInFlight, maxInFlightPerPartition } = delivery ?? {}
  if (maxInFlight === undefined || maxInFlightPerPartition === undefined || maxInFlightPerPartition <= maxInFlight) return []
  const message = `${maxInFlightPerPartition} is more than the whole process may have under way; write at most delivery.maxInFlight (${maxInFlight})`
  return [{ path: ['delivery', 'maxInFlightPerPartition'], message }]
}

/** A fetch that does not fit would fill the window by itself, and each would wait for the one before to be delivered to its end. */
const windowHoldsFetch: Rule = ({ delivery, kafka }) => {
  const windowBytes = delivery?.windowBytes
  const maxBytes = kafka?.maxBytesPerFetch
  if (windowBytes === undefined || maxBytes === undefined || windowBytes >= maxBytes) return []
  const message = `${windowBytes} bytes do not hold one fetch; write at least kafka.maxBytesPerFetch (${maxBytes})`
  return [{ path: ['delivery', 'windowBytes'], message }]
}

const partitionWithinFetch: Rule = ({ kafka }) => {
  const { maxBytesPerPartition, maxBytesPerFetch } = kafka ?? {}
  if (maxBytesPerPartition === undefined || maxBytesPerFetch === undefined || maxBytesPerPartition <= maxBytesPerFetch) return []
  const message = `${maxBytesPerPartition} is more than a whole fetch; write at most kafka.maxBytesPerFetch (${maxBytesPerFetch})`
  return [{ path: ['kafka', 'maxBytesPerPartition'], message }]
}

/** A group that waits less for the living than for the dead throws out members that are only busy. */
const sessionWithinRebalance: Rule = ({ kafka }) => {
  const { sessionTimeout, rebalanceTimeout } = kafka ?? {}
  if (sessionTimeout === undefined || rebalanceTimeout === undefined || sessionTimeout <= rebalanceTimeout) return []
  const message = `is shorter than kafka.sessionTimeout; write at least ${inSeconds(sessionTimeout)}`
  return [{ path: ['kafka', 'rebalanceTimeout'], message }]
}

/** Before a rebalance, half of the session is all the time there is; a batch that fills for longer would be read again each time. */
const lingerWithinSession: Rule = ({ batch, kafka }) => {
  const linger = batch?.linger
  const sessionTimeout = kafka?.sessionTimeout
  if (linger === undefined || sessionTimeout === undefined || linger <= sessionTimeout / 2) return []
  const message = `is longer than half of kafka.sessionTimeout; write at most ${inSeconds(sessionTimeout / 2)}`
  return [{ path: ['batch', 'linger'], message }]
}

/** As a duration is written. */
const inSeconds = (ms: number) => (ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`)

const delaysRise: Rule = ({ retry }) => {
  const { delay, maxDelay } = retry?.inPlace ?? {}
  if (delay === undefined || maxDelay === undefined || delay <= maxDelay) return []
  return [{ path: ['retry', 'inPlace', 'delay'], message: 'is longer than retry.inPlace.maxDelay; write at most that' }]
}

const tiersRise: Rule = ({ retry }) => {
  const tiers = retry?.tiers ?? []
  return tiers.flatMap((tier, place) => {
    const before = tiers[place - 1]
    if (tier?.delay === undefined || before?.delay === undefined || tier.delay > before.delay) return []
    return [
      {
        path: ['retry', 'tiers', place],
        message: `${tier.name} is not longer than ${before.name} before it; write rising durations`,
      },
    ]
  })
}

/** A record that its topic drops before its wait is over would be lost. */
const tiersWithinRetention: Rule = ({ retry }) => {
  const longest = retry?.tiers?.at(-1)
  if (longest?.delay === undefined || retry?.retention === undefined || retry.retention > longest.delay) return []
  return [
    {
      path: ['retry', 'retention'],
      message: `is not longer than the wait of the last tier, ${longest.name}; write more than that`,
    },
  ]
}

/** A record that waits on its tier beyond the end of its time is only given up late. */
const tiersWithinGiveUp: Rule = ({ retry }) => {
  const longest = retry?.tiers?.at(-1)
  if (longest?.delay === undefined || retry?.giveUp === undefined || retry.giveUp >= longest.delay) return []
  const message = `is shorter than the wait of the last tier, ${longest.name}; write at least that, or remove the tier`
  return [{ path: ['retry', 'giveUp'], message }]
}

const rules: readonly Rule[] = [
  uniqueApps,
  uniqueLists,
  brokerPorts,
  foreignTopics,
  tlsPairs,
  knownApps,
  oneKind,
  reachable,
  listedTopics,
  windowHoldsBatch,
  windowHoldsFetch,
  partitionWithinProcess,
  partitionWithinFetch,
  sessionWithinRebalance,
  lingerWithinSession,
  delaysRise,
  tiersRise,
  tiersWithinRetention,
  tiersWithinGiveUp,
]

/** What no key shows by itself but several do together. */
export function ruleFindings(config: WrittenDraft): Finding[] {
  return rules.flatMap((rule) => rule(config))
}
