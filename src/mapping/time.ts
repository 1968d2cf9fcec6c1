import type { EventType } from '../core/event.ts'
import type { Zone } from './zone.ts'

/** What a mapping says of a time that its schema does not: what a bare number counts, and where a wall clock hung. */
export interface Reading {
  readonly unit?: Unit
  readonly zone?: Zone
}

/** What a bare number counts since 1970. */
export type Unit = 's' | 'ms' | 'us'

/** A time as the event holds it: how many of its counts make a second, and whether a wall clock is meant. */
export interface Clock {
  readonly perSecond: number
  readonly isLocal: boolean
}

const UNITS: Readonly<Record<Unit, number>> = { s: 1, ms: 1_000, us: 1_000_000 }
const TIMESTAMPS: Readonly<Record<string, number>> = {
  'timestamp-millis': 1_000,
  'timestamp-micros': 1_000_000,
  'timestamp-nanos': 1_000_000_000,
}
/** What says something else than a time; any other annotation is somebody's own, and the number under it as good as bare. */
const NO_TIMES = new Set(['date', 'time-millis', 'time-micros', 'decimal', 'duration'])

/** Whether a type is a number that says nothing of itself. */
export function isBare(type: EventType): boolean {
  return isNumeric(type) && !NO_TIMES.has(logicalOf(type)) && stampOf(type) === undefined
}

/** The type as a time; undefined: it is none. */
export function clockOf(type: EventType, { unit }: Reading): Clock | undefined {
  const stamp = stampOf(type)
  if (stamp !== undefined) return stamp
  return unit !== undefined && isBare(type) ? { perSecond: UNITS[unit], isLocal: false } : undefined
}

function stampOf(type: EventType): Clock | undefined {
  if (type.kind !== 'long') return undefined
  const name = logicalOf(type)
  const isLocal = name.startsWith('local-')
  const perSecond = TIMESTAMPS[isLocal ? name.slice('local-'.length) : name]
  return perSecond === undefined ? undefined : { perSecond, isLocal }
}

function logicalOf(type: EventType): string {
  return 'logical' in type ? (type.logical?.name ?? '') : ''
}

export function isNumeric(type: EventType): boolean {
  return type.kind === 'int' || type.kind === 'long' || type.kind === 'float' || type.kind === 'double'
}

/** Whole seconds, rounded down, of a count. */
export function secondsOf(value: unknown, perSecond: number): number {
  // Below 2^53 the quotient of two doubles rounds to the same whole number as the exact one; beyond it the bigint divides exactly.
  if (typeof value !== 'bigint') return Math.floor(Number(value) / perSecond)
  const wide = BigInt(perSecond)
  const quotient = value / wide
  return Number(value % wide < 0n ? quotient - 1n : quotient)
}

/** Whole milliseconds, rounded down, of a count. */
export function millisOf(value: unknown, perSecond: number): number {
  return perSecond === 1 ? Math.floor(Number(value) * 1_000) : Math.floor(Number(value) / (perSecond / 1_000))
}

const iso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/

/**
 * Unix seconds of an ISO text. NaN: it is none, or has no offset where no zone is known; present, but no time. Validation rejects that,
 * where nothing would silently give way to the record's own time.
 */
export function secondsOfText(value: unknown, zone: Zone | undefined): number {
  const text = String(value)
  const match = iso.exec(text)
  if (match === null || !isDay(text)) return Number.NaN
  // Without an offset the text would mean whatever the machine's clock is set to.
  if (match[3] !== undefined) return Math.floor(Date.parse(text) / 1_000)
  if (zone === undefined) return Number.NaN
  const wall = Math.floor(Date.parse(`${text}Z`) / 1_000)
  return wall - zone(wall)
}

/** Date takes the 30th of February for the 1st of March. */
function isDay(text: string): boolean {
  const day = Number(text.slice(8, 10))
  return day <= 28 || new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)) - 1, day)).getUTCDate() === day
}

/** ISO text in UTC; undefined beyond the range of Date, where toISOString throws. */
export function isoText(ms: number): string | undefined {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : undefined
}
