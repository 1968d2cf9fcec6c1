import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Schema } from 'avsc'
import avro from 'avsc'
import fc from 'fast-check'
import { repairAvsc } from '../../src/avro/repairs.ts'
import { WriterSchema } from '../../src/avro/writer-schema.ts'
import { bigEncoderOf, encoderOf, framed, long, plain } from './encoded.ts'

repairAvsc()

const writer = (schema: Schema): WriterSchema => new WriterSchema(1, avro.Type.forSchema(schema), () => undefined)

const decode = (schema: Schema, binary: Buffer, fields?: readonly string[]): unknown =>
  plain(writer(schema).decoder(fields === undefined ? undefined : new Set(fields))(framed(1, binary)))

const record = (fields: Readonly<Record<string, unknown>>, name = 'shop.Order'): Schema =>
  ({ type: 'record', name, fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })) }) as Schema

const order = record({ id: 'string', paid: 'boolean', items: { type: 'array', items: 'string' } })
const encodedOrder = encoderOf(order)({ id: 'o-1', paid: true, items: ['a', 'b'] })

test('a value is decoded whole', () => {
  assert.deepEqual(decode(order, encodedOrder), { id: 'o-1', paid: true, items: ['a', 'b'] })
})

test('a value that ends early is refused wherever it was cut, however few fields are wanted', () => {
  for (let length = 0; length < encodedOrder.length; length += 1) {
    for (const fields of [undefined, [], ['id'], ['items']]) {
      assert.throws(() => decode(order, encodedOrder.subarray(0, length), fields), /ends in the middle|more than there are bytes/)
    }
  }
})

test('bytes that are left over are refused and counted, however few fields are wanted', () => {
  for (const fields of [undefined, [], ['id'], ['items']]) {
    assert.throws(() => decode(order, Buffer.concat([encodedOrder, Buffer.from('xyz')]), fields), /3 bytes are left over/)
  }
})

test('a count larger than the value is refused at once instead of being believed', () => {
  const array = record({ list: { type: 'array', items: 'string' }, after: 'int' })
  const map = record({ list: { type: 'map', values: 'long' }, after: 'int' })
  for (const schema of [array, map]) {
    for (const count of [3n, 2n ** 31n, 2n ** 40n, -(2n ** 40n)]) {
      for (const fields of [undefined, ['after']]) {
        assert.throws(() => decode(schema, Buffer.concat([long(count), long(0n)]), fields), /more than there are bytes|middle/)
      }
    }
  }
})

test('a block that steps backwards is refused instead of being read for ever', () => {
  const schema = record({ list: { type: 'array', items: 'string' }, after: 'int' })
  const binary = Buffer.concat([long(-1n), long(-2n), Buffer.from('abcdef')])
  for (const fields of [undefined, ['after']]) assert.throws(() => decode(schema, binary, fields), /bytes|middle/)
})

test('blocks that tell their size are read and skipped alike', () => {
  const schema = record({ list: { type: 'array', items: 'int' }, map: { type: 'map', values: 'int' }, after: 'int' })
  const block = [long(-2n), long(2n), long(5n), long(6n), long(1n), long(7n), long(0n)]
  const entries = [long(-1n), long(3n), long(1n), Buffer.from('k'), long(8n), long(0n)]
  const binary = Buffer.concat([...block, ...entries, long(9n)])
  assert.deepEqual(decode(schema, binary), { list: [5, 6, 7], map: { k: 8 }, after: 9 })
  assert.deepEqual(decode(schema, binary, ['after']), { after: 9 })
})

test('map keys that mean something to JavaScript are keys like any other', () => {
  const schema = record({ tags: { type: 'map', values: 'string' }, parts: { type: 'map', values: record({ n: 'int' }, 'Part') } })
  const entry = (key: string, value: Buffer): Buffer => Buffer.concat([encoderOf('string')(key), value])
  const text = encoderOf('string')
  const binary = Buffer.concat([
    ...[long(2n), entry('__proto__', text('x')), entry('constructor', text('y')), long(0n)],
    ...[long(1n), entry('__proto__', long(4n)), long(0n)],
  ])
  const { tags, parts } = writer(schema).decoder(undefined)(framed(1, binary)) as Record<'tags' | 'parts', object>
  assert.deepEqual(Object.entries(tags), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ])
  assert.deepEqual(Object.keys(parts), ['__proto__'])
  assert.ok(!('n' in parts))
})

const edges = [2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)]

test('longs beyond 2^53 keep all digits while those of the same record below it stay numbers', () => {
  const inner = record({ deep: 'long' }, 'shop.Inner')
  const schema = record({
    small: 'long',
    top: 'long',
    inner,
    list: { type: 'array', items: 'long' },
    map: { type: 'map', values: 'long' },
    maybe: ['null', 'long'],
    inners: { type: 'array', items: ['null', 'shop.Inner'] },
  })
  const encode = bigEncoderOf(schema)
  for (const big of edges) {
    const value = (wide: bigint | number, narrow: bigint | number): unknown => ({
      small: narrow,
      top: wide,
      inner: { deep: wide },
      list: [narrow, wide],
      map: { k: wide, n: narrow },
      maybe: wide,
      inners: [null, { deep: wide }],
    })
    assert.deepEqual(decode(schema, encode(value(big, -5n))), value(big, -5))
    const { list } = decode(schema, encode(value(big, -5n)), ['list']) as { list: unknown }
    assert.deepEqual(list, [-5, big])
  }
})

test('longs up to the last that a double holds are numbers, with their sign', () => {
  const encode = bigEncoderOf('long')
  const exact = [2n ** 53n - 1n, 2n ** 52n, 2n ** 52n - 1n]
  for (const edge of exact.flatMap((each) => [each, -each])) assert.equal(decode('long', encode(edge)), Number(edge))
})

test('every 64-bit number survives', () => {
  const encode = bigEncoderOf('long')
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.nat({ max: 62 }), (wide, shift) => {
      const value = wide >> BigInt(shift)
      assert.equal(BigInt(decode('long', encode(value)) as bigint), value)
    }),
    { seed: 1 },
  )
})

test('one large long does not change how the unions of its record stand', () => {
  for (const union of [
    ['int', 'long'],
    ['null', 'double', 'long'],
    ['long', 'string', { type: 'enum', name: 'E', symbols: ['A'] }],
  ]) {
    const schema = record({ x: union, big: 'long' })
    const head = encoderOf(schema)({ x: { long: 7 }, big: 0 }).subarray(0, -1)
    const binary = Buffer.concat([head, long(2n ** 60n)])
    assert.deepEqual(decode(schema, binary), { x: { long: 7 }, big: 2n ** 60n })
  }
})

test('a union whose branches can be told apart stands bare, another one under the name of its branch', () => {
  const bare = record({ x: ['null', 'string', 'long', 'bytes'] })
  for (const x of [null, 'text', 5, Buffer.from('b')]) assert.deepEqual(decode(bare, encoderOf(bare)({ x })), { x })
  const wrapped = record({ x: ['null', record({ a: 'int' }, 'shop.A'), record({ b: 'int' }, 'shop.B')] })
  for (const x of [null, { 'shop.A': { a: 1 } }, { 'shop.B': { b: 2 } }]) {
    assert.deepEqual(decode(wrapped, encoderOf(wrapped)({ x })), { x })
  }
})

const rich = record({
  a: ['bytes', 'string'],
  b: ['double', 'int'],
  c: { type: 'array', items: ['null', 'bytes', 'string'] },
  d: { type: 'map', values: ['float', 'long', 'boolean'] },
  e: ['null', record({ next: ['null', 'shop.Node'], tag: 'string' }, 'shop.Node')],
  f: { type: 'enum', name: 'shop.F', symbols: ['X', 'Y'] },
  g: { type: 'fixed', name: 'shop.G', size: 3 },
  h: 'shop.F',
})

const someBytes = (min: number, max: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((array) => Buffer.from(array))
const either = fc.oneof(fc.string(), someBytes(0, 5))
const numbers = fc.oneof(
  fc.record({ float: fc.float() }),
  fc.record({ long: fc.integer() }),
  fc.record({ boolean: fc.boolean() }),
)
const nodes = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.record({ next: fc.option(tie('node'), { maxDepth: 4 }), tag: fc.string() }),
}))
const richValues = fc.record({
  a: either,
  b: fc.oneof(fc.record({ double: fc.double() }), fc.record({ int: fc.integer() })),
  c: fc.array(fc.option(either), { maxLength: 4 }),
  d: fc.dictionary(fc.string(), numbers, { maxKeys: 4 }),
  e: fc.option(nodes.node),
  f: fc.constantFrom('X', 'Y'),
  g: someBytes(3, 3),
  h: fc.constantFrom('X', 'Y'),
})

test('a decoder of some fields gives them just as a decoder of all of them does', () => {
  const encode = encoderOf(rich)
  const names = fc.subarray(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])
  fc.assert(
    fc.property(richValues, names, (value, wanted) => {
      const binary = encode(value)
      const whole = decode(rich, binary) as Record<string, unknown>
      assert.deepEqual(decode(rich, binary, wanted), Object.fromEntries(wanted.map((name) => [name, whole[name]])))
    }),
    { seed: 1, numRuns: 200 },
  )
})

test('a field that the schema lacks is no reason to fail', () => {
  assert.deepEqual(decode(order, encodedOrder, ['id', 'gone']), { id: 'o-1' })
})

test('a record that holds itself is decoded to its end', () => {
  const node = record({ name: 'string', next: ['null', 'shop.Node'] }, 'shop.Node')
  const value = { name: 'a', next: { name: 'b', next: null } }
  assert.deepEqual(decode(node, encoderOf(node)(value)), value)
  assert.deepEqual(decode(node, encoderOf(node)(value), ['next']), { next: value.next })
})

test('random bytes are decoded or refused, and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.subarray(['a', 'c', 'd', 'e']), (bytes, fields) => {
      for (const wanted of [undefined, fields]) {
        try {
          decode(rich, Buffer.from(bytes), wanted)
        } catch (error) {
          assert.ok(error instanceof Error)
        }
      }
    }),
    { seed: 1, numRuns: 500 },
  )
})
