import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toSeconds, toText } from '../../src/mapping/text.ts'
import { bigEncoderOf } from '../avro/encoded.ts'
import { logical, preparing, record, recordTime, registration, texts } from './preparing.ts'

const setUp = preparing()

const texter = async (type: unknown, encode?: (value: unknown) => Buffer): Promise<(x: unknown) => unknown> => {
  const schema = record({ x: type })
  const { params } = await setUp({ schema, mappings: [texts({ t: 'x' })], ...(encode === undefined ? {} : { encode }) })
  return (x) => (params({ x }).customEventParams as Record<string, unknown> | undefined)?.t
}

const big = (type: unknown): ((value: unknown) => Buffer) => bigEncoderOf(record({ x: type }))

test('a double is written in its shortest form', async () => {
  const text = await texter('double')
  const doubles = [0.1, 1, 100, -2.5, 1e21, 5e-324, 0.30000000000000004, 1_234_567.25]
  assert.deepEqual(doubles.map(text), ['0.1', '1', '100', '-2.5', '1e+21', '5e-324', '0.30000000000000004', '1234567.25'])
})

test('a boolean is written as a word, false included', async () => {
  const text = await texter('boolean')
  assert.deepEqual([text(true), text(false)], ['true', 'false'])
})

test('an enum is written as its symbol', async () => {
  const text = await texter({ type: 'enum', name: 'shop.E', symbols: ['A', 'B'] })
  assert.equal(text('B'), 'B')
})

test('whole numbers are written with all digits, zero included', async () => {
  const int = await texter('int')
  assert.deepEqual([int(0), int(-2_147_483_648)], ['0', '-2147483648'])
  const long = await texter('long', big('long'))
  for (const value of [0n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]) assert.equal(long(value), String(value))
})

test('a decimal is written exactly', async () => {
  const decimal = (scale: number): object => logical('bytes', 'decimal', { precision: 20, scale })
  const cents = await texter(decimal(2))
  const cases: readonly [number[], string][] = [
    [[0x30, 0x39], '123.45'],
    [[0xcf, 0xc7], '-123.45'],
    [[0x05], '0.05'],
    [[0xfb], '-0.05'],
    [[0], '0.00'],
    [[], '0.00'],
    [[0x00, 0xff], '2.55'],
    [[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], '23611832414348226068.47'],
  ]
  for (const [bytes, says] of cases) assert.equal(cents(Buffer.from(bytes)), says)
  const whole = await texter(decimal(0))
  assert.deepEqual([whole(Buffer.from([0xff])), whole(Buffer.from([0x7f])), whole(Buffer.from([0]))], ['-1', '127', '0'])
  const fixed = await texter(logical('fixed', 'decimal', { name: 'shop.D', size: 4, precision: 9, scale: 3 }))
  assert.deepEqual([fixed(Buffer.from([0, 0, 0x04, 0xd2])), fixed(Buffer.from([0xff, 0xff, 0xff, 0xff]))], ['1.234', '-0.001'])
})

test('every decimal is the number that it stands for', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 95n), max: 2n ** 95n - 1n }), fc.nat({ max: 12 }), (unscaled, scale) => {
      const bytes = Buffer.from(BigInt.asUintN(96, unscaled).toString(16).padStart(24, '0'), 'hex')
      const text = toText([{ kind: 'bytes', logical: { name: 'decimal', scale } }]).convert(bytes) ?? ''
      assert.match(text, scale === 0 ? /^-?\d+$/ : new RegExp(`^-?\\d+\\.\\d{${scale}}$`))
      assert.equal(BigInt(text.replace('.', '')), unscaled)
    }),
    { seed: 1 },
  )
})

test('a uuid is written as it is', async () => {
  const text = await texter(logical('string', 'uuid'))
  assert.equal(text('0e8400f2-e29b-41d4-a716-446655440000'), '0e8400f2-e29b-41d4-a716-446655440000')
})

test('a date is written as a day', async () => {
  const text = await texter(logical('int', 'date'))
  assert.deepEqual(
    [text(0), text(19_782), text(-1), text(3_000_000)],
    ['1970-01-01', '2024-02-29', '1969-12-31', '+010183-09-21'],
  )
  assert.equal(text(2_147_483_647), undefined)
})

test('a timestamp is written as ISO text in UTC', async () => {
  const millis = await texter(logical('long', 'timestamp-millis'), big('long'))
  assert.deepEqual([millis(1_709_164_800_001n), millis(-1n)], ['2024-02-29T00:00:00.001Z', '1969-12-31T23:59:59.999Z'])
  assert.equal(millis(2n ** 62n), undefined)
  const micros = await texter(logical('long', 'timestamp-micros'), big('long'))
  assert.deepEqual([micros(1_709_164_800_001_999n), micros(-1n)], ['2024-02-29T00:00:00.001Z', '1969-12-31T23:59:59.999Z'])
  const nanos = await texter(logical('long', 'timestamp-nanos'), big('long'))
  assert.equal(nanos(1_709_164_800_001_000_000n), '2024-02-29T00:00:00.001Z')
})

test('a timestamp of any millisecond of nine thousand years is that millisecond', () => {
  const { convert } = toText([{ kind: 'long', logical: { name: 'timestamp-millis', scale: 0 } }])
  fc.assert(
    fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (ms) => {
      assert.equal(convert(ms), new Date(ms).toISOString())
    }),
    { seed: 1, numRuns: 2_000 },
  )
  assert.equal(convert(139_470_820_348_119), new Date(139_470_820_348_119).toISOString())
})

test('an empty text is dropped, and a null is absent without being counted', async () => {
  const schema = record({ a: 'string', b: ['null', 'string'] })
  const mappings = [registration({ userAgent: 'a', ipv4: 'b' })]
  const { params, dropped } = await setUp({ schema, mappings })
  assert.deepEqual(Object.keys(params({ a: '', b: null })), ['customUserId', 'eventTimestamp'])
  assert.deepEqual(dropped, ['userAgent'])
})

const seconds = async (type: unknown, encode?: (value: unknown) => Buffer): Promise<(x: unknown) => unknown> => {
  const schema = record({ x: type })
  const mappings = [registration({ eventTimestamp: 'x' })]
  const { params } = await setUp({ schema, mappings, ...(encode === undefined ? {} : { encode }) })
  return (x) => params({ x }).eventTimestamp
}

test('seconds are rounded down from milliseconds, microseconds and nanoseconds', async () => {
  const millis = await seconds(logical('long', 'timestamp-millis'))
  assert.deepEqual([millis(1_600_000_000_000), millis(1_600_000_000_999)], [1_600_000_000, 1_600_000_000])
  const micros = await seconds(logical('long', 'timestamp-micros'))
  assert.deepEqual([micros(1_600_000_000_999_999), micros(1_600_000_001_000_000)], [1_600_000_000, 1_600_000_001])
  const nanos = await seconds(logical('long', 'timestamp-nanos'), big('long'))
  assert.equal(nanos(1_600_000_000_999_999_999n), 1_600_000_000)
})

test('seconds before 1970 are rounded down too', () => {
  const cases: readonly [string, number | bigint, number][] = [
    ['timestamp-millis', -1, -1],
    ['timestamp-millis', -1_000, -1],
    ['timestamp-millis', -1_001, -2],
    ['timestamp-micros', -1, -1],
    ['timestamp-micros', -(2n ** 53n) - 1n, -9_007_199_255],
    ['timestamp-nanos', -9_007_199_255_000_000_000n, -9_007_199_255],
  ]
  for (const [name, value, expected] of cases) {
    assert.equal(toSeconds([{ kind: 'long', logical: { name, scale: 0 } }]).convert(value), expected)
  }
})

test('seconds are taken from ISO text that has a zone', async () => {
  const text = await seconds('string')
  for (const iso of ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00.999Z', '2024-02-29T15:00:00+03:00', '2024-02-29T12:00Z']) {
    assert.equal(text(iso), 1_709_208_000)
  }
})

test('a text that is no time, or has no zone, is refused instead of being replaced by the time of the record', async () => {
  const { reject } = await setUp({ schema: record({ x: 'string' }), mappings: [registration({ eventTimestamp: 'x' })] })
  for (const text of ['2024-02-29T12:00:00', '2024-02-29', 'yesterday', '1709208000', '2024-13-01T00:00:00Z']) {
    assert.match(reject({ x: text }), /^invalid-hit: eventTimestamp/)
  }
})

test('a bare long is no time: all its records are refused with a cure, however good their numbers look', async () => {
  const setup = { schema: record({ x: 'long' }), mappings: [registration({ eventTimestamp: 'x' })] }
  const { reject, problems } = await setUp(setup)
  assert.match(reject({ x: 1_700_000_000 }), /^mapping-failed: params.eventTimestamp: x is long, .* timestamp-millis/)
  assert.equal(problems.length, 1)
})

test('a bare long beside a text is refused where it is there', async () => {
  const setup = { schema: record({ x: ['null', 'string', 'long'] }), mappings: [registration({ eventTimestamp: 'x' })] }
  const { reject, params } = await setUp(setup)
  assert.match(reject({ x: 1_700_000_000 }), /^invalid-hit: eventTimestamp/)
  assert.equal(params({ x: '2024-02-29T12:00:00Z' }).eventTimestamp, 1_709_208_000)
  assert.equal(params({ x: null }).eventTimestamp, Math.floor(recordTime / 1_000))
})
