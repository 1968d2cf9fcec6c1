import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { Schema } from 'avsc'
import { writerSchemaOf } from '../../src/avro/framed-value.ts'
import { encoderOf, framed, plain } from './encoded.ts'
import type { CacheUnderTest, Reference } from './stand-in-registry.ts'
import { openCache, until } from './stand-in-registry.ts'

let under: CacheUnderTest

beforeEach(async () => {
  under = await openCache()
})
afterEach(() => under.end())

const record = (name: string, fields: Readonly<Record<string, unknown>>): Schema =>
  ({ type: 'record', name, fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })) }) as Schema

const money1 = record('shop.Money', { cents: 'long' })
const money2 = record('shop.Money', { cents: 'long', currency: 'string' })
const money = (version: number): Reference => ({ name: 'shop.Money', subject: 'money', version })
const line: Reference = { name: 'shop.Line', subject: 'line', version: 1 }
const order = record('shop.Order', { line: 'shop.Line', fee: 'shop.Money' })

/** Reads back what a producer wrote with the schema as a whole. */
async function roundTrip(id: number, written: Schema, event: object): Promise<unknown> {
  const schema = await under.load(id)
  return plain(schema.decoder(undefined)(framed(id, encoderOf(written)(event))))
}

test('two versions of a schema that refer to two versions of a record stand side by side', async () => {
  const { registry } = under
  registry.putVersion(money(1), money1)
  registry.putVersion(money(2), money2)
  const total = record('shop.Order', { total: 'shop.Money' })
  registry.put(1, total, [money(1)])
  registry.put(2, total, [money(2)])
  const one = { total: { cents: 5 } }
  const two = { total: { cents: 6, currency: 'EUR' } }
  assert.deepEqual(await roundTrip(1, record('shop.Order', { total: money1 }), one), one)
  assert.deepEqual(await roundTrip(2, record('shop.Order', { total: money2 }), two), two)
})

for (const [met, references, inLine] of [
  ['in the schema itself', [money(2), line], money2],
  ['below another reference', [line, money(2)], money1],
] as const) {
  test(`of a record that is referred to in two versions the one met first counts: ${met}`, async () => {
    const { registry } = under
    registry.putVersion(money(1), money1)
    registry.putVersion(money(2), money2)
    registry.putVersion(line, record('shop.Line', { price: 'shop.Money' }), [money(1)])
    registry.put(1, order, references)
    const price = inLine === money2 ? { cents: 1, currency: 'EUR' } : { cents: 1 }
    const event = { line: { price }, fee: price }
    const whole = record('shop.Order', { line: record('shop.Line', { price: inLine }), fee: 'shop.Money' })
    assert.deepEqual(await roundTrip(1, whole, event), event)
  })
}

test('a record that is reached on many ways is asked for once, its deleted version, too', async () => {
  const { registry } = under
  registry.putVersion(money(1), money1)
  registry.putVersion(line, record('shop.Line', { price: 'shop.Money' }), [money(1)])
  registry.put(1, order, [line, money(1), { ...money(1), subject: 'money-again' }])
  await under.load(1)
  assert.deepEqual(
    registry.requests.map(({ path }) => path),
    ['/schemas/ids/1', '/subjects/line/versions/1?deleted=true', '/subjects/money/versions/1?deleted=true'],
  )
})

test('references that go round in a circle come to an end', async () => {
  const { registry } = under
  registry.putVersion(line, record('shop.Line', { price: 'long' }), [line])
  registry.put(1, record('shop.Order', { line: 'shop.Line' }), [line])
  assert.equal((await under.load(1)).name, 'shop.Order')
})

/** Why a value with the id 1 is a dead letter; undefined while it waits. */
const verdict = (): string | undefined => {
  const got = writerSchemaOf(under.cache, { value: framed(1, Buffer.from([2, 65])), headers: undefined })
  if (!('kind' in got)) throw new Error('there is a schema')
  return got.kind === 'reject' ? `${got.reason}: ${got.detail}` : undefined
}

test('a reference that is missing is doubted for 30 s; then the dead letter names it', async () => {
  const { registry, clock } = under
  registry.put(1, record('shop.Order', { fee: 'shop.Money' }), [money(4)])
  for (let second = 0; second < 30; second += 1) {
    assert.equal(verdict(), undefined)
    await until(() => registry.requests.length === 2 * (second + 1) && clock.inFlight === 0)
    await clock.advance(1_000)
  }
  await until(() => verdict() !== undefined)
  assert.match(
    verdict() ?? '',
    /^unknown-schema: schema 1 refers to shop\.Money, version 4 of subject money, which the registry does/,
  )
  assert.deepEqual(under.troubles, [])
})

test('a registry that fails between a schema and its reference is waited for', async () => {
  const { registry, clock } = under
  registry.put(1, record('shop.Order', { fee: 'shop.Money' }), [{ ...money(1), subject: 'down' }])
  registry.faultAt('/subjects/down/versions/1', { status: 503, body: '' })
  assert.equal(verdict(), undefined)
  await until(() => under.troubles.length === 1)
  registry.faultAt('/subjects/down/versions/1', undefined)
  registry.putVersion({ ...money(1), subject: 'down' }, money1)
  await clock.advance(1_000)
  await until(() => !('kind' in under.cache.get(1)))
})

const unusable: Readonly<Record<string, readonly [object, RegExp]>> = {
  'a type that avsc does not know': [
    { schema: '{"type":"no-such-type"}' },
    /^malformed: schema 1 is no Avro schema .*no-such-type.*register it anew/,
  ],
  'a text that is no JSON': [{ schema: 'record Order {' }, /^malformed: schema 1 is no Avro schema/],
  'an empty text': [{ schema: '' }, /^malformed: schema 1 is no Avro schema/],
  'a name that nothing explains': [
    { schema: '{"type":"record","name":"A","fields":[{"name":"b","type":"x.B"}]}' },
    /^malformed: .*x\.B/,
  ],
  'a schema of JSON': [
    { schema: '{"type":"object"}', schemaType: 'JSON' },
    /^malformed: schema 1 is of type JSON, and only AVRO is read: let the/,
  ],
  'a schema of PROTOBUF': [{ schema: 'syntax = "proto3";', schemaType: 'PROTOBUF' }, /^malformed: schema 1 is of type PROTOBUF/],
  'a type of tomorrow': [{ schema: '{}', schemaType: 'THRIFT' }, /^malformed: schema 1 is of type THRIFT/],
}

for (const [what, [document, expected]] of Object.entries(unusable)) {
  test(`${what} makes a dead letter that says what it is, at once, and holds no lane`, async () => {
    under.registry.putDocument(1, document)
    assert.equal(verdict(), undefined)
    await until(() => verdict() !== undefined)
    assert.match(verdict() ?? '', expected)
    assert.equal(under.registry.requests.length, 1)
    assert.deepEqual([under.troubles, under.loaded], [[], []])
  })
}
