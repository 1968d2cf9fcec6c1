import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Source } from '../../src/mapping/spec.ts'
import { preparing, record, registration, texts } from './preparing.ts'

const setUp = preparing()

const colours = { type: 'enum', name: 'shop.Colour', symbols: ['RED', 'GREEN', 'BLUE'] }

/** What becomes of the field `x` as a gender, a number of 0 to 2. */
const taker = async (type: unknown, source: object): Promise<(x: unknown) => unknown> => {
  const idGender = { field: 'x', ...source } as Source
  const { params } = await setUp({ schema: record({ x: type }), mappings: [registration({ idGender })] })
  return (x) => params({ x }).idGender
}

test('cases translate texts, and give nothing for another text or for null', async () => {
  const take = await taker(['null', 'string'], { cases: { m: 1, f: 2 } })
  assert.deepEqual([take('m'), take('f'), take('x'), take(''), take(null)], [1, 2, undefined, undefined, undefined])
})

test('a default stands in for another text and for null', async () => {
  const take = await taker(['null', 'string'], { cases: { m: 1 }, default: 0 })
  assert.deepEqual([take('m'), take('x'), take(null)], [1, 0, 0])
})

test('a default stands in for null without cases, too', async () => {
  const take = await taker(['null', 'int'], { default: 2 })
  assert.deepEqual([take(1), take(0), take(null)], [1, 0, 2])
})

test('cases translate booleans, false included', async () => {
  const take = await taker('boolean', { cases: { true: 1, false: 2 } })
  assert.deepEqual([take(true), take(false)], [1, 2])
})

test('cases translate numbers, whole and broken, negative ones and zero', async () => {
  const int = await taker('int', { cases: { 0: 2, 7: 1, '-1': 0 } })
  assert.deepEqual([int(0), int(7), int(-1), int(8)], [2, 1, 0, undefined])
  const double = await taker('double', { cases: { '0.5': 1 } })
  assert.deepEqual([double(0.5), double(0.25)], [1, undefined])
})

test('cases translate enums and the branches of unions', async () => {
  const take = await taker(colours, { cases: { RED: 1, BLUE: 2 } })
  assert.deepEqual([take('RED'), take('GREEN'), take('BLUE')], [1, undefined, 2])
  const union = await taker(['null', 'boolean', 'string', 'int'], { cases: { true: 1, yes: 1, 1: 1 }, default: 0 })
  assert.deepEqual([union(true), union('yes'), union(1), union(false), union(null)], [1, 1, 1, 0, 0])
})

test('cases with names that mean something to JavaScript match only what was written', async () => {
  const take = await taker('string', { cases: { m: 1 } })
  for (const x of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) assert.equal(take(x), undefined)
  const odd = await taker('string', { cases: { constructor: 1, toString: 2 } })
  assert.deepEqual([odd('constructor'), odd('toString')], [1, 2])
})

test('a constant becomes what its parameter wants', async () => {
  const mapping = registration({
    customUserId: { value: 42 },
    age: { value: '30' },
    idGender: { value: 1 },
    userAgent: { value: true },
    eventTimestamp: { value: 1_600_000_000 },
  })
  const { params, problems } = await setUp({ schema: record({ x: 'int' }), mappings: [mapping] })
  const expected = { customUserId: '42', age: 30, idGender: 1, userAgent: 'true', eventTimestamp: 1_600_000_000 }
  assert.deepEqual(params({ x: 0 }), expected)
  assert.deepEqual(problems, [])
})

test('entries of a custom event take constants, cases and defaults', async () => {
  const entries = {
    plan: { value: 'pro' },
    colour: { field: 'c', cases: { RED: 'warm' }, default: 'cold' },
    amount: 'n',
    none: 'missing',
  }
  const { params } = await setUp({ schema: record({ c: colours, n: ['null', 'double'] }), mappings: [texts(entries)] })
  assert.deepEqual(params({ c: 'RED', n: 0.5 }).customEventParams, { plan: 'pro', colour: 'warm', amount: '0.5' })
  assert.deepEqual(params({ c: 'BLUE', n: null }).customEventParams, { plan: 'pro', colour: 'cold' })
})

test('an entry may have any name, and none is lost or does harm', async () => {
  const entries = Object.fromEntries(['__proto__', 'constructor', 'toString', 'a b', '"'].map((name) => [name, 't']))
  const withNull = { ...entries, 'null one': 'n' }
  Object.defineProperty(withNull, '__proto__', { value: 't', enumerable: true })
  for (const source of [entries, withNull]) {
    const schema = record({ t: 'string', n: ['null', 'string'] })
    const { prepare } = await setUp({ schema, mappings: [texts(source)] })
    const outcome = prepare({ t: 'v', n: null })
    assert.ok(outcome.kind === 'hit')
    const expected = '{"__proto__":"v","constructor":"v","toString":"v","a b":"v","\\"":"v"}'
    const { customEventParams } = JSON.parse(outcome.json) as { customEventParams: object }
    assert.deepEqual(new Set(Object.keys(customEventParams)), new Set(Object.keys(JSON.parse(expected))))
  }
  assert.equal(({} as { v?: unknown }).v, undefined)
})

test('entries may be a whole map of the event, whatever its values are', async () => {
  const values: readonly [unknown, Record<string, unknown>, Record<string, string>][] = [
    ['string', { a: 'x', b: 'y' }, { a: 'x', b: 'y' }],
    [['null', 'string'], { a: 'x', b: null }, { a: 'x' }],
    ['long', { a: 5, b: 0 }, { a: '5', b: '0' }],
    [['null', 'boolean', 'double', 'string'], { a: false, b: 0.1, c: 's', d: null }, { a: 'false', b: '0.1', c: 's' }],
    [['int', 'double'], { a: { int: 5 }, b: { double: 0.5 } }, { a: '5', b: '0.5' }],
  ]
  for (const [type, map, expected] of values) {
    const schema = record({ m: ['null', { type: 'map', values: type }] })
    const { params, problems } = await setUp({ schema, mappings: [texts('m')] })
    assert.deepEqual(params({ m: map }).customEventParams, expected)
    assert.equal(params({ m: null }).customEventParams, undefined)
    assert.equal(params({ m: {} }).customEventParams, undefined)
    assert.deepEqual(problems, [])
  }
})

test('a key `__proto__` of a map is an entry like any other', async () => {
  const schema = record({ m: { type: 'map', values: 'string' } })
  const { prepare } = await setUp({ schema, mappings: [texts('m')] })
  const outcome = prepare({ m: JSON.parse('{"__proto__":"v","a":"w"}') })
  assert.ok(outcome.kind === 'hit')
  assert.match(outcome.json, /"customEventParams":\{"__proto__":"v","a":"w"\}/)
})

test('a text or a list where another branch is a map gives no entries', async () => {
  const schema = record({ m: ['string', 'bytes', { type: 'array', items: 'string' }, { type: 'map', values: 'string' }] })
  const { params } = await setUp({ schema, mappings: [texts('m')] })
  for (const m of ['abc', ['a'], Buffer.from('a')]) assert.equal(params({ m }).customEventParams, undefined)
  assert.deepEqual(params({ m: { a: 'b' } }).customEventParams, { a: 'b' })
})

test('an entry that breaks a rule goes alone and is counted by its name', async () => {
  const schema = record({ m: { type: 'map', values: 'string' } })
  const { params, dropped } = await setUp({ schema, mappings: [texts('m')] })
  assert.deepEqual(params({ m: { ok: 'v', empty: '', long: 'x'.repeat(256) } }).customEventParams, { ok: 'v' })
  assert.deepEqual(dropped, ['customEventParams.empty', 'customEventParams.long'])
})
