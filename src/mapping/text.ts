import type { EventType } from '../core/event.ts'
import type { Clock, Reading } from './time.ts'
import { clockOf, isNumeric, isoText, millisOf, secondsOf, secondsOfText } from './time.ts'
import type { Zone } from './zone.ts'

/** Turns a value of a known type into something that the tracker takes; undefined: there is no such thing. */
export type Convert<T> = (value: unknown) => T | undefined

export interface Converter<T> {
  readonly convert: Convert<T>
  /** The types that it cannot serve. */
  readonly misfits: readonly EventType[]
}

/**
 * Text: a double as its shortest form, a boolean as `true` or `false`, an enum as its symbol, 64-bit integers with all digits, a
 * decimal as its exact digits, a date as `2024-02-29`, a timestamp as ISO text in UTC, a local one without a zone as ISO text without an
 * offset. Records, arrays, maps and plain bytes are none.
 */
export function toText(types: readonly EventType[], reading: Reading = {}): Converter<string> {
  return choose(types, (type) => textOf(type, reading))
}

/** A whole or broken number, as it is; not from texts: a mapping says by `cases` what a text means. */
export function toNumber(types: readonly EventType[]): Converter<number> {
  return choose(types, (type) =>
    isNumeric(type) && !('logical' in type && type.logical?.name === 'decimal') ? Number : undefined,
  )
}

/**
 * Unix seconds, rounded down, from timestamps, ISO texts and, with a unit, bare numbers. What the mapping does not say is not guessed:
 * a bare long could count anything, and a wall clock could hang anywhere.
 */
export function toSeconds(types: readonly EventType[], reading: Reading = {}): Converter<number> {
  const { zone } = reading
  const { convert, misfits } = choose(types, (type) => {
    if (type.kind === 'string') return (value) => secondsOfText(value, zone)
    const clock = clockOf(type, reading)
    if (clock === undefined || (clock.isLocal && zone === undefined)) return undefined
    const { perSecond, isLocal } = clock
    if (!isLocal || zone === undefined) return (value) => secondsOf(value, perSecond)
    return (value) => {
      const wall = secondsOf(value, perSecond)
      return wall - zone(wall)
    }
  })
  // One branch of a union may be a misfit while another is not: its values are present all the same, see `secondsOfText`.
  return { misfits, convert: (value) => convert(value) ?? Number.NaN }
}

/** One converter for all types that a path can give; the branches of a bare union are told apart by their JavaScript type. */
function choose<T>(types: readonly EventType[], of: (type: EventType) => Convert<T> | undefined): Converter<T> {
  const misfits: EventType[] = []
  const byJsType = new Map<string, Convert<T>>()
  const all: Convert<T>[] = []
  for (const type of types) {
    const convert = of(type)
    if (convert === undefined) misfits.push(type)
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

/** Whether some value of this type has this text. Where that is hard to tell, it is taken to be so. */
export function canBe(type: EventType, text: string): boolean {
  const logical = 'logical' in type ? type.logical : undefined
  switch (type.kind) {
    case 'enum':
      return type.symbols.includes(text)
    case 'boolean':
      return text === 'true' || text === 'false'
    case 'bytes':
    case 'fixed':
      return new RegExp(logical?.scale === 0 ? '^-?\\d+$' : `^-?\\d+\\.\\d{${logical?.scale ?? 0}}$`).test(text)
    case 'int':
    case 'long':
      return logical !== undefined || /^(0|-?[1-9]\d*)$/.test(text)
    case 'float':
    case 'double':
      return logical !== undefined || String(Number(text)) === text
    default:
      return true
  }
}

/** A type as the mapping's author knows it. */
export function nameOf(type: EventType): string {
  if (type.kind === 'record') return `record ${type.name}`
  return 'logical' in type && type.logical !== undefined ? `${type.kind} (${type.logical.name})` : type.kind
}

function textOf(type: EventType, reading: Reading): Convert<string> | undefined {
  const logical = 'logical' in type ? type.logical : undefined
  const clock = clockOf(type, reading)
  if (clock !== undefined) return textOfTime(clock, reading.zone)
  switch (type.kind) {
    case 'string':
    case 'enum':
      return (value) => value as string
    case 'int':
      return logical?.name === 'date' ? dateText : String
    case 'boolean':
    case 'float':
    case 'double':
    case 'long':
      return String
    case 'bytes':
    case 'fixed':
      // Another branch of the same union may be a map or a list, which are objects as well.
      return logical?.name === 'decimal'
        ? (value) => (Buffer.isBuffer(value) ? decimalText(value, logical.scale) : undefined)
        : undefined
    default:
      return undefined
  }
}

function textOfTime({ perSecond, isLocal }: Clock, zone: Zone | undefined): Convert<string> {
  if (!isLocal) return (value) => isoText(millisOf(value, perSecond))
  // A wall clock without a place is written as what it showed.
  if (zone === undefined) return (value) => isoText(millisOf(value, perSecond))?.slice(0, -1)
  return (value) => {
    const wall = millisOf(value, perSecond)
    return isoText(wall - zone(Math.floor(wall / 1_000)) * 1_000)
  }
}

export function dateText(value: unknown): string | undefined {
  return isoText(Number(value) * 86_400_000)?.split('T')[0]
}

/** Two's complement, most significant byte first, with `scale` digits behind the point. */
export function decimalText(bytes: Buffer, scale: number): string {
  const unscaled = bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`))
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const sign = unscaled < 0n ? '-' : ''
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
