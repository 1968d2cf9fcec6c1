import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Schema } from 'avsc'
import type { WriterSchema } from '../../src/avro/writer-schema.ts'
import type { EventType } from '../../src/core/event.ts'
import { encoderOf, framed, plain } from './encoded.ts'
import type { CacheUnderTest } from './stand-in-registry.ts'
import { openCache, until } from './stand-in-registry.ts'

const withCache = async (
  run: (under: CacheUnderTest) => Promise<void>,
  options: { readonly authorization?: () => string } = {},
): Promise<void> => {
  const under = await openCache(options)
  try {
    await run(under)
  } finally {
    await under.end()
  }
}

const order = (fields: readonly object[]): Schema => ({ type: 'record', name: 'shop.Order', fields }) as Schema

const fieldOf = (type: EventType, name: string): EventType => {
  assert.ok(type.kind === 'record')
  const field = type.fields.get(name)
  assert.ok(field !== undefined)
  return field
}

const logicalOf = (type: EventType): string | undefined => ('logical' in type ? type.logical?.name : undefined)

test('a schema is asked for once, however many ask and however often', () =>
  withCache(async ({ registry, cache, load, loaded }) => {
    registry.put(7, 'string')
    const waits = Array.from({ length: 20 }, () => cache.get(7))
    assert.ok(waits.every((wait) => 'kind' in wait && wait.kind === 'wait' && wait === waits[0]))
    const schema = await load(7)
    assert.equal(cache.get(7), schema)
    assert.deepEqual(
      registry.requests.map(({ path }) => path),
      ['/schemas/ids/7'],
    )
    assert.deepEqual(loaded, [7])
  }))

test('credentials are asked for anew before each request', async () => {
  let asked = 0
  await withCache(
    async ({ registry, load }) => {
      registry.put(1, 'string')
      registry.put(2, 'int')
      await load(1)
      await load(2)
      assert.deepEqual(
        registry.requests.map(({ authorization }) => authorization),
        ['Bearer 1', 'Bearer 2'],
      )
    },
    { authorization: () => `Bearer ${++asked}` },
  )
})

test('without credentials no authorization header is sent', () =>
  withCache(async ({ registry, load }) => {
    registry.put(1, 'string')
    await load(1)
    assert.equal(registry.requests[0]?.authorization, undefined)
  }))

test('credentials that cannot be read are a trouble that names the cause and shows no code', async () => {
  const authorization = (): string => {
    throw new Error('the secret file is gone')
  }
  await withCache(
    async ({ cache, troubles }) => {
      cache.get(1)
      await until(() => troubles.length === 1)
      assert.match(String(troubles[0]?.error), /the secret file is gone/)
      assert.doesNotMatch(String(troubles[0]?.error), /=>/)
    },
    { authorization },
  )
})

test('a logical type belongs to its field, and a plain long beside it stays plain', () =>
  withCache(async ({ registry, load }) => {
    const annotated = (name: string, logicalType: string, type: unknown = 'long', more = {}): object => ({
      name,
      type: { type, logicalType, ...more },
    })
    registry.put(
      1,
      order([
        { name: 'before', type: 'long' },
        annotated('at', 'timestamp-millis'),
        { name: 'count', type: 'long' },
        annotated('micros', 'timestamp-micros'),
        { name: 'maybe', type: ['null', { type: 'long', logicalType: 'timestamp-millis' }] },
        { name: 'maybeCount', type: ['null', 'long'] },
        annotated('day', 'date', 'int'),
        annotated('price', 'decimal', 'bytes', { precision: 9, scale: 2 }),
        annotated('total', 'decimal', 'fixed', { name: 'Total', size: 4, precision: 9, scale: 3 }),
        { name: 'again', type: 'Total' },
        annotated('key', 'uuid', 'string'),
        { name: 'name', type: 'string' },
        annotated('odd', 'nobody-knows', 'int'),
      ]),
    )
    const { type } = await load(1)
    const names = ['before', 'at', 'count', 'micros', 'day', 'price', 'total', 'again', 'key', 'name', 'odd']
    assert.deepEqual(
      names.map((name) => logicalOf(fieldOf(type, name))),
      [
        undefined,
        'timestamp-millis',
        undefined,
        'timestamp-micros',
        'date',
        'decimal',
        'decimal',
        'decimal',
        'uuid',
        undefined,
        'nobody-knows',
      ],
    )
    const branch = (name: string): EventType | undefined => {
      const union = fieldOf(type, name)
      return union.kind === 'union' ? union.branches.get('long') : undefined
    }
    assert.deepEqual(
      [branch('maybe'), branch('maybeCount')],
      [
        { kind: 'long', logical: { name: 'timestamp-millis', scale: 0 } },
        { kind: 'long', logical: undefined },
      ],
    )
    assert.deepEqual(fieldOf(type, 'price'), { kind: 'bytes', logical: { name: 'decimal', scale: 2 } })
  }))

test('an annotation on a list or a map hides neither the records named inside nor their logical types', () =>
  withCache(async ({ registry, load }) => {
    const line = {
      type: 'record',
      name: 'shop.Line',
      fields: [{ name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } }],
    }
    registry.put(
      1,
      order([
        { name: 'lines', type: { type: 'array', logicalType: 'set', items: line } },
        { name: 'first', type: 'shop.Line' },
        { name: 'byName', type: { type: 'map', logicalType: 'index', values: 'shop.Line' } },
      ]),
    )
    const { type } = await load(1)
    const lines = fieldOf(type, 'lines')
    assert.ok(lines.kind === 'array')
    assert.equal(logicalOf(fieldOf(lines.items, 'at')), 'timestamp-millis')
    assert.equal(lines.items, fieldOf(type, 'first'))
  }))

test('two versions of one record stand side by side', () =>
  withCache(async ({ registry, load }) => {
    const first = order([{ name: 'id', type: 'string' }])
    const second = order([
      { name: 'id', type: 'string' },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    ])
    registry.put(1, first)
    registry.put(2, second)
    const [one, two] = await Promise.all([load(1), load(2)])
    const decode = (schema: WriterSchema, written: Schema, value: object): unknown =>
      plain(schema.decoder(undefined)(framed(schema.id, encoderOf(written)(value))))
    assert.deepEqual([one.name, two.name], ['shop.Order', 'shop.Order'])
    assert.deepEqual(decode(one, first, { id: 'a' }), { id: 'a' })
    assert.deepEqual(decode(two, second, { id: 'b', at: 5 }), { id: 'b', at: 5 })
  }))

test('a schema that holds itself is understood', () =>
  withCache(async ({ registry, load }) => {
    registry.put(1, order([{ name: 'parent', type: ['null', 'shop.Order'] }]))
    const { type } = await load(1)
    const parent = fieldOf(type, 'parent')
    assert.ok(parent.kind === 'union')
    assert.equal(parent.branches.get('shop.Order'), type)
  }))

test('what a schema refers to is fetched with it, references of references included', () =>
  withCache(async ({ registry, load }) => {
    const money = { name: 'shop.Money', subject: 'money', version: 1 }
    const line = { name: 'shop.Line', subject: 'line', version: 3 }
    const at = { name: 'at', type: { type: 'long', logicalType: 'timestamp-micros' } }
    const moneySchema = { type: 'record', name: 'shop.Money', fields: [{ name: 'cents', type: 'long' }, at] } as Schema
    registry.putVersion(money, moneySchema)
    registry.putVersion(line, { type: 'record', name: 'shop.Line', fields: [{ name: 'price', type: 'shop.Money' }] }, [money])
    registry.put(
      1,
      order([
        { name: 'line', type: 'shop.Line' },
        { name: 'fee', type: 'shop.Money' },
      ]),
      [line, money],
    )
    const schema = await load(1)
    const written = order([
      { name: 'line', type: { type: 'record', name: 'Line', fields: [{ name: 'price', type: moneySchema }] } },
      { name: 'fee', type: 'shop.Money' },
    ])
    const value = { line: { price: { cents: 5, at: 1 } }, fee: { cents: 6, at: 2 } }
    assert.deepEqual(plain(schema.decoder(undefined)(framed(1, encoderOf(written)(value)))), value)
    assert.equal(logicalOf(fieldOf(fieldOf(schema.type, 'fee'), 'at')), 'timestamp-micros')
  }))
