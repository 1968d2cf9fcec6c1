/** From plain JSON, as a person writes an event, to what avsc encodes. */
import type { Type, types } from 'avsc'
import type { LogicalType } from '../core/event.ts'
import { decimalBytes, unscaled } from './written-decimal.ts'
import { daysOf, instantOf, timeOfDay } from './written-time.ts'

/** The event does not fit its schema; the message names the place. */
class UnfitEvent extends Error {
  override readonly name = 'UnfitEvent'
  readonly path: readonly (string | number)[]

  constructor(path: readonly (string | number)[], message: string) {
    super(`${path.length === 0 ? 'the event' : path.join('.')}: ${message}`)
    this.path = path
  }
}

export interface Encodable {
  readonly value: unknown
  /** Some number is beyond 2^53 and stands as bigint. */
  readonly isLarge: boolean
}

type Path = readonly (string | number)[]
type Container = Readonly<Record<string, unknown>>

interface Context {
  readonly logicalOf: (type: Type) => LogicalType | undefined
  isLarge: boolean
}

/** Throws an `UnfitEvent`. */
export function encodable(type: Type, json: unknown, logicalOf: Context['logicalOf']): Encodable {
  const context: Context = { logicalOf, isLarge: false }
  const value = convert(type, json, [], context)
  return { value, isLarge: context.isLarge }
}

function convert(type: Type, json: unknown, path: Path, context: Context): unknown {
  switch (type.typeName) {
    case 'record':
    case 'error':
      return recordOf(type as types.RecordType, json, path, context)
    case 'map': {
      const { valuesType } = type as types.MapType
      const entries = Object.entries(containerOf(json, path, 'a map'))
      return Object.fromEntries(entries.map(([key, each]) => [key, convert(valuesType, each, [...path, key], context)]))
    }
    case 'array': {
      const { itemsType } = type as types.ArrayType
      if (!Array.isArray(json)) throw unfit(path, 'a list', json)
      return json.map((each, place) => convert(itemsType, each, [...path, place], context))
    }
    case 'union:wrapped':
    case 'union:unwrapped':
      return branchOf(type as types.UnwrappedUnionType, json, path, context)
    case 'enum': {
      const { symbols } = type as types.EnumType
      if (typeof json === 'string' && symbols.includes(json)) return json
      throw unfit(path, `one of ${symbols.join(', ')}`, json)
    }
    default:
      return scalarOf(type, json, path, context)
  }
}

function recordOf(type: types.RecordType, json: unknown, path: Path, context: Context): unknown {
  const given = containerOf(json, path, `a record ${type.name}`)
  const names = type.fields.map(({ name }) => name)
  const stray = Object.keys(given).find((name) => !names.includes(name))
  if (stray !== undefined) {
    throw new UnfitEvent([...path, stray], `${type.name} has no such field; it has ${names.join(', ')}`)
  }
  const entries = type.fields.flatMap((field): [string, unknown][] => {
    const each = Object.hasOwn(given, field.name) ? given[field.name] : undefined
    if (each !== undefined) return [[field.name, convert(field.type, each, [...path, field.name], context)]]
    if (field.defaultValue() !== undefined) return []
    throw new UnfitEvent([...path, field.name], 'is missing, and the schema gives it no default')
  })
  return Object.fromEntries(entries)
}

/** Bare, by the first branch that it fits, the likeliest first; or as `{ branch: value }`, where somebody wants to be sure. */
function branchOf(type: types.UnwrappedUnionType, json: unknown, path: Path, context: Context): unknown {
  const named = (branch: Type, value: unknown): unknown =>
    type.typeName !== 'union:wrapped' || branch.typeName === 'null' ? value : { [branch.branchName ?? '']: value }
  const faults: UnfitEvent[] = []
  for (const branch of type.types.toSorted((a, b) => rank(a, json) - rank(b, json))) {
    try {
      return named(branch, convert(branch, json, path, context))
    } catch (error) {
      if (!(error instanceof UnfitEvent)) throw error
      faults.push(error)
    }
  }
  const [[name, inner] = ['', undefined], ...others] = isContainer(json) ? Object.entries(json) : []
  const wanted = others.length === 0 ? type.types.find((each) => each.branchName === name) : undefined
  if (wanted !== undefined) return named(wanted, convert(wanted, inner, path, context))
  // What went wrong inside of a branch tells more than that no branch fits.
  const deepest = faults.find((fault) => fault.path.length > path.length)
  if (deepest !== undefined) throw deepest
  throw unfit(path, `one of ${type.types.map((each) => each.branchName ?? 'null').join(', ')}`, json)
}

/** Which branch a value was likelier meant for: lower is likelier. */
function rank({ typeName }: Type, json: unknown): number {
  if (typeof json === 'string') return ['enum', 'string'].includes(typeName) ? 0 : ['bytes', 'fixed'].includes(typeName) ? 2 : 1
  return ['int', 'record'].includes(typeName) ? 0 : ['float', 'string', 'bytes', 'map'].includes(typeName) ? 2 : 1
}

function scalarOf(type: Type, json: unknown, path: Path, context: Context): unknown {
  const logical = context.logicalOf(type)
  switch (type.typeName) {
    case 'null':
      if (json === null) return null
      throw unfit(path, 'null', json)
    case 'boolean':
      if (typeof json === 'boolean') return json
      throw unfit(path, 'true or false', json)
    case 'string':
      if (typeof json === 'string') return json
      throw unfit(path, 'a text', json)
    case 'float':
    case 'double':
      if (typeof json === 'number') return json
      throw unfit(path, 'a number', json)
    case 'int': {
      const number = wholeOf(json, logical, path)
      if (number >= -2_147_483_648n && number <= 2_147_483_647n) return Number(number)
      throw unfit(path, 'a whole number of 32 bits', json)
    }
    case 'long': {
      const number = wholeOf(json, logical, path)
      if (BigInt.asIntN(64, number) !== number) throw unfit(path, 'a whole number of 64 bits', json)
      if (Number.isSafeInteger(Number(number))) return Number(number)
      context.isLarge = true
      return number
    }
    default:
      return bytesOf(type, json, logical, path)
  }
}

/** A whole number: as it is, as its digits, or as ISO text where it is a time. */
function wholeOf(json: unknown, logical: LogicalType | undefined, path: Path): bigint {
  if (typeof json === 'bigint') return json
  if (typeof json === 'number') {
    if (Number.isSafeInteger(json)) return BigInt(json)
    throw new UnfitEvent(path, Number.isInteger(json) ? 'has too many digits for a number; put them in quotes' : 'is not whole')
  }
  const text = typeof json === 'string' ? json : undefined
  if (text !== undefined && /^-?\d{1,19}$/.test(text)) return BigInt(text)
  const [, local, unit] = /^(local-)?timestamp-(millis|micros|nanos)$/.exec(logical?.name ?? '') ?? []
  const perSecond = { millis: 1_000n, micros: 1_000_000n, nanos: 1_000_000_000n }[unit ?? '']
  let found: bigint | undefined
  let wanted = 'a whole number'
  if (perSecond !== undefined) {
    wanted = local === undefined ? 'a number or a time like 2026-01-31T12:00:00Z' : 'a number or a time like 2026-01-31T12:00:00'
    found = instantOf(text, { perSecond, isLocal: local !== undefined })
  } else if (logical?.name === 'date') {
    wanted = 'a number of days or a date like 2026-01-31'
    found = daysOf(text)
  } else if (logical?.name === 'time-millis' || logical?.name === 'time-micros') {
    wanted = 'a number or a time of day like 12:30:00'
    found = timeOfDay(text, logical.name === 'time-millis' ? 1_000n : 1_000_000n)
  }
  if (found === undefined) throw unfit(path, wanted, json)
  return found
}

/** Decimals as numbers or their text; other bytes as text, or in hex behind `0x`. */
function bytesOf(type: Type, json: unknown, logical: LogicalType | undefined, path: Path): Buffer {
  const size = type.typeName === 'fixed' ? (type as types.FixedType).size : undefined
  const text = typeof json === 'string' ? json : undefined
  if (logical?.name === 'decimal' && (typeof json === 'number' || text?.startsWith('0x') === false)) {
    const number = unscaled(String(json), logical.scale)
    const bytes = number === undefined ? undefined : decimalBytes(number, size)
    if (bytes !== undefined) return bytes
    throw unfit(path, `a number with at most ${logical.scale} digits behind the point, as 12.34 or "12.34"`, json)
  }
  if (text === undefined) throw unfit(path, 'a text, or bytes as "0x00ff"', json)
  const hex = /^0x((?:[\da-f]{2})*)$/i.exec(text)?.[1] ?? (logical?.name === 'uuid' ? text.replaceAll('-', '') : undefined)
  const bytes = hex === undefined ? Buffer.from(text, 'utf8') : Buffer.from(hex, 'hex')
  if (size !== undefined && bytes.length !== size) throw unfit(path, `${size} bytes, as text or "0x00ff"`, json)
  return bytes
}

function containerOf(json: unknown, path: Path, wanted: string): Container {
  if (isContainer(json)) return json
  throw unfit(path, wanted, json)
}

function isContainer(json: unknown): json is Container {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** Names the kind of what was found and never the value: it may be a stored one. */
function unfit(path: Path, wanted: string, json: unknown): UnfitEvent {
  const kind = json === null ? 'null' : Array.isArray(json) ? 'a list' : KINDS[typeof json]
  return new UnfitEvent(path, `must be ${wanted}, is ${kind ?? typeof json}`)
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
}
