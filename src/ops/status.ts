import type { Failure } from '../telemetry/failures.ts'
import type { PartitionFacts, Snapshot } from './snapshot.ts'
import { lagOf, lagSecondsOf, oldestOpenSecondsOf } from './snapshot.ts'
import type { State, Verdict } from './verdict.ts'

export type PartitionState = 'idle' | 'delivering' | 'app-blocked' | 'waiting-for-schema' | 'side-topic-failing'

export interface StatusDocument {
  readonly state: State
  readonly verdict: string
  /** ISO time: since when the state is this one. */
  readonly since: string
  readonly version: string
  readonly groupId: string
  readonly counts: Snapshot['counts']
  readonly partitions: readonly {
    readonly topic: string
    readonly partition: number
    readonly state: PartitionState
    readonly committed: number | null
    readonly end: number | null
    readonly lag: number
    readonly lagSeconds: number
    readonly open: number
    readonly oldestOpenSeconds: number
  }[]
  /** What waits on the retry topics. */
  readonly parked: readonly { readonly tier: string; readonly waiting: number }[]
  readonly apps: readonly {
    readonly name: string
    readonly idApp: number
    readonly state: 'ok' | 'blocked'
    readonly reason: string | null
  }[]
  readonly tracker: {
    readonly inFlight: number
    readonly limit: number
    readonly breaker: 'closed' | 'open' | 'probing'
    readonly p50Ms: number | null
    readonly p99Ms: number | null
    readonly answers: Readonly<Record<string, number>>
  }
  /** Newest first. */
  readonly failures: readonly (Omit<Failure, 'at'> & { readonly at: string })[]
}

export function statusOf(snapshot: Snapshot, { state, verdict }: Verdict, since: number): StatusDocument {
  const { version, groupId, counts, partitions, tracker, holds, failures } = snapshot
  return {
    ...{ state, verdict, since: new Date(since).toISOString(), version, groupId, counts },
    partitions: partitions.map((facts) => partitionOf(facts, snapshot)),
    parked: parkedOf(snapshot),
    apps: appsOf(snapshot),
    tracker: {
      ...{ inFlight: tracker.inFlight, limit: holds.inFlightLimit, breaker: holds.breaker.state },
      p50Ms: rounded(tracker.p50Ms),
      p99Ms: rounded(tracker.p99Ms),
      answers: tracker.answers,
    },
    failures: failures.map((failure) => ({ ...failure, at: new Date(failure.at).toISOString() })),
  }
}

/** Waiting records of each tier, of the partitions that this instance has. */
export function parkedOf({ tiers }: Pick<Snapshot, 'tiers'>): { tier: string; waiting: number }[] {
  const waiting = new Map<string, number>()
  for (const facts of tiers) waiting.set(facts.tier, (waiting.get(facts.tier) ?? 0) + lagOf(facts))
  return [...waiting].map(([tier, records]) => ({ tier, waiting: records }))
}

export function appsOf({ apps, holds }: Pick<Snapshot, 'apps' | 'holds'>): StatusDocument['apps'] {
  return apps.map(({ name, idApp }) => {
    const reason = holds.apps.find((each) => each.name === name)?.detail ?? null
    return { name, idApp, state: reason === null ? 'ok' : 'blocked', reason }
  })
}

function partitionOf(facts: PartitionFacts, { now, troubles }: Snapshot): StatusDocument['partitions'][number] {
  const { topic, partition, committed = null, end = null, open } = facts
  const cannotLeave = troubles.some(({ kind, name }) => kind === 'side-topic' && name === `${topic}/${partition}`)
  return {
    ...{ topic, partition, state: partitionState(facts, cannotLeave), committed, end, lag: lagOf(facts) },
    ...{ lagSeconds: lagSecondsOf(facts, now), open, oldestOpenSeconds: oldestOpenSecondsOf(facts, now) },
  }
}

function partitionState(facts: PartitionFacts, cannotLeave: boolean): PartitionState {
  if (cannotLeave) return 'side-topic-failing'
  if (facts.awaitsSchemaSince !== undefined) return 'waiting-for-schema'
  if (facts.blocked > 0) return 'app-blocked'
  return facts.open === 0 && lagOf(facts) === 0 ? 'idle' : 'delivering'
}

const rounded = (ms: number | undefined): number | null => (ms === undefined ? null : Math.round(ms * 10) / 10)
