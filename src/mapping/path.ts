import type { EventType } from '../core/event.ts'

/** The segments of a path like `a.b.c`, `a."dotted.key"` or `a.0`. */
export function parsePath(path: string): string[] {
  const segments = path.match(/"[^"]+"|[^."]+/g) ?? []
  return segments.map((segment) => (segment.startsWith('"') ? segment.slice(1, -1) : segment))
}

/** Reads a value of the event; undefined where there is none. */
export type Reader = (value: unknown) => unknown

/** What becomes of a value that is neither null nor absent, made for the types that it can have at that place. */
export type Leaf = (types: readonly EventType[]) => Reader

/** A path bound to a schema: how to read it, and what types its values can have. */
export interface BoundPath {
  readonly read: Reader
  /** Without unions and null. Empty: the schema has no such path. */
  readonly types: readonly EventType[]
}

/**
 * Binds a path to a schema. A union of records is gone through without naming its branch: each branch that has the path gives its
 * value. A path that the schema lacks reads nothing: an older version of a schema need not have every field. `leaf` converts where the
 * path ends, since only there it is known which branch a value came from: two may hold the time in different units.
 */
export function bindPath(type: EventType, segments: readonly string[], leaf: Leaf = asItIs): BoundPath {
  if (type.kind === 'union') return bindUnion(type, segments, leaf)
  const [segment, ...rest] = segments
  if (segment === undefined) return type.kind === 'null' ? NOTHING : { read: leaf([type]), types: [type] }
  const next = childOf(type, segment)
  if (next === undefined) return NOTHING
  const { read, types } = bindPath(next, rest, leaf)
  // What an event inherits is not in it: a map has no key `constructor` unless it was sent.
  if (type.kind === 'map') return { read: (value) => readFrom(own(value as Container, segment), read), types }
  // The event is trusted to have the schema's shape; only maps and arrays may lack the place.
  return { read: (value) => readFrom((value as Container)[segment], read), types }
}

const asItIs: Leaf = () => (value) => value

function own(value: Container, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined
}

type Container = Readonly<Record<string, unknown>>

const NOTHING: BoundPath = { read: () => undefined, types: [] }

function readFrom(value: unknown, read: Reader): unknown {
  return value === undefined || value === null ? undefined : read(value)
}

function childOf(type: EventType, segment: string): EventType | undefined {
  switch (type.kind) {
    case 'record':
      return type.fields.get(segment)
    case 'map':
      return type.values
    case 'array':
      return /^\d+$/.test(segment) ? type.items : undefined
    default:
      return undefined
  }
}

function bindUnion(type: Extract<EventType, { kind: 'union' }>, segments: readonly string[], leaf: Leaf): BoundPath {
  const bound = new Map([...type.branches].map(([name, branch]) => [name, bindPath(branch, segments, leaf)]))
  const types = [...bound.values()].flatMap((branch) => branch.types)
  if (types.length === 0) return NOTHING
  if (type.wrapped) {
    return {
      types,
      read: (value) => {
        if (value === null || value === undefined) return undefined
        const [branch] = Object.keys(value)
        return branch === undefined ? undefined : readFrom((value as Container)[branch], bound.get(branch)?.read ?? NOTHING.read)
      },
    }
  }
  if (segments.length === 0) {
    const read = leaf(types)
    return { types, read: (value) => readFrom(value, read) }
  }
  // Bare values of different branches differ in their JavaScript type; at most one of the branches has places inside.
  const [only] = [...bound.values()].filter((branch) => branch.types.length > 0)
  const read = only?.read ?? NOTHING.read
  return { types, read: (value) => (typeof value === 'object' ? readFrom(value, read) : undefined) }
}
