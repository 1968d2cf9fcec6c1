/** How a message is stored, and how large it is in the record batch that a broker measures. */
import type { IHeaders, Message } from 'kafkajs'
import type { Stored } from './partition-log.ts'

/** Of the batch itself, before its first record. */
const BATCH_BYTES = 61

export type Unplaced = Omit<Stored, 'offset' | 'isHidden'>

/** Throws where kafkajs does: it cannot write a header without a value. */
export function toStored(message: Message, now: number, offsetDelta = 0): Unplaced {
  const key = message.key === null || message.key === undefined ? null : Buffer.from(message.key)
  const value = message.value === null ? null : Buffer.from(message.value)
  const headers = headersOf(message.headers ?? {})
  const bytes = recordBytes({ key, value, headers }, offsetDelta)
  return { timestamp: Number(message.timestamp ?? now), key, value, headers, bytes }
}

export function batchBytes(records: readonly Unplaced[]): number {
  return records.reduce((sum, { bytes }) => sum + bytes, BATCH_BYTES)
}

function headersOf(headers: IHeaders): Record<string, Buffer | Buffer[]> {
  const stored: Record<string, Buffer | Buffer[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    const values = [value].flat().map(headerValue)
    // A list of none writes no header, and a list of one reads back as the one.
    if (values.length > 0) stored[name] = values.length === 1 ? (values[0] as Buffer) : values
  }
  return stored
}

function headerValue(value: Buffer | string | undefined): Buffer {
  if (value === undefined || value === null) throw new TypeError('a header has no value')
  return Buffer.from(value)
}

function recordBytes({ key, value, headers }: Pick<Unplaced, 'key' | 'value' | 'headers'>, offsetDelta: number): number {
  let count = 0
  // Attributes, and the difference of the time, which is next to none.
  let body = 2 + varintBytes(offsetDelta) + nullableBytes(key) + nullableBytes(value)
  for (const [name, values] of Object.entries(headers)) {
    const nameLength = Buffer.byteLength(name)
    for (const each of [values].flat()) {
      body += varintBytes(nameLength) + nameLength + nullableBytes(each)
      count += 1
    }
  }
  body += varintBytes(count)
  return varintBytes(body) + body
}

function nullableBytes(buffer: Buffer | null): number {
  return buffer === null ? 1 : varintBytes(buffer.length) + buffer.length
}

/** Seven bits a byte, of the number in zigzag. */
function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value * 2; rest >= 128; rest = Math.floor(rest / 128)) bytes += 1
  return bytes
}
