import type { Reason } from '../core/outcome.ts'
import type { History, Origin, RecordHeaders, SourceRecord } from '../core/record.ts'

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

/** As kafkajs takes them. */
export type WritableHeaders = Record<string, Buffer | string | (Buffer | string)[]>

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

/**
 * The record's own headers, and its history. Headers of ours that a source record brought along are replaced: they tell nothing true
 * of it. What comes from a topic of ours keeps its origin.
 */
export function failureHeaders(record: SourceRecord, failure: Failure): WritableHeaders {
  const { [HEADERS.notBefore]: _stale, ...own } = writable(record.headers)
  const origin = record.history?.origin ?? record
  return {
    ...own,
    [HEADERS.attempt]: String(failure.attempt),
    ...(failure.notBefore === undefined ? {} : { [HEADERS.notBefore]: String(failure.notBefore) }),
    [HEADERS.firstFailedAt]: String(failure.firstFailedAt),
    [HEADERS.reason]: failure.reason,
    [HEADERS.detail]: ascii(failure.detail).slice(0, DETAIL_MAX),
    [HEADERS.originTopic]: origin.topic,
    [HEADERS.originPartition]: String(origin.partition),
    [HEADERS.originOffset]: String(origin.offset),
    [HEADERS.originTimestamp]: String(origin.timestamp),
  }
}

/** What the headers of a record tell that stands in a topic of ours. What is missing or no number is made up from the record itself. */
export function historyOf(record: Origin & Pick<SourceRecord, 'headers'>): History {
  const { headers, topic, partition, offset, timestamp } = record
  const originTopic = textOf(headers, HEADERS.originTopic)
  const originOffset = numberOf(headers, HEADERS.originOffset)
  const originPartition = numberOf(headers, HEADERS.originPartition)
  const isKnown = originTopic !== undefined && originPartition !== undefined && originOffset !== undefined
  return {
    origin: {
      ...(isKnown ? { topic: originTopic, partition: originPartition, offset: originOffset } : { topic, partition, offset }),
      timestamp: numberOf(headers, HEADERS.originTimestamp) ?? timestamp,
    },
    attempt: numberOf(headers, HEADERS.attempt) ?? 0,
    firstFailedAt: numberOf(headers, HEADERS.firstFailedAt),
    notBefore: numberOf(headers, HEADERS.notBefore),
  }
}

/** Why a parked or dead record failed last, as its headers tell. */
export function lastFailureOf(headers: RecordHeaders | undefined): { reason: string | undefined; detail: string | undefined } {
  return { reason: textOf(headers, HEADERS.reason), detail: textOf(headers, HEADERS.detail) }
}

/** The headers of a dead letter that begins anew: without its failures, with its origin. */
export function replayHeaders(headers: RecordHeaders | undefined): WritableHeaders {
  const forgotten: readonly string[] = [HEADERS.attempt, HEADERS.notBefore, HEADERS.firstFailedAt, HEADERS.reason, HEADERS.detail]
  return Object.fromEntries(Object.entries(writable(headers)).filter(([name]) => !forgotten.includes(name)))
}

/** What kafkajs can write: it dies of a header without a value, which other clients do write, so such a one becomes empty. */
function writable(headers: RecordHeaders | undefined): WritableHeaders {
  const filled = (value: Buffer | string | null | undefined): Buffer | string => value ?? EMPTY
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name, Array.isArray(value) ? value.map(filled) : filled(value)]),
  )
}

const EMPTY = Buffer.alloc(0)

/** The last one where a header stands several times: whoever wrote it last knew of the others. */
function textOf(headers: RecordHeaders | undefined, name: string): string | undefined {
  const value = [headers?.[name] ?? []].flat().at(-1)
  return value === undefined || value === null ? undefined : String(value)
}

function numberOf(headers: RecordHeaders | undefined, name: string): number | undefined {
  const text = textOf(headers, name)
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** Headers are read by tools that guess at encodings; what is not printable ASCII becomes a question mark. */
function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, '?')
}
