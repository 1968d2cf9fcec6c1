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

const uniqueTopics: Rule = ({ kafka }) =>
  repeated(kafka?.topics ?? []).map(({ value, place }) => ({
    path: ['kafka', 'topics', place],
    message: `${value} is listed twice; remove one of the two`,
  }))

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
function namedApps(
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
const reachable: Rule = ({ mappings = [] }) =>
  mappings.flatMap((mapping, place) => {
    if (mapping?.record === undefined) return []
    const first = mappings.findIndex(
      (each) =>
        each !== undefined &&
        each.record === mapping.record &&
        [undefined, mapping.topic].includes(each.topic) &&
        (each.when === undefined || isDeepStrictEqual(each.when, mapping.when)),
    )
    if (first === place || first === -1) return []
    return [
      {
        path: ['mappings', place, 'record'],
        message: `is never reached: mappings[${first}] already takes these records; remove one of the two`,
      },
    ]
  })

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

const partitionWithinFetch: Rule = ({ kafka }) => {
  const { maxBytesPerPartition, maxBytesPerFetch } = kafka ?? {}
  if (maxBytesPerPartition === undefined || maxBytesPerFetch === undefined || maxBytesPerPartition <= maxBytesPerFetch) return []
  const message = `${maxBytesPerPartition} is more than a whole fetch; write at most kafka.maxBytesPerFetch (${maxBytesPerFetch})`
  return [{ path: ['kafka', 'maxBytesPerPartition'], message }]
}

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

const rules: readonly Rule[] = [
  uniqueApps,
  uniqueTopics,
  foreignTopics,
  tlsPairs,
  knownApps,
  oneKind,
  reachable,
  windowHoldsBatch,
  partitionWithinProcess,
  partitionWithinFetch,
  delaysRise,
  tiersRise,
  tiersWithinRetention,
]

/** What no key shows by itself but several do together. */
export function ruleFindings(config: WrittenDraft): Finding[] {
  return rules.flatMap((rule) => rule(config))
}
