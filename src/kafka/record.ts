import type { KafkaMessage } from 'kafkajs'
import type { RecordHeaders, SourceRecord } from '../core/record.ts'
import { historyOf } from './headers.ts'

/** Where a message was fetched. */
export interface Place {
  readonly topic: string
  readonly partition: number
  /** Whether the topic is ours: then its records' headers tell their history. */
  readonly isOwn: boolean
}

/** Copies what is kept: a view would hold the whole fetch response in memory for as long as the record is held. */
export function copyRecord(message: KafkaMessage, { topic, partition, isOwn }: Place): SourceRecord {
  const record = {
    topic,
    partition,
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: message.key === null ? null : message.key.toString('latin1'),
    value: message.value === null ? null : Buffer.from(message.value),
    headers: copyHeaders(message.headers),
    history: undefined,
  }
  return isOwn ? { ...record, history: historyOf(record) } : record
}

function copyHeaders(headers: RecordHeaders | undefined): RecordHeaders | undefined {
  if (headers === undefined) return undefined
  const names = Object.keys(headers)
  if (names.length === 0) return headers
  return Object.fromEntries(
    names.map((name) => {
      const value = headers[name]
      return [name, Array.isArray(value) ? value.map(copyValue) : copyValue(value)]
    }),
  )
}

function copyValue<T>(value: T): T | Buffer {
  return Buffer.isBuffer(value) ? Buffer.from(value) : value
}
