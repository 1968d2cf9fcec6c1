import type { Method } from '../core/hit.ts'
import type { Reason, SkipReason } from '../core/outcome.ts'
import type { SourceRecord } from '../core/record.ts'

/** Why a consumer was made anew: the Kafka client has crashed, or what did not go on. */
export const rebuildReasons = ['crash', 'commits', 'fetches', 'join'] as const

/** What has happened since the start. */
export interface Counts {
  /** Records read from the sources. */
  consumed: number
  /** Records read from the retry topics. */
  retried: number
  delivered: number
  skipped: Partial<Record<SkipReason, number>>
  parked: Partial<Record<Reason, number>>
  deadLettered: Partial<Record<Reason, number>>
  /** Offsets that were gone before they were read. */
  missed: number
  /** Requests that were not answered with a 200. */
  failedRequests: number
  requests: number
}

/** As it is at the start. */
export function noCounts(): Counts {
  return {
    consumed: 0,
    retried: 0,
    delivered: 0,
    skipped: {},
    parked: {},
    deadLettered: {},
    missed: 0,
    failedRequests: 0,
    requests: 0,
  }
}

export interface Exited {
  readonly record: SourceRecord
  readonly to: 'tier' | 'dead-letter'
  readonly reason: Reason
  readonly detail: string
}

/** A request that was made. */
export interface Request {
  readonly method: Method
  /** 0: no answer came. */
  readonly status: number
  readonly hits: number
  /** Of the body. */
  readonly bytes: number
  readonly durationMs: number
}

export interface Delivered {
  readonly record: SourceRecord
}

export interface Place {
  readonly topic: string
  readonly partition: number
}
