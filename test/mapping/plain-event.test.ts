import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Schema } from 'avsc'
import type { ModuleMap } from '../../src/mapping/module.ts'
import { long } from '../avro/encoded.ts'
import { logical, preparing, record } from './preparing.ts'

const setUp = preparing()

/** The event as a module gets it. */
const seen = async (schema: Schema, event: unknown, encode?: (value: unknown) => Buffer): Promise<Record<string, unknown>> => {
  let got: unknown
  const map: ModuleMap = (given) => {
    got = given
    return 'skip'
  }
  const mappings = [{ record: 'shop.Order', module: 'm.ts' }]
  const modules = new Map([['m.ts', map]])
  const { prepare } = await setUp({ schema, mappings, modules, ...(encode === undefined ? {} : { encode }) })
  assert.deepEqual(prepare(event), { kind: 'skip', reason: 'skipped' })
  return got as Record<string, unknown>
}

/** Without the missing prototypes, which are of no consequence here. */
const fields = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(fields)
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value) || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fields(each)]))
}

test('a module gets all of an event as plain data', async () => {
  const inner = record({ a: 'int', b: ['null', 'string'] }, 'shop.Inner')
  const schema = record({
    inner,
    again: 'shop.Inner',
    list: { type: 'array', items: 'shop.Inner' },
    map: { type: 'map', values: ['null', 'int'] },
    colour: { type: 'enum', name: 'shop.Colour', symbols: ['RED'] },
    flag: 'boolean',
    ratio: 'double',
    none: ['null', 'string'],
  })
  const one = { a: 1, b: 'x' }
  const event = {
    inner: one,
    again: one,
    list: [one],
    map: { a: 1, b: null },
    colour: 'RED',
    flag: false,
    ratio: 0.5,
    none: null,
  }
  const got = await seen(schema, event)
  assert.deepEqual(fields(got), event)
})

test('a value of a union stands bare, whatever its branch', async () => {
  const at = logical('long', 'timestamp-millis')
  const schema = record({
    two: ['null', record({ at }, 'shop.A'), record({ b: 'int' }, 'shop.B')],
    numbers: { type: 'array', items: ['int', 'double', 'string'] },
    bare: {
      type: 'array',
      items: ['null', 'string', 'boolean', 'bytes', { type: 'array', items: 'int' }, { type: 'map', values: 'int' }],
    },
  })
  const bytes = Buffer.from([1])
  const numbers = [{ int: 1 }, { double: 0.5 }, { string: 'x' }]
  const bare = [null, 'x', true, bytes, [1], { a: 1 }]
  assert.deepEqual(fields(await seen(schema, { two: { 'shop.A': { at: 5 } }, numbers, bare })), {
    two: { at: new Date(5) },
    numbers: [1, 0.5, 'x'],
    bare,
  })
  assert.deepEqual(fields(await seen(schema, { two: { 'shop.B': { b: 1 } }, numbers: [], bare: [] })), {
    two: { b: 1 },
    numbers: [],
    bare: [],
  })
  assert.equal((await seen(schema, { two: null, numbers: [], bare: [] })).two, null)
})

test('logical types are plain values: Dates, days, exact decimals, texts', async () => {
  const decimal = logical('bytes', 'decimal', { precision: 9, scale: 2 })
  const schema = record({
    millis: logical('long', 'timestamp-millis'),
    micros: logical('long', 'timestamp-micros'),
    local: logical('long', 'local-timestamp-millis'),
    day: logical('int', 'date'),
    decimal,
    maybe: ['null', decimal],
    fixed: logical('fixed', 'decimal', { name: 'shop.F', size: 2, precision: 4, scale: 1 }),
    raw: { type: 'fixed', name: 'shop.G', size: 2 },
    uuid: logical('string', 'uuid'),
    time: logical('int', 'time-millis'),
  })
  const at = Date.parse('2024-02-29T12:00:00.500Z')
  const two = Buffer.from([1, 0])
  const event = {
    millis: at,
    micros: at * 1_000 + 999,
    local: at,
    day: 19_782,
    decimal: two,
    maybe: two,
    fixed: two,
    raw: two,
    uuid: 'u',
    time: 5,
  }
  assert.deepEqual(fields(await seen(schema, event)), {
    ...event,
    ...{ millis: new Date(at), micros: new Date(at), local: '2024-02-29T12:00:00.500', day: '2024-02-29' },
    ...{ decimal: '2.56', maybe: '2.56', fixed: '25.6' },
  })
})

test('64-bit numbers are numbers while they are exact, and bigints beyond; a time beyond all calendars is no time', async () => {
  const schema = record({ id: 'long', small: 'long', maybe: ['null', 'long'] })
  const binary = Buffer.concat([long(2n ** 63n - 1n), long(7n), long(1n), long(5n)])
  assert.deepEqual(fields(await seen(schema, undefined, () => binary)), { id: 2n ** 63n - 1n, small: 7, maybe: 5 })
  const far = record({
    at: logical('long', 'timestamp-millis'),
    local: logical('long', 'local-timestamp-millis'),
    day: logical('int', 'date'),
  })
  const { at, local, day } = await seen(far, undefined, () =>
    Buffer.concat([long(2n ** 60n), long(2n ** 60n), long(2n ** 31n - 1n)]),
  )
  assert.deepEqual([String(at), local, day], ['Invalid Date', null, null])
})

test('a record that holds itself is plain to its end, and keys that mean something to JavaScript are keys like others', async () => {
  const node = record({ name: 'string', next: ['null', 'shop.Node'] }, 'shop.Node')
  const tree = { name: 'a', next: { name: 'b', next: null } }
  const schema = record({ node, map: { type: 'map', values: 'int' } })
  const map = JSON.parse('{"__proto__":1,"constructor":2}')
  const got = await seen(schema, { node: tree, map })
  assert.deepEqual(fields(got.node), tree)
  assert.deepEqual(Object.entries(got.map as object), [
    ['__proto__', 1],
    ['constructor', 2],
  ])
})
