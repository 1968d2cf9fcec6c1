import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bindPath, parsePath } from '../../src/mapping/path.ts'
import { logical, preparing, record, registration } from './preparing.ts'

const setUp = preparing()

/** What `path` gives out of the field `x` of this type, as the user's id; null: nothing. */
const taker = async (type: unknown, path: string): Promise<(x: unknown) => unknown> => {
  const params = { customUserId: { field: path, default: '(nothing)' } }
  const { params: take } = await setUp({ schema: record({ x: type }), mappings: [registration(params)] })
  return (x) => {
    const { customUserId } = take({ x })
    return customUserId === '(nothing)' ? null : customUserId
  }
}

test('a path is cut at its dots, but not inside quotes', () => {
  assert.deepEqual(parsePath('a.b.c'), ['a', 'b', 'c'])
  assert.deepEqual(parsePath('a."dotted.key".0'), ['a', 'dotted.key', '0'])
  assert.deepEqual(parsePath('"a b"'), ['a b'])
})

test('a path goes through records', async () => {
  const take = await taker(record({ b: record({ c: 'string' }, 'shop.B') }, 'shop.A'), 'x.b.c')
  assert.equal(take({ b: { c: 'v' } }), 'v')
})

test('a path goes through what may be null, and gives nothing where it is', async () => {
  const inner = ['null', record({ c: ['null', 'string'] }, 'shop.B')]
  const take = await taker(['null', record({ b: inner }, 'shop.A')], 'x.b.c')
  for (const x of [null, { b: null }, { b: { c: null } }]) assert.equal(take(x), null)
  assert.equal(take({ b: { c: 'v' } }), 'v')
})

test('a path goes through a union of one', async () => {
  const take = await taker([record({ c: 'string' }, 'shop.B')], 'x.c')
  assert.equal(take({ c: 'v' }), 'v')
})

test('a path goes through a union of two records and takes the value of the branch that has it', async () => {
  const union = ['null', record({ c: 'string', d: 'int' }, 'shop.B'), record({ e: 'int', c: ['null', 'string'] }, 'shop.C')]
  const both = await taker(union, 'x.c')
  assert.equal(both({ 'shop.B': { c: 'v', d: 1 } }), 'v')
  assert.equal(both({ 'shop.C': { e: 1, c: 'w' } }), 'w')
  assert.equal(both({ 'shop.C': { e: 1, c: null } }), null)
  assert.equal(both(null), null)
  const one = await taker(union, 'x.d')
  assert.equal(one({ 'shop.B': { c: 'v', d: 1 } }), '1')
  assert.equal(one({ 'shop.C': { e: 1, c: 'w' } }), null)
})

test('each branch of a union is converted by its own type', async () => {
  const money = (scale: number): object => logical('bytes', 'decimal', { precision: 9, scale })
  const union = [record({ v: money(2) }, 'shop.B'), record({ v: money(0) }, 'shop.C')]
  const take = await taker(union, 'x.v')
  assert.equal(take({ 'shop.B': { v: Buffer.from([1, 0]) } }), '2.56')
  assert.equal(take({ 'shop.C': { v: Buffer.from([1, 0]) } }), '256')
})

test('two units of time in one union give the same second', async () => {
  const union = [
    record({ at: logical('long', 'timestamp-millis') }, 'shop.B'),
    record({ at: logical('long', 'timestamp-micros') }, 'shop.C'),
  ]
  const { params } = await setUp({ schema: record({ x: union }), mappings: [registration({ eventTimestamp: 'x.at' })] })
  assert.equal(params({ x: { 'shop.B': { at: 1_600_000_000_500 } } }).eventTimestamp, 1_600_000_000)
  assert.equal(params({ x: { 'shop.C': { at: 1_600_000_000_500_000 } } }).eventTimestamp, 1_600_000_000)
})

test('a union of several scalars gives the text of whichever is there', async () => {
  const bare = await taker(['null', 'string', 'long', 'boolean'], 'x')
  assert.deepEqual([bare('a'), bare(5), bare(false), bare(null)], ['a', '5', 'false', null])
  const wrapped = await taker(['int', 'double', 'string'], 'x')
  assert.deepEqual([wrapped({ int: 5 }), wrapped({ double: 0.5 }), wrapped({ string: 'a' })], ['5', '0.5', 'a'])
})

test('a path into a record gives nothing where the union holds a text instead', async () => {
  const take = await taker(['string', record({ length: 'int' }, 'shop.B')], 'x.length')
  assert.equal(take({ length: 5 }), '5')
  assert.equal(take('abc'), null)
})

test('a path names keys of maps, dotted ones in quotes', async () => {
  const map = { type: 'map', values: 'string' }
  const plain = await taker(map, 'x.key')
  assert.deepEqual([plain({ key: 'v' }), plain({ other: 'v' }), plain({})], ['v', null, null])
  const dotted = await taker(map, 'x."user.id"')
  assert.deepEqual([dotted({ 'user.id': 'v' }), dotted({ user: 'w' })], ['v', null])
})

test('a map has no keys but those that were sent', async () => {
  for (const key of ['constructor', 'toString', '__proto__']) {
    const take = await taker({ type: 'map', values: 'string' }, `x.${key}`)
    assert.equal(take({ other: 'v' }), null)
  }
  // Whoever made the event, and of whatever object.
  const { read } = bindPath({ kind: 'map', values: { kind: 'string', logical: undefined } }, ['constructor'])
  assert.equal(read({ other: 'v' }), undefined)
  const deep = await taker({ type: 'map', values: record({ name: 'string' }, 'shop.B') }, 'x.constructor.name')
  assert.equal(deep({}), null)
})

test('a path goes through maps of records', async () => {
  const take = await taker({ type: 'map', values: ['null', record({ c: 'string' }, 'shop.B')] }, 'x.k.c')
  assert.deepEqual([take({ k: { c: 'v' } }), take({ k: null }), take({})], ['v', null, null])
})

test('a path names places of arrays, and gives nothing behind their end', async () => {
  const take = await taker({ type: 'array', items: record({ c: 'string' }, 'shop.B') }, 'x.1.c')
  assert.deepEqual([take([{ c: 'a' }, { c: 'b' }]), take([{ c: 'a' }]), take([])], ['b', null, null])
  const length = await taker({ type: 'array', items: 'string' }, 'x.length')
  assert.equal(length(['a']), null)
})

test('a path that an older version of the schema lacks gives nothing, and is said', async () => {
  const { params, problems } = await setUp({
    schema: record({ x: 'int' }),
    mappings: [registration({ age: 'gone', idGender: 'x.y' })],
  })
  assert.deepEqual(Object.keys(params({ x: 1 })), ['customUserId', 'eventTimestamp'])
  assert.deepEqual(problems, ['params.age: the schema has no field gone', 'params.idGender: the schema has no field x.y'])
})

test('a path goes down a record that holds itself', async () => {
  const node = record({ name: 'string', next: ['null', 'shop.Node'] }, 'shop.Node')
  const take = await taker(node, 'x.next.next.name')
  assert.equal(take({ name: 'a', next: { name: 'b', next: { name: 'c', next: null } } }), 'c')
  assert.equal(take({ name: 'a', next: null }), null)
})
