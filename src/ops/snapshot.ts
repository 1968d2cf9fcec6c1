/** Everything that is known of the service at one moment, as it is; what it means is said by verdict.ts. Times are epoch ms. */
import type { Failure } from '../telemetry/failures.ts'
import type { Trouble } from '../telemetry/troubles.ts'

export type Phase = 'starting' | 'running' | 'rebalancing' | 'draining'

/** A partition of a source, or of a retry topic. */
export interface PartitionFacts {
  readonly topic: string
  readonly partition: number
  /** The offset that is known to be committed. */
  readonly committed: number | undefined
  /** As the broker told last; undefined: it has not told yet. */
  readonly end: number | undefined
  readonly open: number
  /** The oldest record without an outcome: its Kafka timestamp, and since when it is here. */
  readonly oldest: { readonly timestamp: number; readonly since: number } | undefined
  readonly awaitsSchemaSince: number | undefined
  /** Records of apps that the tracker refuses. */
  readonly blocked: number
}

/** What was said last, and since when. */
interface Why {
  readonly detail: string
  readonly since: number
}

/** What the pipeline holds back on purpose. */
export interface Holds {
  readonly breaker: { readonly state: 'closed' | 'open' | 'probing'; readonly since?: number; readonly detail?: string }
  readonly apps: readonly (Why & { readonly name: string })[]
  /** Everything waits: the tracker answers as if we spoke to the wrong place. */
  readonly misconfigured: Why | undefined
  /** The tracker's wish for fewer requests. */
  readonly pace: Why | undefined
  /** Sources that are held because too many of their records would become dead letters. */
  readonly brakes: readonly (Why & { readonly topic: string })[]
  /** Requests that may be in flight. */
  readonly inFlightLimit: number
}

export interface CountFacts {
  readonly consumed: number
  readonly delivered: number
  readonly skipped: Readonly<Record<string, number>>
  readonly parked: Readonly<Record<string, number>>
  readonly deadLettered: Readonly<Record<string, number>>
  /** Deleted before they were read. */
  readonly missed: number
  readonly retried: number
  readonly requests: number
}

export interface Snapshot {
  readonly now: number
  readonly version: string
  readonly groupId: string
  readonly phase: Phase
  readonly counts: CountFacts
  /** Of the sources, those that this instance has. */
  readonly partitions: readonly PartitionFacts[]
  /** Of the retry topics. */
  readonly tiers: readonly (PartitionFacts & { readonly tier: string })[]
  readonly apps: readonly { readonly name: string; readonly idApp: number }[]
  readonly tracker: {
    readonly inFlight: number
    readonly p50Ms: number | undefined
    readonly p99Ms: number | undefined
    readonly answers: Readonly<Record<string, number>>
  }
  readonly holds: Holds
  readonly troubles: readonly Trouble[]
  /** Since when no broker has answered; undefined: they answer. */
  readonly brokersSilent: { readonly since: number; readonly detail: string } | undefined
  /** Since when the lag has grown. */
  readonly laggingSince: number | undefined
  readonly failures: readonly Failure[]
  /** Milliseconds that a topic keeps its records; undefined: for ever, or not known. */
  readonly retentionMs: ReadonlyMap<string, number | undefined>
}

/** Offsets from what is committed to the end; 0 where either is not known. */
export function lagOf({ committed, end }: PartitionFacts): number {
  return committed === undefined || end === undefined ? 0 : Math.max(0, end - committed)
}

export function totalLag(partitions: readonly PartitionFacts[]): number {
  return partitions.reduce((sum, facts) => sum + lagOf(facts), 0)
}

/** Age of the next record to commit; 0 when nothing lags. */
export function lagSecondsOf(facts: PartitionFacts, now: number): number {
  const { oldest } = facts
  return oldest === undefined || lagOf(facts) === 0 ? 0 : Math.max(0, now - oldest.timestamp) / 1_000
}

/** Until the next record to commit expires; undefined: nothing lags, or nothing expires. */
export function retentionLeftOf(facts: PartitionFacts, retentionMs: number | undefined, now: number): number | undefined {
  const { oldest } = facts
  if (oldest === undefined || lagOf(facts) === 0 || retentionMs === undefined) return undefined
  return Math.max(0, oldest.timestamp + retentionMs - now) / 1_000
}

export function oldestOpenSecondsOf({ oldest }: PartitionFacts, now: number): number {
  return oldest === undefined ? 0 : Math.max(0, now - oldest.since) / 1_000
}
