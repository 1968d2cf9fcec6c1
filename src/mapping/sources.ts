import type { EventType } from '../core/event.ts'
import type { ParamSpec } from '../tracker/spec.ts'
import type { BoundPath } from './path.ts'
import { bindPath, parsePath } from './path.ts'
import type { FieldSource, Scalar, Source } from './spec.ts'
import type { Converter } from './text.ts'
import { toNumber, toSeconds, toText } from './text.ts'

/** Takes a value out of an event; undefined: there is none. */
export type Take<T> = (event: unknown) => T | undefined

/** What a source becomes under one schema; `problems` are the author's to mend, each a sentence. */
export interface BoundSource<T> {
  readonly take: Take<T>
  readonly problems: readonly string[]
  /** The path is there, but nothing of its type can ever be taken. */
  readonly hopeless: boolean
}

/** What a parameter wants of its source. */
export interface Wanted<T> {
  readonly word: string
  readonly convert: (types: readonly EventType[]) => Converter<T>
  readonly constant: (value: Scalar) => T | undefined
  readonly cure: string
}

const text: Wanted<string> = {
  word: 'a text',
  convert: toText,
  constant: String,
  cure: 'name a place inside it',
}

const number: Wanted<number> = {
  word: 'a number',
  convert: toNumber,
  constant: numberOf,
  cure: 'translate its texts with cases',
}

const seconds: Wanted<number> = {
  word: 'a time',
  convert: toSeconds,
  constant: numberOf,
  cure: 'give the field the logical type timestamp-millis, or send ISO 8601 text with a zone',
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
export function bindSource<T>(where: string, source: Source, type: EventType, wanted: Wanted<T>): BoundSource<T> {
  if (typeof source === 'string') return bindField(where, { field: source }, type, wanted)
  if ('value' in source) return bindConstant(where, source.value, wanted)
  return bindField(where, source, type, wanted)
}

function bindConstant<T>(where: string, value: Scalar, wanted: Wanted<T>): BoundSource<T> {
  const constant = wanted.constant(value)
  if (constant !== undefined) return { take: () => constant, problems: [], hopeless: false }
  return { take: () => undefined, problems: [`${where}: ${JSON.stringify(value)} is not ${wanted.word}`], hopeless: true }
}

function bindField<T>(where: string, source: FieldSource, type: EventType, wanted: Wanted<T>): BoundSource<T> {
  const convert = source.cases === undefined ? wanted.convert : toText
  const path = bindPath(type, parsePath(source.field), (types) => convert(types).convert)
  const fallback = source.default === undefined ? undefined : wanted.constant(source.default)
  if (path.types.length === 0) {
    return { take: () => fallback, problems: [`${where}: the schema has no field ${source.field}`], hopeless: false }
  }
  if (source.cases !== undefined) return bindCases(where, path, { ...source, cases: source.cases }, wanted)
  const { misfits } = wanted.convert(path.types)
  const read = path.read as Take<T>
  const problems = misfits.map((misfit) => `${where}: ${source.field} is ${misfit}, and ${wanted.word} is needed; ${wanted.cure}`)
  return {
    problems,
    hopeless: misfits.length === path.types.length,
    take: (event) => read(event) ?? fallback,
  }
}

function bindCases<T>(
  where: string,
  { read, types }: BoundPath,
  source: FieldSource & { readonly cases: Readonly<Record<string, Scalar>> },
  wanted: Wanted<T>,
): BoundSource<T> {
  const { misfits } = toText(types)
  const textOf = read as Take<string>
  const problems = misfits.map((misfit) => `${where}: ${source.field} is ${misfit}, which has no text that cases could translate`)
  const results = new Map<string, T>()
  for (const [from, to] of Object.entries(source.cases)) {
    const result = wanted.constant(to)
    if (result === undefined) problems.push(`${where}: cases.${from}: ${JSON.stringify(to)} is not ${wanted.word}`)
    else results.set(from, result)
    if (!types.some((type) => type.kind !== 'enum' || type.symbols.includes(from))) {
      problems.push(`${where}: cases.${from}: ${source.field} has no symbol ${from}`)
    }
  }
  const fallback = source.default === undefined ? undefined : wanted.constant(source.default)
  return {
    problems,
    hopeless: misfits.length === types.length,
    take: (event) => {
      const from = textOf(event)
      return (from === undefined ? undefined : results.get(from)) ?? fallback
    },
  }
}
