import type { EventType, LogicalType } from '../core/event.ts'

/** Turns a value of a known type into something that the tracker takes; undefined: there is no such thing. */
export type Convert<T> = (value: unknown) => T | undefined

/** The types that a converter cannot serve, for the message to whoever wrote the mapping. */
export interface Converter<T> {
  readonly convert: Convert<T>
  readonly misfits: readonly string[]
}

/**
 * Text: a double as its shortest form, a boolean as `true` or `false`, an enum as its symbol, 64-bit integers with all digits, a
 * decimal as its exact digits, a date as `2024-02-29`, a timestamp as ISO text in UTC. Records, arrays, maps and plain bytes are none.
 */
export function toText(types: readonly EventType[]): Converter<string> {
  return choose(types, textOf)
}

/** A whole or broken number, as it is; not from texts: a mapping says by `cases` what a text means. */
export function toNumber(types: readonly EventType[]): Converter<number> {
  return choose(types, (type) =>
    isNumeric(type) && !('logical' in type && type.logical?.name === 'decimal') ? Number : undefined,
  )
}

/** Unix seconds, rounded down, from timestamps and ISO texts. A bare long could count anything: it is a misfit. */
export function toSeconds(types: readonly EventType[]): Converter<number> {
  const { convert, misfits } = choose(types, (type) => {
    if (type.kind === 'string') return secondsOfText
    const divisor = 'logical' in type ? TIMESTAMPS[type.logical?.name ?? ''] : undefined
    return divisor === undefined ? undefined : (value) => secondsOf(value, divisor)
  })
  // One branch of a union may be a misfit while another is not: its values are present all the same, see `secondsOfText`.
  return { misfits, convert: (value) => convert(value) ?? Number.NaN }
}

const TIMESTAMPS: Readonly<Record<string, number>> = {
  'timestamp-millis': 1_000,
  'timestamp-micros': 1_000_000,
  'timestamp-nanos': 1_000_000_000,
}

function secondsOf(value: unknown, divisor: number): number {
  // Below 2^53 the quotient of two doubles rounds to the same whole number as the exact one; beyond it the bigint divides exactly.
  if (typeof value !== 'bigint') return Math.floor(Number(value) / divisor)
  const wide = BigInt(divisor)
  const quotient = value / wide
  return Number(value % wide < 0n ? quotient - 1n : quotient)
}

/** NaN: present but no time; validation rejects that, where nothing would silently give way to the record's own time. */
function secondsOfText(value: unknown): number {
  const text = String(value)
  // Only with a zone: without one the text means whatever the machine's clock is set to.
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/.test(text)) return Number.NaN
  const ms = Date.parse(text)
  return Math.floor(ms / 1_000)
}

/** One converter for all types that a path can give; the branches of a bare union are told apart by their JavaScript type. */
function choose<T>(types: readonly EventType[], of: (type: EventType) => Convert<T> | undefined): Converter<T> {
  const misfits: string[] = []
  const byJsType = new Map<string, Convert<T>>()
  const all: Convert<T>[] = []
  for (const type of types) {
    const convert = of(type)
    if (convert === undefined) misfits.push(nameOf(type))
    else {
      all.push(convert)
      byJsType.set(jsTypeOf(type), convert)
    }
  }
  const [only] = all
  if (misfits.length === 0 && only !== undefined && all.length === 1) return { convert: only, misfits }
  return { misfits, convert: (value) => byJsType.get(typeof value === 'bigint' ? 'number' : typeof value)?.(value) }
}

function jsTypeOf(type: EventType): string {
  if (isNumeric(type)) return 'number'
  if (type.kind === 'boolean') return 'boolean'
  return type.kind === 'string' || type.kind === 'enum' ? 'string' : 'object'
}

function isNumeric(type: EventType): boolean {
  return type.kind === 'int' || type.kind === 'long' || type.kind === 'float' || type.kind === 'double'
}

/** A type as the mapping's author knows it. */
function nameOf(type: EventType): string {
  if (type.kind === 'record') return `record ${type.name}`
  return 'logical' in type && type.logical !== undefined ? `${type.kind} (${type.logical.name})` : type.kind
}

function textOf(type: EventType): Convert<string> | undefined {
  const logical = 'logical' in type ? type.logical : undefined
  switch (type.kind) {
    case 'string':
    case 'enum':
      return (value) => value as string
    case 'boolean':
    case 'float':
    case 'double':
      return String
    case 'int':
    case 'long':
      return textOfInteger(logical)
    case 'bytes':
    case 'fixed':
      return logical?.name === 'decimal' ? (value) => decimalText(value as Buffer, logical.scale) : undefined
    default:
      return undefined
  }
}

function textOfInteger(logical: LogicalType | undefined): Convert<string> {
  if (logical?.name === 'date') return (value) => isoText(Number(value) * 86_400_000)?.split('T')[0]
  const divisor = TIMESTAMPS[logical?.name ?? '']
  return divisor === undefined ? String : (value) => isoText(Math.floor(Number(value) / (divisor / 1_000)))
}

function isoText(ms: number): string | undefined {
  // The range of Date; beyond it toISOString throws.
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : undefined
}

/** Two's complement, most significant byte first, with `scale` digits behind the point. */
function decimalText(bytes: Buffer, scale: number): string {
  const unscaled = bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`))
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const sign = unscaled < 0n ? '-' : ''
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
