import type { EventType } from '../core/event.ts'
import type { ParamName } from '../tracker/spec.ts'
import { paramSpecs } from '../tracker/spec.ts'
import type { Params, ParamValue } from '../tracker/validate.ts'
import { buildObject } from './build-object.ts'
import type { Reader } from './path.ts'
import { bindPath, parsePath } from './path.ts'
import type { Binding, Take } from './sources.ts'
import { bindSource, wantedBy, wantedByEntry } from './sources.ts'
import type { HitSpec, Source } from './spec.ts'
import { nameOf, toText } from './text.ts'

type MutableParams = Record<string, ParamValue | undefined> & { eventTimestamp?: ParamValue }

export interface BoundParams {
  /** `timestamp` is the Kafka record's, epoch ms. */
  readonly take: (event: unknown, timestamp: number) => Params
  /** Why no event's time can ever be taken; undefined: it can. */
  readonly hopelessTime: string | undefined
}

export function bindParams(binding: Binding, specs: HitSpec['params']): BoundParams {
  const names: string[] = []
  const takes: Take<ParamValue>[] = []
  let hopelessTime: string | undefined
  for (const [name, source] of Object.entries(specs)) {
    const spec = Object.hasOwn(paramSpecs, name) ? paramSpecs[name as ParamName] : undefined
    if (spec === undefined) {
      binding.problems.push(`params.${name}: is no parameter of the tracker`)
      continue
    }
    names.push(name)
    if (spec.kind === 'entries') {
      takes.push(bindEntries(binding, `params.${name}`, source))
      continue
    }
    const problems: string[] = []
    const wanted = wantedBy(name, spec) as never
    const bound = bindSource<string | number>({ ...binding, problems }, `params.${name}`, source as Source, wanted)
    binding.problems.push(...problems)
    if (name === 'eventTimestamp' && bound.state === 'hopeless') hopelessTime = problems.join('; ')
    takes.push(bound.take)
  }
  const build = buildObject(names, takes)
  return { hopelessTime, take: (event, timestamp) => withTime(build(event), timestamp) }
}

/** Gives parameters without a time the record's own; changes them in place. */
export function withTime(params: MutableParams, timestamp: number): Params {
  // A retried event keeps its time. A record without one (negative) leaves it to the tracker, which takes the time of receipt.
  if (params.eventTimestamp === undefined && timestamp >= 0) params.eventTimestamp = Math.floor(timestamp / 1_000)
  return params
}

/** The paths that parameters read. */
export function pathsOfParams(params: HitSpec['params']): string[] {
  return Object.entries(params).flatMap(([name, source]) =>
    name === 'customEventParams' && typeof source !== 'string'
      ? Object.values(source as Readonly<Record<string, Source>>).flatMap(pathsOf)
      : pathsOf(source as Source),
  )
}

function pathsOf(source: Source): string[] {
  if (typeof source === 'string') return [source]
  if ('firstOf' in source) return source.firstOf.flatMap(pathsOf)
  return 'field' in source ? [source.field] : []
}

/** `customEventParams`: entry by entry, or a whole map of the event. */
function bindEntries(binding: Binding, where: string, source: HitSpec['params'][string]): Take<Readonly<Record<string, string>>> {
  if (typeof source === 'string') return bindMap(binding, where, source)
  const entries = Object.entries(source as Readonly<Record<string, Source>>)
  return buildObject(
    entries.map(([name]) => name),
    entries.map(([name, entry]) => bindSource(binding, `${where}.${name}`, entry, wantedByEntry).take),
  )
}

function bindMap({ type, problems }: Binding, where: string, path: string): Take<Readonly<Record<string, string>>> {
  const bound = bindPath(type, parsePath(path), (types) => entriesOf(types.find((each) => each.kind === 'map')))
  const maps = bound.types.filter((each) => each.kind === 'map')
  if (bound.types.length === 0) problems.push(`${where}: the schema has no field ${path}`)
  else if (maps.length === 0) problems.push(`${where}: ${path} is no map; name entries one by one`)
  // The values' type may be a union of its own: bound with an empty path, it reads the value itself.
  const values = maps.flatMap((map) => bindPath(map.values, []).types)
  for (const misfit of toText(values).misfits) {
    problems.push(`${where}: a value of ${path} is ${nameOf(misfit)}, which has no text`)
  }
  return bound.read as Take<Readonly<Record<string, string>>>
}

/** The texts of a map; undefined: the type is none. */
function entriesOf(map: Extract<EventType, { kind: 'map' }> | undefined): Reader {
  if (map === undefined) return () => undefined
  const textOf = bindPath(map.values, [], (types) => toText(types).convert).read as Take<string>
  return (value) => {
    // Another branch of the same union may be a text or a list, which have entries to JavaScript.
    if (typeof value !== 'object' || value === null || Array.isArray(value) || Buffer.isBuffer(value)) return undefined
    const entries: Record<string, string> = Object.create(null)
    for (const [name, each] of Object.entries(value)) {
      const text = each === undefined || each === null ? undefined : textOf(each)
      if (text !== undefined) entries[name] = text
    }
    return entries
  }
}
