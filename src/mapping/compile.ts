import type { EventSchema, EventType } from '../core/event.ts'
import type { Hit, Method, Route } from '../core/hit.ts'
import type { Reject, Skip } from '../core/outcome.ts'
import { serialiseHit } from '../tracker/request.ts'
import type { ParamName } from '../tracker/spec.ts'
import { paramSpecs } from '../tracker/spec.ts'
import type { Params, ParamValue } from '../tracker/validate.ts'
import { compileValidator } from '../tracker/validate.ts'
import { buildObject } from './build-object.ts'
import { canonicalMapping } from './canonical.ts'
import type { Reader } from './path.ts'
import { bindPath, parsePath } from './path.ts'
import type { Take } from './sources.ts'
import { bindSource, wantedBy, wantedByEntry } from './sources.ts'
import type { AppChoice, HitSpec, MappingSpec, Source } from './spec.ts'
import { toText } from './text.ts'

export interface MappingOptions {
  /** First match wins. */
  readonly mappings: readonly MappingSpec[]
  readonly apps: readonly { readonly name: string; readonly vkMiniApp: boolean }[]
  readonly unmapped: 'dead-letter' | 'skip'
  readonly invalidParams: 'drop' | 'reject'
  /** UTF-8 bytes of a body; a hit that is larger by itself can never be sent. */
  readonly maxBytes: number
  /** Parameters that broke a rule and were left out. */
  readonly onDropped: (params: readonly string[]) => void
}

/** One record's way from event to hit, compiled for one schema. */
export interface Mapper {
  /** `timestamp` is the Kafka record's, epoch ms: the event's time where the mapping gives none. */
  map(event: unknown, timestamp: number): Hit | Skip | Reject
  /** The event's own fields that it reads, so that no others need be decoded; undefined: any. */
  readonly fields: ReadonlySet<string> | undefined
  /** What the mapping's author should mend, each a sentence. The mapper works all the same, as far as it can. */
  readonly problems: readonly string[]
}

/** Compiles mappings; the caller keeps what it gets, once for each schema and topic. */
export class Mappings {
  readonly #options: MappingOptions
  /** One object for each app and method: batches are told apart by it. */
  readonly #routes = new Map<string, Route>()

  constructor(options: MappingOptions) {
    this.#options = options
  }

  compile(schema: EventSchema, topic: string): Mapper {
    const spec =
      this.#options.mappings.find(
        ({ record, topic: only }) => record === schema.name && (only === undefined || only === topic),
      ) ?? canonicalMapping(schema.name, this.#options.apps)
    if (spec === undefined) return this.#unmapped(schema, topic)
    if ('skip' in spec) return { map: () => SKIPPED, fields: NONE, problems: [] }
    return this.#compile(spec, schema.type)
  }

  #unmapped(schema: EventSchema, topic: string): Mapper {
    if (this.#options.unmapped === 'skip') return { map: () => UNMAPPED, fields: NONE, problems: [] }
    const detail = `no mapping is for record ${schema.name} of topic ${topic}; write one under mappings, with skip: true if it is not wanted`
    const rejected: Reject = { kind: 'reject', reason: 'unmapped', detail }
    return { map: () => rejected, fields: NONE, problems: [] }
  }

  #compile(spec: HitSpec, type: EventType): Mapper {
    const problems: string[] = []
    const routeOf = this.#bindApp(spec.app, spec.method, type)
    const params = bindParams(spec.params, type, problems)
    const { hopelessTime } = params
    if (hopelessTime !== undefined) {
      // Falling back to the record's own time would give every event a wrong one, silently.
      const rejected: Reject = { kind: 'reject', reason: 'mapping-failed', detail: hopelessTime }
      return { map: () => rejected, fields: NONE, problems }
    }
    const { invalidParams, maxBytes, onDropped } = this.#options
    const validators = new Map(
      [true, false].map((vkMiniApp) => [vkMiniApp, compileValidator({ method: spec.method, vkMiniApp, invalidParams })] as const),
    )
    const vkApps = new Set(this.#options.apps.filter((app) => app.vkMiniApp).map(({ name }) => name))
    return {
      problems,
      fields: fieldsOf(spec),
      map: (event, timestamp) => {
        const route = routeOf(event)
        if (route.kind === 'reject') return route
        const validate = validators.get(vkApps.size > 0 && vkApps.has(route.app)) as ReturnType<typeof compileValidator>
        const validation = validate(params.take(event, timestamp))
        if (validation.kind === 'reject') return validation
        if (validation.dropped.length > 0) onDropped(validation.dropped)
        const hit = serialiseHit(route, validation.params)
        return hit.bytes <= maxBytes ? hit : tooLarge(hit.bytes, maxBytes)
      },
    }
  }

  #bindApp(app: AppChoice, method: Method, type: EventType): (event: unknown) => InternedRoute | Reject {
    if (typeof app === 'string') {
      const route = this.#route(app, method)
      return () => route
    }
    const textOf = bindPath(type, parsePath(app.field), (types) => toText(types).convert).read as Take<string>
    const routes = new Map(Object.entries(app.cases).map(([from, name]) => [from, this.#route(name, method)]))
    const fallback = app.default === undefined ? undefined : this.#route(app.default, method)
    const cases = Object.keys(app.cases).join(', ')
    const detail = `app: ${app.field} is none of ${cases}; add a case, or a default`
    const rejected: Reject = { kind: 'reject', reason: 'mapping-failed', detail }
    return (event) => {
      const from = textOf(event)
      return (from === undefined ? undefined : routes.get(from)) ?? fallback ?? rejected
    }
  }

  #route(app: string, method: Method): InternedRoute {
    const name = `${method} ${app}`
    const route = (this.#routes.get(name) as InternedRoute | undefined) ?? { kind: 'route', app, method }
    this.#routes.set(name, route)
    return route
  }
}

/** The first segments of all paths. */
function fieldsOf({ app, params }: HitSpec): ReadonlySet<string> {
  const sources = Object.entries(params).flatMap(([name, source]) =>
    name === 'customEventParams' && typeof source !== 'string' ? Object.values(source) : [source as Source],
  )
  const paths = [...sources, ...(typeof app === 'string' ? [] : [app])].map((source) => pathOf(source))
  return new Set(paths.flatMap((path) => (path === undefined ? [] : parsePath(path).slice(0, 1))))
}

function pathOf(source: Source): string | undefined {
  if (typeof source === 'string') return source
  return 'field' in source ? source.field : undefined
}

/** Told apart from a reject by its kind. */
type InternedRoute = Route & { readonly kind: 'route' }

const NONE: ReadonlySet<string> = new Set()
const SKIPPED: Skip = { kind: 'skip', reason: 'skipped' }
const UNMAPPED: Skip = { kind: 'skip', reason: 'unmapped' }

function tooLarge(bytes: number, maxBytes: number): Reject {
  return {
    kind: 'reject',
    reason: 'too-large',
    detail: `the hit alone has ${bytes} bytes; the tracker takes ${maxBytes}: map fewer or shorter values`,
  }
}

type MutableParams = Record<string, ParamValue | undefined> & { eventTimestamp?: ParamValue }

interface BoundParams {
  readonly take: (event: unknown, timestamp: number) => Params
  /** Why no event's time can ever be taken; undefined: it can. */
  readonly hopelessTime: string | undefined
}

function bindParams(specs: HitSpec['params'], type: EventType, problems: string[]): BoundParams {
  const names: string[] = []
  const takes: Take<ParamValue>[] = []
  let hopelessTime: string | undefined
  for (const [name, source] of Object.entries(specs)) {
    const spec = Object.hasOwn(paramSpecs, name) ? paramSpecs[name as ParamName] : undefined
    if (spec === undefined) {
      problems.push(`params.${name}: is no parameter of the tracker`)
      continue
    }
    if (spec.kind === 'entries') {
      names.push(name)
      takes.push(bindEntries(`params.${name}`, source, type, problems))
      continue
    }
    const bound = bindSource<string | number>(`params.${name}`, source as Source, type, wantedBy(name, spec) as never)
    problems.push(...bound.problems)
    if (name === 'eventTimestamp' && bound.hopeless) hopelessTime = bound.problems.join('; ')
    names.push(name)
    takes.push(bound.take)
  }
  const build = buildObject(names, takes)
  const take = (event: unknown, timestamp: number): Params => {
    const params: MutableParams = build(event)
    // A retried event keeps its time. A record without one (negative) leaves it to the tracker, which takes the time of receipt.
    if (params.eventTimestamp === undefined && timestamp >= 0) params.eventTimestamp = Math.floor(timestamp / 1_000)
    return params
  }
  return { hopelessTime, take }
}

/** `customEventParams`: entry by entry, or a whole map of the event. */
function bindEntries(
  where: string,
  source: HitSpec['params'][string],
  type: EventType,
  problems: string[],
): Take<Readonly<Record<string, string>>> {
  if (typeof source === 'string') return bindMap(where, source, type, problems)
  const names: string[] = []
  const takes: Take<string>[] = []
  for (const [name, entry] of Object.entries(source as Readonly<Record<string, Source>>)) {
    const bound = bindSource(`${where}.${name}`, entry, type, wantedByEntry)
    problems.push(...bound.problems)
    names.push(name)
    takes.push(bound.take)
  }
  return buildObject(names, takes)
}

function bindMap(where: string, path: string, type: EventType, problems: string[]): Take<Readonly<Record<string, string>>> {
  const bound = bindPath(type, parsePath(path), (types) => entriesOf(types.find((each) => each.kind === 'map')))
  const maps = bound.types.filter((each) => each.kind === 'map')
  if (maps.length === 0) problems.push(`${where}: ${path} is no map; name entries one by one`)
  // The values' type may be a union of its own: bound with an empty path, it reads the value itself.
  const values = maps.flatMap((map) => bindPath(map.values, []).types)
  for (const misfit of toText(values).misfits) problems.push(`${where}: a value of ${path} is ${misfit}, which has no text`)
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
