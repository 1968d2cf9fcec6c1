import type { EventSchema } from '../core/event.ts'
import type { Hit, Method } from '../core/hit.ts'
import type { Reject, Skip } from '../core/outcome.ts'
import type { Origin, SourceRecord } from '../core/record.ts'
import { bindApp, Routes } from './app.ts'
import { bindModule } from './bind-module.ts'
import { canonicalMapping } from './canonical.ts'
import type { Test } from './condition.ts'
import { bindWhen, pathsOfWhen } from './condition.ts'
import type { Finish, FinishOptions } from './finish.ts'
import { compileFinish } from './finish.ts'
import type { ModuleMap } from './module.ts'
import { bindParams, pathsOfParams } from './params.ts'
import { parsePath } from './path.ts'
import type { Binding } from './sources.ts'
import type { HitSpec, MappingSpec, ModuleSpec } from './spec.ts'
import { Zones } from './zone.ts'

export interface MappingOptions extends FinishOptions {
  /** First match wins. */
  readonly mappings: readonly MappingSpec[]
  /** The functions of those mappings that are modules, by the path that stands in the mapping. */
  readonly modules: ReadonlyMap<string, ModuleMap>
  readonly unmapped: 'dead-letter' | 'skip'
}

/** One record's way from event to hit, compiled for one schema. */
export interface Mapper {
  /** `origin` is where the record first stood; its timestamp is the event's time where the mapping gives none. */
  map(event: unknown, origin: Origin, record: SourceRecord): Hit | Skip | Reject
  /** The event's own fields that it reads, so that no others need be decoded; undefined: any. */
  readonly fields: ReadonlySet<string> | undefined
  /** What the mapping's author should mend, each a sentence. The mapper works all the same, as far as it can. */
  readonly problems: readonly string[]
}

/** Compiles mappings; the caller keeps what it gets, once for each schema and topic. */
export class Mappings {
  readonly #options: MappingOptions
  readonly #routes = new Routes()
  readonly #zones = new Zones()
  readonly #finishes = new Map<Method, Finish>()

  constructor(options: MappingOptions) {
    this.#options = options
  }

  compile(schema: EventSchema, topic: string): Mapper {
    const candidates = this.#candidates(schema.name, topic)
    if (candidates.length === 0) return this.#unmapped(schema, topic)
    const bound = candidates.map(({ spec, place }) => {
      const problems: string[] = []
      const binding: Binding = { type: schema.type, zones: this.#zones, problems }
      const candidate = { ...this.#bind(spec, schema, binding), holds: bindWhen(binding, spec.when) }
      // Where several mappings are for one record, a problem says whose it is.
      const named = candidates.length === 1 ? problems : problems.map((problem) => `mappings[${place}].${problem}`)
      return { ...candidate, problems: named, fields: fieldsOf(spec) }
    })
    return chain(bound)
  }

  /** The mappings that may be for a record, up to the first that is for all of its name; one without conditions ends the search. */
  #candidates(record: string, topic: string): { readonly spec: MappingSpec; readonly place: number }[] {
    const found: { readonly spec: MappingSpec; readonly place: number }[] = []
    for (const [place, spec] of this.#options.mappings.entries()) {
      if (spec.record !== record || (spec.topic !== undefined && spec.topic !== topic)) continue
      found.push({ spec, place })
      if (spec.when === undefined) return found
    }
    if (found.length > 0) return found
    const canonical = canonicalMapping(record, this.#options.apps)
    return canonical === undefined ? [] : [{ spec: canonical, place: -1 }]
  }

  #unmapped(schema: EventSchema, topic: string): Mapper {
    if (this.#options.unmapped === 'skip') return { map: () => UNMAPPED, fields: NONE, problems: [] }
    const detail = `no mapping is for record ${schema.name} of topic ${topic}; write one under mappings, with skip: true if it is not wanted`
    const rejected: Reject = { kind: 'reject', reason: 'unmapped', detail }
    return { map: () => rejected, fields: NONE, problems: [] }
  }

  #bind(spec: MappingSpec, schema: EventSchema, binding: Binding): Pick<Mapper, 'map'> {
    if ('skip' in spec) return { map: () => SKIPPED }
    return 'module' in spec ? { map: this.#bindModule(spec, schema) } : { map: this.#bindHit(spec, binding) }
  }

  #bindHit(spec: HitSpec, binding: Binding): Mapper['map'] {
    const routeOf = bindApp(binding, spec.app, (app) => this.#routes.get(app, spec.method))
    const { take, hopelessTime } = bindParams(binding, spec.params)
    if (hopelessTime !== undefined) {
      // Falling back to the record's own time would give every event a wrong one, silently.
      const rejected: Reject = { kind: 'reject', reason: 'mapping-failed', detail: hopelessTime }
      return () => rejected
    }
    const finish = compileFinish(spec.method, this.#options)
    return (event, { timestamp }) => {
      const route = routeOf(event)
      return route.kind === 'reject' ? route : finish(route, take(event, timestamp))
    }
  }

  #bindModule({ module: path }: ModuleSpec, schema: EventSchema): Mapper['map'] {
    const { modules, apps } = this.#options
    const map = modules.get(path)
    if (map === undefined) throw new Error(`bug: module ${path} was not loaded before its mapping was compiled`)
    return bindModule(schema, {
      ...{ map, path, apps },
      routeTo: (app, method) => this.#routes.get(app, method),
      finish: (method) => this.#finish(method),
    })
  }

  #finish(method: Method): Finish {
    const finish = this.#finishes.get(method) ?? compileFinish(method, this.#options)
    this.#finishes.set(method, finish)
    return finish
  }
}

interface Candidate extends Mapper {
  readonly holds: Test | undefined
}

/** One mapping after the other, until one is for the event. */
function chain(candidates: readonly Candidate[]): Mapper {
  const fields = candidates.map((each) => each.fields)
  const problems = candidates.flatMap((each) => each.problems)
  const all = fields.includes(undefined) ? undefined : new Set(fields.flatMap((each) => [...(each ?? [])]))
  // Composed from the last: no loop and no list for an event to go through.
  const map = candidates.reduceRight<Mapper['map']>(
    (otherwise, { holds, map: mine }) =>
      holds === undefined
        ? mine
        : (event, origin, record) => (holds(event) ? mine(event, origin, record) : otherwise(event, origin, record)),
    () => FILTERED,
  )
  return { map, problems, fields: all }
}

/** The first segments of all paths. A module may look at anything. */
function fieldsOf(spec: MappingSpec): ReadonlySet<string> | undefined {
  if ('module' in spec) return undefined
  const paths = pathsOfWhen(spec.when)
  if ('params' in spec) {
    paths.push(...pathsOfParams(spec.params))
    if (typeof spec.app !== 'string') paths.push(spec.app.field)
  }
  return new Set(paths.flatMap((path) => parsePath(path).slice(0, 1)))
}

const NONE: ReadonlySet<string> = new Set()
const SKIPPED: Skip = { kind: 'skip', reason: 'skipped' }
const UNMAPPED: Skip = { kind: 'skip', reason: 'unmapped' }
const FILTERED: Skip = { kind: 'skip', reason: 'filtered' }
