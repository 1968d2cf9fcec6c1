import type { EventType } from '../core/event.ts'
import type { ParamSpec } from '../tracker/spec.ts'
import type { BoundPath } from './path.ts'
import { bindPath, parsePath } from './path.ts'
import type { FieldSource, Scalar, SingleSource, Source } from './spec.ts'
import type { Converter } from './text.ts'
import { canBe, nameOf, toNumber, toSeconds, toText } from './text.ts'
import type { Reading } from './time.ts'
import { clockOf, isBare } from './time.ts'
import type { Zones } from './zone.ts'

/** Takes a value out of an event; undefined: there is none. */
export type Take<T> = (event: unknown) => T | undefined

/** What a mapping is bound to. */
export interface Binding {
  readonly type: EventType
  readonly zones: Zones
  /** The author's to mend, each a sentence; added to while binding. */
  readonly problems: string[]
}

/** What a source becomes under one schema. */
export interface BoundSource<T> {
  readonly take: Take<T>
  /** `missing`: the schema has no such path; `hopeless`: it has, but nothing of its type can ever be taken. */
  readonly state: 'fits' | 'missing' | 'hopeless'
}

/** What a parameter wants of its source. */
export interface Wanted<T> {
  readonly word: string
  readonly convert: (types: readonly EventType[], reading: Reading) => Converter<T>
  readonly constant: (value: Scalar) => T | undefined
  /** What to write instead of a field of this type. */
  readonly cure: (type: EventType, field: string) => string
  /** Whether a unit or a zone makes a difference to a value of this type. */
  readonly uses: (key: 'unit' | 'zone', type: EventType) => boolean
}

const text: Wanted<string> = {
  word: 'a text',
  convert: toText,
  constant: String,
  cure: () => 'name a place inside it',
  uses: (key, type) => (key === 'unit' ? isBare(type) : isLocal(type)),
}

const number: Wanted<number> = {
  word: 'a number',
  convert: toNumber,
  constant: numberOf,
  cure: () => 'translate its texts with cases',
  uses: () => false,
}

const seconds: Wanted<number> = {
  word: 'a time',
  convert: toSeconds,
  constant: numberOf,
  cure: (type, field) => {
    if (isBare(type))
      return `write { field: ${field}, unit: ms }, or unit: s or us, or give the field the logical type timestamp-millis`
    if (isLocal(type)) return `write { field: ${field}, zone: Europe/Berlin }, with the zone whose clocks it was read from`
    return 'give the field the logical type timestamp-millis, or send ISO 8601 text with a zone'
  },
  uses: (key, type) => (key === 'unit' ? isBare(type) : isLocal(type) || type.kind === 'string'),
}

function isLocal(type: EventType): boolean {
  return clockOf(type, {})?.isLocal === true
}

function numberOf(value: Scalar): number | undefined {
  const found = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value)
  return Number.isNaN(found) ? undefined : found
}

/** What the parameter wants; `entries` are texts, one by one. */
export function wantedBy(name: string, spec: ParamSpec): Wanted<string> | Wanted<number> {
  if (name === 'eventTimestamp') return seconds
  return spec.kind === 'number' ? number : text
}

export const wantedByEntry = text

/** Binds a source to a schema. `where` names it in problems. */
export function bindSource<T>(binding: Binding, where: string, source: Source, wanted: Wanted<T>): BoundSource<T> {
  if (typeof source === 'string') return bindField(binding, where, { field: source }, wanted)
  if ('value' in source) return bindConstant(binding, where, source.value, wanted)
  if ('firstOf' in source) return bindFirst(binding, where, source.firstOf, wanted)
  return bindField(binding, where, source, wanted)
}

function bindFirst<T>(binding: Binding, where: string, sources: readonly SingleSource[], wanted: Wanted<T>): BoundSource<T> {
  const bound = sources.map((source, place) => {
    const problems: string[] = []
    return { ...bindSource({ ...binding, problems }, `${where}.firstOf[${place}]`, source, wanted), problems }
  })
  // This is how two versions of a schema are read by one mapping: a path that one of them lacks is no mistake while another is there.
  const present = bound.filter(({ state }) => state !== 'missing')
  for (const { problems } of present.length > 0 ? present : bound) binding.problems.push(...problems)
  const [only] = present
  const state = present.find((each) => each.state === 'fits')?.state ?? only?.state ?? 'missing'
  // A missing path may have a default.
  const takes = bound.map(({ take }) => take)
  return {
    state,
    take: (event) => {
      for (const take of takes) {
        const value = take(event)
        if (value !== undefined && value !== '') return value
      }
      return undefined
    },
  }
}

function bindConstant<T>({ problems }: Binding, where: string, value: Scalar, wanted: Wanted<T>): BoundSource<T> {
  const constant = wanted.constant(value)
  if (constant !== undefined) return { take: () => constant, state: 'fits' }
  problems.push(`${where}: ${JSON.stringify(value)} is not ${wanted.word}`)
  return { take: () => undefined, state: 'hopeless' }
}

function bindField<T>(binding: Binding, where: string, source: FieldSource, wanted: Wanted<T>): BoundSource<T> {
  const { field, cases, default: standIn } = source
  const { problems } = binding
  const reading = readingOf(source, binding.zones)
  const path = bindPath(
    binding.type,
    parsePath(field),
    (types) => (cases === undefined ? wanted.convert : toText)(types, reading).convert,
  )
  const fallback = standIn === undefined ? undefined : wanted.constant(standIn)
  if (standIn !== undefined && fallback === undefined) {
    problems.push(`${where}: default: ${JSON.stringify(standIn)} is not ${wanted.word}`)
  }
  if (path.types.length === 0) {
    problems.push(`${where}: the schema has no field ${field}`)
    return { take: () => fallback, state: 'missing' }
  }
  problems.push(...idleKeys(source, path, wanted).map((problem) => `${where}: ${problem}`))
  if (cases !== undefined) return bindCases(binding, where, path, { ...source, cases }, wanted)
  const { misfits } = wanted.convert(path.types, reading)
  for (const type of misfits) {
    problems.push(`${where}: ${field} is ${nameOf(type)}, and ${wanted.word} is needed; ${wanted.cure(type, field)}`)
  }
  const read = path.read as Take<T>
  return {
    state: misfits.length === path.types.length ? 'hopeless' : 'fits',
    take: fallback === undefined ? read : (event) => read(event) ?? fallback,
  }
}

function readingOf({ unit, zone }: FieldSource, zones: Zones): Reading {
  return { ...(unit === undefined ? {} : { unit }), ...(zone === undefined ? {} : { zone: zones.get(zone) }) }
}

/** A unit or a zone that makes no difference is counted on by whoever wrote it. */
function idleKeys<T>(source: FieldSource, { types }: BoundPath, wanted: Wanted<T>): string[] {
  return (['unit', 'zone'] as const).flatMap((key) => {
    if (source[key] === undefined || types.some((type) => wanted.uses(key, type))) return []
    const names = [...new Set(types.map(nameOf))].join(' or ')
    return [`${source.field} is ${names}, where ${wanted.word} is needed, and ${key} changes nothing; remove ${key}`]
  })
}

function bindCases<T>(
  { problems }: Binding,
  where: string,
  { read, types }: BoundPath,
  source: FieldSource & { readonly cases: Readonly<Record<string, Scalar>> },
  wanted: Wanted<T>,
): BoundSource<T> {
  const { misfits } = toText(types)
  const textOf = read as Take<string>
  for (const type of misfits) {
    problems.push(`${where}: ${source.field} is ${nameOf(type)}, which has no text that cases could translate`)
  }
  const results = new Map<string, T>()
  for (const [from, to] of Object.entries(source.cases)) {
    const result = wanted.constant(to)
    if (result === undefined) problems.push(`${where}: cases.${from}: ${JSON.stringify(to)} is not ${wanted.word}`)
    else results.set(from, result)
    const never = whyNever(types, source.field, from)
    if (never !== undefined) problems.push(`${where}: cases.${from}: ${never}`)
  }
  const fallback = source.default === undefined ? undefined : wanted.constant(source.default)
  return {
    state: misfits.length === types.length ? 'hopeless' : 'fits',
    take: (event) => {
      const from = textOf(event)
      return (from === undefined ? undefined : results.get(from)) ?? fallback
    },
  }
}

/** Why no value of a field has this text; undefined: one can have it. */
export function whyNever(types: readonly EventType[], field: string, wanted: string): string | undefined {
  const readable = types.filter((type) => toText([type]).misfits.length === 0)
  if (readable.length === 0 || readable.some((type) => canBe(type, wanted))) return undefined
  if (readable.every(({ kind }) => kind === 'enum')) return `${field} has no symbol ${wanted}`
  const names = [...new Set(readable.map(nameOf))].join(' or ')
  return `${field} is ${names} and never has the text ${JSON.stringify(wanted)}${hint(readable)}`
}

function hint(types: readonly EventType[]): string {
  const [decimal] = types.flatMap((type) => ('logical' in type && type.logical?.name === 'decimal' ? [type.logical] : []))
  return decimal === undefined ? '' : `; its texts have ${decimal.scale} digits behind the point, written in quotes`
}
