import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FieldSource } from '../../src/mapping/spec.ts'
import { toSeconds, toText } from '../../src/mapping/text.ts'
import { bigEncoderOf } from '../avro/encoded.ts'
import type { Prepared } from './preparing.ts'
import { logical, preparing, record, registration, texts } from './preparing.ts'

const setUp = preparing()

/** A mapping whose time is the field `x`. */
const timed = (type: unknown, how: Omit<FieldSource, 'field'>, encode?: (value: unknown) => Buffer): Promise<Prepared> =>
  setUp({
    schema: record({ x: type }),
    mappings: [registration({ eventTimestamp: { field: 'x', ...how } })],
    ...(encode === undefined ? {} : { encode }),
  })

test('a bare number with a unit becomes seconds, rounded down', async () => {
  const cases = [
    ['s', 1_600_000_000, 1_600_000_000],
    ['ms', 1_600_000_000_999, 1_600_000_000],
    ['us', 1_600_000_000_999_999, 1_600_000_000],
  ] as const
  for (const [unit, value, expected] of cases) {
    const { params, problems } = await timed('long', { unit })
    assert.equal(params({ x: value }).eventTimestamp, expected)
    assert.deepEqual(problems, [])
  }
  const int = await timed('int', { unit: 's' })
  assert.equal(int.params({ x: 1_600_000_000 }).eventTimestamp, 1_600_000_000)
  const double = await timed('double', { unit: 's' })
  assert.equal(double.params({ x: 1_600_000_000.999 }).eventTimestamp, 1_600_000_000)
})

test('a bare number before 1970, or beyond 2^53, is rounded down too', () => {
  const cases = [
    ['s', -1, -1],
    ['ms', -1, -1],
    ['ms', -1_000, -1],
    ['us', -1_000_001, -2],
    ['us', 2n ** 63n - 1n, 9_223_372_036_854],
    ['us', -(2n ** 63n), -9_223_372_036_855],
    ['ms', -(2n ** 53n) - 1n, -9_007_199_254_741],
  ] as const
  for (const [unit, value, expected] of cases) {
    assert.equal(toSeconds([{ kind: 'long', logical: undefined }], { unit }).convert(value), expected)
  }
})

test('a bare number that is no time of the tracker, or no number, is a reject', async () => {
  const long = await timed('long', { unit: 's' }, bigEncoderOf(record({ x: 'long' })))
  for (const x of [1_600_000_000_000n, 0n, -1n, 2n ** 63n - 1n]) assert.match(long.reject({ x }), /^invalid-hit: eventTimestamp/)
  const double = await timed('double', { unit: 'ms' })
  for (const x of [Number.NaN, Number.POSITIVE_INFINITY]) assert.match(double.reject({ x }), /^invalid-hit: eventTimestamp/)
})

test('an annotation that means no time to Avro leaves a number bare, and one that means another thing does not', async () => {
  const own = await timed(logical('long', 'epoch-of-ours'), { unit: 'ms' })
  assert.equal(own.params({ x: 1_600_000_000_000 }).eventTimestamp, 1_600_000_000)
  const time = await timed(logical('int', 'time-millis'), { unit: 'ms' })
  assert.match(time.reject({ x: 1 }), /^mapping-failed: .*x is int \(time-millis\)/)
})

test('a bare long without a unit is a problem that says what to write', async () => {
  const { reject, problems } = await timed('long', {})
  assert.match(reject({ x: 1 }), /^mapping-failed/)
  assert.deepEqual(problems, [
    'params.eventTimestamp: x is long, and a time is needed; write { field: x, unit: ms }, or unit: s or us, or give the field the logical type timestamp-millis',
  ])
})

test('a local time without a zone is a problem that says what to write', async () => {
  const { reject, problems } = await timed(logical('long', 'local-timestamp-millis'), {})
  assert.match(reject({ x: 1 }), /^mapping-failed/)
  assert.match(
    problems[0] ?? '',
    /^params.eventTimestamp: x is long \(local-timestamp-millis\), .*write { field: x, zone: Europe\/Berlin }/,
  )
})

test('a local time with a zone is a moment', async () => {
  const wall = Date.parse('2024-07-15T12:00:00Z')
  const moment = Date.parse('2024-07-15T10:00:00Z') / 1_000
  for (const [type, value] of [
    ['local-timestamp-millis', wall + 999],
    ['local-timestamp-micros', wall * 1_000 + 999_999],
  ] as const) {
    const { params, problems } = await timed(logical('long', type), { zone: 'Europe/Berlin' })
    assert.equal(params({ x: value }).eventTimestamp, moment)
    assert.deepEqual(problems, [])
  }
})

test('a text without an offset with a zone is a moment, and one with an offset keeps it', async () => {
  const { params, problems } = await timed('string', { zone: 'America/New_York' })
  const seconds = (text: string): unknown => params({ x: text }).eventTimestamp
  const moment = Date.parse('2024-07-15T16:00:00Z') / 1_000
  for (const text of ['2024-07-15T12:00', '2024-07-15T12:00:00', '2024-07-15T12:00:00.999999'])
    assert.equal(seconds(text), moment)
  for (const text of ['2024-07-15T16:00:00Z', '2024-07-15T18:00:00+02:00', '2024-07-15T18:00:00+0200']) {
    assert.equal(seconds(text), moment)
  }
  assert.deepEqual(problems, [])
})

test('a text that is no time is refused, with a zone as without, and so is a day that no month has', async () => {
  const { reject } = await timed('string', { zone: 'Europe/Berlin' })
  const wrong = [
    '',
    '2024-07-15',
    '15.07.2024 12:00',
    '2024-13-01T00:00:00',
    '2024-02-30T00:00:00',
    '2023-02-29T00:00:00Z',
    '2024-07-15T25:00',
  ]
  for (const x of wrong) assert.match(reject({ x }), /^invalid-hit: eventTimestamp/, x)
})

test('a huge local time is refused and harms nobody', async () => {
  const { reject } = await timed(logical('long', 'local-timestamp-millis'), { zone: 'Europe/Berlin' })
  for (const x of [2 ** 52 - 1, -(2 ** 52) + 1]) assert.match(reject({ x }), /^invalid-hit: eventTimestamp/)
  const big = bigEncoderOf(record({ x: 'long' }))
  const wide = await timed(logical('long', 'local-timestamp-millis'), { zone: 'Europe/Berlin' }, big)
  for (const x of [2n ** 63n - 1n, -(2n ** 63n)]) assert.match(wide.reject({ x }), /^invalid-hit: eventTimestamp/)
})

test('a union of times takes each by its own', async () => {
  const { params, problems } = await timed(['null', 'string', 'long'], { unit: 'ms', zone: 'Europe/Berlin' })
  const moment = Date.parse('2024-07-15T10:00:00Z') / 1_000
  for (const x of ['2024-07-15T12:00:00', '2024-07-15T10:00:00Z', moment * 1_000])
    assert.equal(params({ x }).eventTimestamp, moment)
  assert.deepEqual(problems, [])
})

test('a unit or a zone that changes nothing is said', async () => {
  const millis = logical('long', 'timestamp-millis')
  const cases: readonly (readonly [unknown, Omit<FieldSource, 'field'>, string | undefined])[] = [
    [millis, { unit: 's' }, 'x is long (timestamp-millis), where a time is needed, and unit changes nothing; remove unit'],
    [millis, { zone: 'UTC' }, 'x is long (timestamp-millis), where a time is needed, and zone changes nothing; remove zone'],
    ['string', { unit: 'ms' }, 'x is string, where a time is needed, and unit changes nothing; remove unit'],
    [['string', 'long'], { unit: 'ms' }, undefined],
  ]
  for (const [type, how, problem] of cases) {
    const { prepare, problems } = await timed(type, how)
    prepare({ x: type === millis || Array.isArray(type) ? 1_600_000_000_000 : '2024-02-29T00:00:00Z' })
    assert.deepEqual(problems, problem === undefined ? [] : [`params.eventTimestamp: ${problem}`])
  }
  const age = await setUp({ schema: record({ x: 'long' }), mappings: [registration({ age: { field: 'x', unit: 's' } })] })
  assert.equal(age.params({ x: 30 }).age, 30)
  assert.deepEqual(age.problems, ['params.age: x is long, where a number is needed, and unit changes nothing; remove unit'])
})

test('a logical type goes before a unit', async () => {
  const { params } = await timed(logical('long', 'timestamp-millis'), { unit: 's' })
  assert.equal(params({ x: 1_600_000_000_000 }).eventTimestamp, 1_600_000_000)
})

test('as text a bare number with a unit, and a local time with a zone, are ISO texts in UTC', async () => {
  const schema = record({ n: 'long', s: 'int', l: logical('long', 'local-timestamp-micros') })
  const zone = 'Europe/Berlin'
  const mapping = texts({
    n: { field: 'n', unit: 'ms' },
    s: { field: 's', unit: 's' },
    l: { field: 'l', zone },
    bare: 'l',
    plain: 'n',
  })
  const { params, problems } = await setUp({ schema, mappings: [mapping] })
  const wall = Date.parse('2024-07-15T12:00:00.500Z')
  assert.deepEqual(params({ n: wall, s: 1_600_000_000, l: wall * 1_000 }).customEventParams, {
    n: '2024-07-15T12:00:00.500Z',
    s: '2020-09-13T12:26:40.000Z',
    l: '2024-07-15T10:00:00.500Z',
    bare: '2024-07-15T12:00:00.500',
    plain: String(wall),
  })
  assert.deepEqual(problems, [])
})

test('a decimal whose union holds a map or a list instead has no text, and nothing throws', () => {
  const decimal = { kind: 'bytes', logical: { name: 'decimal', scale: 2 } } as const
  const { convert } = toText([decimal, { kind: 'array', items: decimal }, { kind: 'map', values: decimal }])
  assert.equal(convert(Buffer.from([1])), '0.01')
  for (const value of [Object.create(null), [], [Buffer.from([1])], { a: 1 }]) assert.equal(convert(value), undefined)
})
