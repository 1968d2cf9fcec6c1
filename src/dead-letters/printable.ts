/** Whatever stands in a topic may have been written to play tricks on a terminal; what does not print is written as its code. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]/gu, (each) => `\\u{${each.codePointAt(0)?.toString(16)}}`)
}

/** Bytes as text where they are text, else as hex. */
export function textOrHex(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) && !/\p{Cc}/u.test(text) ? text : `0x${bytes.toString('hex')}`
}

/** JSON of an event: 64-bit integers with all their digits, bytes as text or hex. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (Buffer.isBuffer(value)) return textOrHex(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]))
}

/** Epoch ms as ISO text. Headers may claim a time that no calendar has. */
export function timeText(epochMs: number): string {
  const date = new Date(epochMs)
  return Number.isNaN(date.getTime()) ? `${epochMs} ms` : date.toISOString()
}
