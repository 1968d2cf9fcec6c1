import type { Reason } from '../core/outcome.ts'
import type { RecordHeaders, SourceRecord } from '../core/record.ts'

/** The names under which a parked or dead record carries its history. */
const HEADERS = {
  attempt: 'mts-attempt',
  notBefore: 'mts-not-before',
  firstFailedAt: 'mts-first-failed-at',
  reason: 'mts-reason',
  detail: 'mts-detail',
  originTopic: 'mts-origin-topic',
  originPartition: 'mts-origin-partition',
  originOffset: 'mts-origin-offset',
  originTimestamp: 'mts-origin-timestamp',
} as const

/** No detail is longer, in characters. */
const DETAIL_MAX = 1_000

export interface Failure {
  readonly reason: Reason
  readonly detail: string
  readonly attempt: number
  /** Epoch ms. */
  readonly firstFailedAt: number
  /** Epoch ms, of a parked record; absent: a dead letter. */
  readonly notBefore: number | undefined
}

/** The record's own headers, and its history. Headers of ours that a source record brought along are replaced: they tell nothing true of it. */
export function failureHeaders(record: SourceRecord, failure: Failure): RecordHeaders {
  const { [HEADERS.notBefore]: _stale, ...own } = record.headers ?? {}
  return {
    ...own,
    [HEADERS.attempt]: String(failure.attempt),
    ...(failure.notBefore === undefined ? {} : { [HEADERS.notBefore]: String(failure.notBefore) }),
    [HEADERS.firstFailedAt]: String(failure.firstFailedAt),
    [HEADERS.reason]: failure.reason,
    [HEADERS.detail]: ascii(failure.detail).slice(0, DETAIL_MAX),
    [HEADERS.originTopic]: record.topic,
    [HEADERS.originPartition]: String(record.partition),
    [HEADERS.originOffset]: String(record.offset),
    [HEADERS.originTimestamp]: String(record.timestamp),
  }
}

/** Headers are read by tools that guess at encodings; what is not printable ASCII becomes a question mark. */
function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, '?')
}
