import type { Snapshot } from './snapshot.ts'
import { totalLag } from './snapshot.ts'

/** Why records wait that should be on their way: what is wrong, what to do, and what goes on meanwhile, each a sentence without its full stop. */
export interface Cause {
  readonly what: string
  /** Epoch ms. */
  readonly since: number
  /** What was said, by whom it was said; empty where `what` says it all. */
  readonly detail: string
  readonly cure: string
  readonly meanwhile: string
}

/** A failed request or two are nothing that a person must hear of. */
const TRACKER_FAILS_MS = 2_000

/** The gravest first. */
export function causesOf(snapshot: Snapshot): Cause[] {
  return [
    ...brokers(snapshot),
    ...misconfigured(snapshot),
    ...breaker(snapshot),
    ...forbidden(snapshot),
    ...brakes(snapshot),
    ...registry(snapshot),
    ...sideTopics(snapshot),
    ...commits(snapshot),
    ...failing(snapshot),
  ]
}

function brokers({ brokersSilent }: Snapshot): Cause[] {
  if (brokersSilent === undefined) return []
  return [
    {
      ...{ what: 'No Kafka broker answers', ...brokersSilent },
      cure: 'Check that the brokers run, and that kafka.brokers and the network lead to them',
      meanwhile: 'What is under way is delivered, nothing is read or committed; it goes on by itself once they answer',
    },
  ]
}

function misconfigured(snapshot: Snapshot): Cause[] {
  // Some requests alone may be answered so, while all others go on.
  const held = snapshot.holds.misconfigured ?? snapshot.troubles.find(({ kind }) => kind === 'misconfigured')
  if (held === undefined || !waits(snapshot)) return []
  const { since, detail } = held
  return [
    {
      ...{ what: 'The tracker answers as if we spoke to the wrong place', since, detail },
      cure: 'Check tracker.endpoint, and any proxy between; then start again with the mended configuration',
      meanwhile: 'Records wait, none is parked or lost, and the service tries again and again',
    },
  ]
}

function breaker(snapshot: Snapshot): Cause[] {
  const { holds } = snapshot
  const { state, since = 0, detail = '' } = holds.breaker
  if (state === 'closed' || !waits(snapshot)) return []
  return [
    {
      ...{ what: state === 'open' ? 'The tracker is down' : 'The tracker was down and is being tried', since, detail },
      cure: 'Wait for the tracker, or mend the way to it',
      meanwhile:
        'Records wait where they are, but for a probe now and then; it goes on by itself with the first that is answered',
    },
  ]
}

function forbidden(snapshot: Snapshot): Cause[] {
  const { holds, apps } = snapshot
  if (!waits(snapshot)) return []
  return holds.apps.map(({ name, detail, since }) => ({
    ...{ what: `The tracker refuses the app ${name}`, since, detail },
    cure: `Check the token of ${name} under tracker.apps; a tokenFile that changes is read again without a restart`,
    meanwhile: `Records of ${name} wait${apps.length > holds.apps.length ? ', other apps go on' : ''}, none is lost, and the app is tried again and again`,
  }))
}

function brakes({ holds }: Snapshot): Cause[] {
  return holds.brakes.map(({ topic, detail, since }) => ({
    ...{ what: `Too many records of ${topic} would become dead letters`, since, detail },
    cure: 'Mend the mapping or the producer (the last failures say what is wrong) and start again; to let them go all the same, raise deadLetters.brake',
    meanwhile: `${topic} is held, other topics go on`,
  }))
}

function registry({ partitions, tiers, troubles }: Snapshot): Cause[] {
  const waiting = [...partitions, ...tiers].flatMap(({ awaitsSchemaSince }) => awaitsSchemaSince ?? [])
  const trouble = troubles.find(({ kind }) => kind === 'registry')
  if (waiting.length === 0 || trouble === undefined) return []
  return [
    {
      what: `The schema registry does not answer, and ${count(waiting.length, 'partition waits', 'partitions wait')} for a schema`,
      ...{ since: Math.min(...waiting), detail: trouble.detail },
      cure: 'Check that the registry runs, and schemaRegistry.url with its credentials',
      meanwhile: 'Partitions whose schemas are known go on; the others go on by themselves once it answers',
    },
  ]
}

function sideTopics({ partitions, tiers, troubles }: Snapshot): Cause[] {
  const ours = new Set([...partitions, ...tiers].map(({ topic, partition }) => `${topic}/${partition}`))
  const failing = troubles.filter(({ kind, name }) => kind === 'side-topic' && ours.has(name))
  const [first] = failing
  if (first === undefined) return []
  return [
    {
      ...{ what: 'A retry or dead-letter topic cannot be written', detail: first.detail },
      since: Math.min(...failing.map(({ since }) => since)),
      cure: 'Check that these topics exist, the right to write to them, and that enough replicas are in sync; `check --online` names what is wrong',
      meanwhile: 'The write is tried again and again; nothing is committed past its records, all others are delivered',
    },
  ]
}

function commits({ troubles, partitions }: Snapshot): Cause[] {
  const trouble = troubles.find(({ kind }) => kind === 'commit')
  if (trouble === undefined || totalLag(partitions) === 0) return []
  return [
    {
      ...{ what: 'Commits fail', since: trouble.since, detail: trouble.detail },
      cure: 'Check the group coordinator and the right to commit for kafka.groupId',
      meanwhile: 'Records are delivered all the same, and the commit is tried again; after a crash they would be sent twice',
    },
  ]
}

function failing(snapshot: Snapshot): Cause[] {
  const { troubles, now, holds } = snapshot
  const trouble = troubles.find(({ kind }) => kind === 'tracker')
  if (trouble === undefined || !waits(snapshot) || now - trouble.since < TRACKER_FAILS_MS || holds.breaker.state !== 'closed')
    return []
  return [
    {
      ...{ what: 'All requests to the tracker fail', since: trouble.since, detail: trouble.detail },
      cure: 'Wait for the tracker, or mend the way to it',
      meanwhile: 'Failed records are tried again, then parked on a retry topic, from where they come again',
    },
  ]
}

/** With nothing on its way, nobody has asked the tracker since, and nobody is held up. */
function waits({ partitions, tiers }: Snapshot): boolean {
  return totalLag(partitions) + totalLag(tiers) > 0
}

export function count(number: number, one: string, many: string): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`
}
