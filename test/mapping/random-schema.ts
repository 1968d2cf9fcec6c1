import type { Schema, Type, types } from 'avsc'
import avro from 'avsc'
import fc from 'fast-check'
import { logical, record } from './preparing.ts'

const decimal = logical('bytes', 'decimal', { precision: 9, scale: 2 })
const colour = { type: 'enum', name: 'shop.Colour', symbols: ['RED', 'GREEN', 'BLUE'] }
const raw = { type: 'fixed', name: 'shop.Raw', size: 2 }
const total = logical('fixed', 'decimal', { name: 'shop.Total', size: 5, precision: 9, scale: 3 })
const node = record({ name: 'string', next: ['null', 'shop.Node'] }, 'shop.Node')
const longs = [
  'timestamp-millis',
  'timestamp-micros',
  'timestamp-nanos',
  'local-timestamp-millis',
  'local-timestamp-micros',
  'of-ours',
]

const leaf = fc.constantFrom<unknown>(
  ...['string', 'int', 'long', 'float', 'double', 'boolean', 'bytes', 'shop.Node'],
  ...longs.map((name) => logical('long', name)),
  ...[logical('int', 'date'), logical('int', 'time-millis'), logical('string', 'uuid'), decimal, colour, raw, total],
)

/** All of Avro's types, nested, in unions, annotated, and named more than once. */
const anyType = fc.letrec<{ any: unknown }>((tie) => {
  const fields = fc.dictionary(fc.constantFrom('a', 'b', 'at', 'constructor'), tie('any'), { minKeys: 1, maxKeys: 3 })
  const records = fc
    .tuple(fields, fc.constantFrom('shop.A', 'shop.B', 'shop.C'))
    .map(([some, name]): unknown => record(some, name))
  const array = tie('any').map((items): unknown => ({ type: 'array', items }))
  const map = tie('any').map((values): unknown => ({ type: 'map', values }))
  const time = fc.constantFrom(...longs).map((name) => logical('long', name))
  const branches = fc.tuple(
    ...['null', 'boolean', 'string', 'double', 'int', decimal, colour].map((type) => fc.option(fc.constant<unknown>(type))),
    ...[time, array, map, records].map((type: fc.Arbitrary<unknown>) => fc.option(type, { freq: 1 })),
  )
  const union = branches.map((some) => some.filter((branch) => branch !== null)).filter((some) => some.length > 0)
  return { any: fc.oneof({ maxDepth: 3 }, leaf, union, records, array, map) }
}).any

/** Schemas of a record `shop.Order`. */
export const schemas: fc.Arbitrary<Schema> = fc
  .dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'at'), anyType, { minKeys: 2, maxKeys: 6 })
  .map((fields) => named(record({ node, ...fields }), new Set()) as Schema)

/** A name may be defined but once: where it comes again it is written as a name, but for inside of itself, which would have no end. */
function named(schema: unknown, seen: Set<unknown>, open: ReadonlySet<unknown> = new Set()): unknown {
  // A set, since a union has no two texts.
  if (Array.isArray(schema)) return [...new Set(schema.map((branch) => named(branch, seen, open)))]
  if (typeof schema !== 'object' || schema === null) return schema
  const { name } = schema as { name?: unknown }
  const isNamed = name !== undefined && !isField(schema)
  if (isNamed && open.has(name)) return 'string'
  if (isNamed && seen.has(name)) return name
  if (isNamed) seen.add(name)
  const within = isNamed ? new Set([...open, name]) : open
  const parts = Object.entries(schema).map(([key, part]) => [
    key,
    ['fields', 'type', 'items', 'values'].includes(key) ? named(part, seen, within) : part,
  ])
  return Object.fromEntries(parts)
}

/** Of a record: what has a name without a namespace. */
const isField = ({ name }: { name?: unknown }): boolean => !String(name).includes('.')

/** Values of a schema, as avsc takes them. */
export function valuesOf(schema: Schema): fc.Arbitrary<unknown> {
  return arbitraryOf(avro.Type.forSchema(schema), 0)
}

/** Paths to whatever is in a schema, and some that lead nowhere. */
export function pathsOf(schema: Schema): string[] {
  return [...new Set([...walk(avro.Type.forSchema(schema), 0), 'gone', 'node.length', 'node.constructor', 'a.0', 'b.x'])]
}

function walk(type: Type, depth: number): string[] {
  if (depth > 4) return []
  const below = (name: string, inner: Type): string[] => [name, ...walk(inner, depth + 1).map((path) => `${name}.${path}`)]
  switch (type.typeName) {
    case 'record':
      return (type as types.RecordType).fields.flatMap((field) => below(field.name, field.type))
    case 'map':
      return ['k', '"x.y"', '__proto__'].flatMap((key) => below(key, (type as types.MapType).valuesType))
    case 'array':
      return ['0', '1'].flatMap((place) => below(place, (type as types.ArrayType).itemsType))
    case 'union:wrapped':
    case 'union:unwrapped':
      return (type as types.UnwrappedUnionType).types.flatMap((branch) => walk(branch, depth))
    default:
      return []
  }
}

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('', '10.0.0.1', '2024-02-29T12:00:00Z', '2024-03-31T02:30:00', '2024-02-30T00:00', 'x'.repeat(2_000), 'PAID'),
)
const wide = fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 })
const long = fc.oneof(wide, fc.integer({ min: 1_500_000_000_000, max: 1_800_000_000_000 }), fc.constantFrom(0, -1, 1_600_000_000))
const keys = fc.oneof(fc.constantFrom('k', 'x.y', '__proto__', 'constructor'), fc.string({ maxLength: 4 }))

function bytesOf(minLength: number, maxLength: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array))
}

function arbitraryOf(type: Type, depth: number): fc.Arbitrary<unknown> {
  const inner = (part: Type): fc.Arbitrary<unknown> => arbitraryOf(part, depth + 1)
  switch (type.typeName) {
    case 'record':
      return fc.record(Object.fromEntries((type as types.RecordType).fields.map((field) => [field.name, inner(field.type)])))
    case 'map':
      return fc.dictionary(keys, inner((type as types.MapType).valuesType), { maxKeys: 3 })
    case 'array':
      return fc.array(inner((type as types.ArrayType).itemsType), { maxLength: 2 })
    case 'union:wrapped':
    case 'union:unwrapped':
      return unionOf(type as types.UnwrappedUnionType, depth)
    case 'enum':
      return fc.constantFrom(...(type as types.EnumType).symbols)
    case 'fixed':
      return bytesOf((type as types.FixedType).size, (type as types.FixedType).size)
    default:
      return scalarOf(type.typeName)
  }
}

function scalarOf(name: string): fc.Arbitrary<unknown> {
  const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    null: fc.constant(null),
    boolean: fc.boolean(),
    int: fc.integer(),
    long,
    float: fc.float(),
    double: fc.double(),
    bytes: bytesOf(0, 9),
  }
  return scalars[name] ?? text
}

/** A record that holds itself comes to an end by a null. */
function unionOf(type: types.UnwrappedUnionType, depth: number): fc.Arbitrary<unknown> {
  const isDeep = depth > 6 && type.types.some((branch) => branch.typeName === 'null')
  const branches = isDeep ? type.types.filter((branch) => branch.typeName === 'null') : type.types
  const isWrapped = (type as Type).typeName === 'union:wrapped'
  return fc.oneof(
    ...branches.map((branch) => {
      const value = arbitraryOf(branch, depth + 1)
      const name = branch.branchName
      return isWrapped && name !== undefined && branch.typeName !== 'null' ? value.map((each) => ({ [name]: each })) : value
    }),
  )
}
