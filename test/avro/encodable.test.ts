import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSchema } from '../../src/avro/parse-schema.ts'
import { plain } from './encoded.ts'

const record = (...types: readonly unknown[]): string =>
  JSON.stringify({ type: 'record', name: 'a.R', fields: types.map((type, place) => ({ name: `f${place}`, type })) })

/** A single field through encoder and decoder. */
function through(type: unknown, json: unknown): unknown {
  const schema = parseSchema(7, record(type))
  const value = schema.encode({ f0: json })
  assert.equal(value.readUInt32BE(1), 7)
  return (plain(schema.decoder(undefined)(value)) as { f0: unknown }).f0
}

const logical = (type: string, logicalType: string, more: object = {}): object => ({ type, logicalType, ...more })

const cases: readonly [unknown, unknown, unknown][] = [
  ['string', 'ü', 'ü'],
  ['int', -1, -1],
  ['long', '9007199254740993', 9007199254740993n],
  ['double', 1.5, 1.5],
  [['null', 'string'], null, null],
  [['null', 'string'], 'x', 'x'],
  [['null', 'string'], { string: 'x' }, 'x'],
  [['bytes', 'string'], 'x', 'x'],
  [['null', 'int', 'double'], 1, { int: 1 }],
  [['null', 'int', 'double'], 1.5, { double: 1.5 }],
  [{ type: 'map', values: 'long' }, { a: 1 }, { a: 1 }],
  [{ type: 'array', items: 'string' }, ['a'], ['a']],
  [{ type: 'enum', name: 'E', symbols: ['A', 'B'] }, 'B', 'B'],
  ['bytes', '0x00ff', Buffer.from([0, 255])],
  ['bytes', 'text', Buffer.from('text')],
  [logical('long', 'timestamp-millis'), '2026-01-31T12:00:00.5+01:00', 1_769_857_200_500],
  [logical('long', 'timestamp-millis'), 17, 17],
  [logical('long', 'timestamp-micros'), '1969-12-31T23:59:59.999999Z', -1],
  [logical('long', 'local-timestamp-millis'), '2026-01-31T12:00:00', 1_769_860_800_000],
  [logical('int', 'date'), '1970-02-01', 31],
  [logical('int', 'time-millis'), '00:00:01.25', 1_250],
  [logical('bytes', 'decimal', { precision: 9, scale: 2 }), 12.3, Buffer.from([4, 206])],
  [logical('bytes', 'decimal', { precision: 9, scale: 2 }), '-0.01', Buffer.from([255])],
  [logical('fixed', 'decimal', { name: 'F', size: 4, precision: 9, scale: 1 }), '25.6', Buffer.from([0, 0, 1, 0])],
]
for (const [type, json, decoded] of cases) {
  test(`${JSON.stringify(json)} is encoded as ${JSON.stringify(type)}`, () => assert.deepEqual(through(type, json), decoded))
}

const misfits: readonly [unknown, unknown, RegExp][] = [
  ['string', 1, /^f0: must be a text, is a number$/],
  ['int', 2_147_483_648, /^f0: must be a whole number of 32 bits/],
  ['long', 2 ** 53, /^f0: has too many digits/],
  [{ type: 'enum', name: 'E', symbols: ['A', 'B'] }, 'C', /^f0: must be one of A, B/],
  [{ type: 'array', items: 'string' }, ['a', 1], /^f0\.1: must be a text/],
  [['null', 'string'], 1, /^f0: must be one of null, string/],
  [logical('long', 'timestamp-millis'), '2026-02-30T12:00:00Z', /^f0: must be a number or a time like/],
  [logical('long', 'timestamp-millis'), '2026-01-31T12:00:00', /^f0: must be a number or a time like/],
  [logical('bytes', 'decimal', { precision: 9, scale: 2 }), '1.234', /^f0: must be a number with at most 2 digits/],
]
for (const [type, json, message] of misfits) {
  test(`${JSON.stringify(json)} does not fit ${JSON.stringify(type)}`, () => {
    assert.throws(() => through(type, json), { name: 'UnfitEvent', message })
  })
}

test('fields with a default may be left out; others and strangers are named', () => {
  const fields = [
    { name: 'a', type: 'string' },
    { name: 'b', type: ['null', 'string'], default: null },
  ]
  const schema = parseSchema(1, JSON.stringify({ type: 'record', name: 'R', fields }))
  assert.deepEqual(plain(schema.decoder(undefined)(schema.encode({ a: 'x' }))), { a: 'x', b: null })
  assert.throws(() => schema.encode({ b: 'x' }), /^UnfitEvent: a: is missing/)
  assert.throws(() => schema.encode({ a: 'x', c: 1 }), /^UnfitEvent: c: R has no such field; it has a, b/)
  assert.throws(() => schema.encode([]), /^UnfitEvent: the event: must be a record R, is a list/)
})
