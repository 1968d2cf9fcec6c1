import type { EventType } from '../core/event.ts'

/** The segments of a path like `a.b.c`, `a."dotted.key"` or `a.0`. */
export function parsePath(path: string): string[] {
  const segments = path.match(/"[^"]+"|[^."]+/g) ?? []
  return segments.map((segment) => (segment.startsWith('"') ? segment.slice(1, -1) : segment))
}

/** Reads a value of the event; undefined where there is none. */
export type Reader = (value: unknown) => unknown

/** A path bound to a schema: how to read it, and what types its values can have. */
export interface BoundPath {
  readonly read: Reader
  /** Without unions and null. Empty: the schema has no such path. */
  readonly types: readonly EventType[]
}

/**
 * Binds a path to a schema. A union of records is gone through without naming its branch: each branch that has the path gives its
 * value. A path that the schema lacks reads nothing: an older version of a schema need not have every field.
 */
export function bindPath(type: EventType, segments: readonly string[]): BoundPath {
  if (type.kind === 'union') return bindUnion(type, segments)
  const [segment, ...rest] = segments
  if (segment === undefined) return type.kind === 'null' ? NOTHING : { read: (value) => value, types: [type] }
  const next = childOf(type, segment)
  if (next === undefined) return NOTHING
  const { read, types } = bindPath(next, rest)
  // The event is trusted to have the schema's shape; only maps and arrays may lack the place.
  if (rest.length === 0 && next.kind !== 'union') return { read: (value) => (value as Container)[segment], types }
  return { read: (value) => readFrom((value as Container)[segment], read), types }
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

function bindUnion(type: Extract<EventType, { kind: 'union' }>, segments: readonly string[]): BoundPath {
  const bound = new Map([...type.branches].map(([name, branch]) => [name, bindPath(branch, segments)]))
  const types = [...bound.values()].flatMap((branch) => branch.types)
  if (types.length === 0) return NOTHING
  if (type.wrapped) {
    return {
      types,
      read: (value) => {
        if (value === null || value === undefined) return undefined
        const [branch] = Object.keys(value)
        return branch === undefined ? undefined : bound.get(branch)?.read((value as Container)[branch])
      },
    }
  }
  const living = [...bound.values()].filter((branch) => branch.types.length > 0)
  if (living.length === 1 && segments.length === 0) return { types, read: (value) => value ?? undefined }
  // Bare values of different branches differ in their JavaScript type; at most one of the branches has places inside.
  const [only] = living
  return {
    types,
    read: (value) => (segments.length > 0 && typeof value !== 'object' ? undefined : readFrom(value, only?.read ?? NOTHING.read)),
  }
}
