import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Condition, MappingSpec } from '../../src/mapping/spec.ts'
import { bigEncoderOf } from '../avro/encoded.ts'
import { logical, preparing, record, registration } from './preparing.ts'

const setUp = preparing()

const statuses = { type: 'enum', name: 'shop.Status', symbols: ['PAID', 'CAPTURED', 'VOID'] }
const filtered = { kind: 'skip', reason: 'filtered' }

/** Whether a mapping is for an event whose field `x` has this value. */
const holds = async (
  type: unknown,
  when: Omit<Condition, 'field'> | readonly Condition[],
  encode?: (value: unknown) => Buffer,
): Promise<(x: unknown) => boolean> => {
  const conditions = Array.isArray(when) ? (when as readonly Condition[]) : { field: 'x', ...when }
  const schema = record({ x: type })
  const mappings = [registration({}, { when: conditions })]
  const { prepare } = await setUp({ schema, mappings, ...(encode === undefined ? {} : { encode }) })
  return (x) => {
    const outcome = prepare({ x })
    if (outcome.kind !== 'hit') assert.deepEqual(outcome, filtered)
    return outcome.kind === 'hit'
  }
}

test('equals compares the text of the value, enums by their symbol', async () => {
  const symbol = await holds(['null', statuses], { equals: 'PAID' })
  assert.deepEqual([symbol('PAID'), symbol('VOID'), symbol(null)], [true, false, false])
  const text = await holds('string', { equals: '' })
  assert.deepEqual([text(''), text('x')], [true, false])
})

test('equals compares numbers and booleans by their text, as it is written in a hit', async () => {
  const flag = await holds('boolean', { equals: false })
  assert.deepEqual([flag(false), flag(true)], [true, false])
  const double = await holds('double', { equals: 0.1 })
  assert.deepEqual([double(0.1), double(0.1 + Number.EPSILON)], [true, false])
  const whole = await holds('double', { equals: '1' })
  assert.equal(whole(1), true)
  const int = await holds('int', { equals: 0 })
  assert.deepEqual([int(0), int(1)], [true, false])
})

test('equals compares all digits of a 64-bit number', async () => {
  const long = await holds('long', { equals: '9007199254740993' }, bigEncoderOf(record({ x: 'long' })))
  assert.deepEqual([long(9007199254740993n), long(9007199254740992n)], [true, false])
})

test('equals compares decimals and times by their text', async () => {
  const decimal = await holds(logical('bytes', 'decimal', { precision: 5, scale: 2 }), { equals: '1.50' })
  assert.deepEqual([decimal(Buffer.from([0, 150])), decimal(Buffer.from([0, 151]))], [true, false])
  const day = await holds(logical('int', 'date'), { equals: '2024-02-29' })
  assert.deepEqual([day(19_782), day(19_783)], [true, false])
})

test('in holds for any of the texts, and not for what is absent', async () => {
  const among = await holds(['null', 'string', 'boolean'], { in: ['a', true] })
  assert.deepEqual([among('a'), among(true), among('true'), among('b'), among(null)], [true, true, true, false, false])
})

test('exists holds for whatever is there, an empty text and false included; null is absent', async () => {
  const there = await holds(['null', 'string', 'boolean'], { exists: true })
  assert.deepEqual([there(''), there(false), there(null)], [true, true, false])
  const gone = await holds(['null', 'string'], { exists: false })
  assert.deepEqual([gone(null), gone('')], [true, false])
  const list = await holds(['null', { type: 'array', items: 'int' }], { exists: true })
  assert.deepEqual([list([]), list(null)], [true, false])
})

test('not holds for every other text, and for what is absent', async () => {
  const one = await holds(['null', 'string'], { not: 'x' })
  assert.deepEqual([one('x'), one('y'), one(''), one(null)], [false, true, true, true])
  const several = await holds(['null', 'int'], { not: [1, 2] })
  assert.deepEqual([several(1), several(2), several(3), several(null)], [false, false, true, true])
})

test('all tests of a condition and all conditions of a list must hold', async () => {
  const both = await holds(['null', 'string'], { exists: true, not: 'x' })
  assert.deepEqual([both('y'), both('x'), both(null)], [true, false, false])
  const several = await holds('int', [
    { field: 'x', not: 1 },
    { field: 'x', not: [2] },
    { field: 'x', in: [1, 2, 3] },
  ])
  assert.deepEqual([several(1), several(2), several(3), several(4)], [false, false, true, false])
})

test('a condition goes through unions and into records like any path', async () => {
  const union = ['null', record({ s: 'string' }, 'shop.A'), record({ s: statuses }, 'shop.B')]
  const { prepare } = await setUp({
    schema: record({ x: union }),
    mappings: [registration({}, { when: { field: 'x.s', equals: 'PAID' } })],
  })
  const kinds = [{ 'shop.A': { s: 'PAID' } }, { 'shop.B': { s: 'PAID' } }, { 'shop.B': { s: 'VOID' } }, null]
  assert.deepEqual(
    kinds.map((x) => prepare({ x }).kind),
    ['hit', 'hit', 'skip', 'skip'],
  )
})

test('a condition reads its field even if nothing else does', async () => {
  const { prepare } = await setUp({
    schema: record({ id: 'string', deep: record({ on: 'boolean' }, 'shop.Deep'), last: 'string' }),
    mappings: [registration({ customUserId: 'id' }, { when: { field: 'deep.on', equals: true } })],
  })
  assert.equal(prepare({ id: 'u', deep: { on: true }, last: 'z' }).kind, 'hit')
  assert.deepEqual(prepare({ id: 'u', deep: { on: false }, last: 'z' }), filtered)
})

test('a field that the schema lacks is absent, and that is said', async () => {
  const schema = record({ x: 'int' })
  const outcomes = []
  for (const when of [{ equals: 1 }, { exists: true }, { exists: false }, { not: 1 }]) {
    const { prepare, problems } = await setUp({ schema, mappings: [registration({}, { when: { field: 'gone', ...when } })] })
    outcomes.push(prepare({ x: 1 }).kind)
    assert.deepEqual(problems, ['when: the schema has no field gone'])
  }
  assert.deepEqual(outcomes, ['skip', 'skip', 'hit', 'hit'])
})

test('a condition that can never hold, or has nothing to compare, is said', async () => {
  const schema = record({
    status: statuses,
    flag: 'boolean',
    total: logical('bytes', 'decimal', { precision: 5, scale: 2 }),
    n: 'int',
    inner: record({ a: 'int' }, 'shop.Inner'),
  })
  const when = [
    { field: 'status', in: ['PAID', 'PAYED'] },
    { field: 'flag', equals: 'yes' },
    { field: 'total', equals: 1.5 },
    { field: 'n', not: ['1.0', 7] },
    { field: 'inner', equals: 1 },
    { field: 'inner', exists: true },
  ]
  const { problems } = await preparedWith(schema, when)
  assert.deepEqual(problems, [
    'when[0].in: status has no symbol PAYED',
    'when[1].equals: flag is boolean and never has the text "yes"',
    'when[2].equals: total is bytes (decimal) and never has the text "1.5"; its texts have 2 digits behind the point, written in quotes',
    'when[3].not: n is int and never has the text "1.0"',
    'when[4]: inner is record shop.Inner, which has no text to compare; name a place inside it, or use exists',
  ])
})

const preparedWith = async (schema: ReturnType<typeof record>, when: readonly Condition[]) => {
  const prepared = await setUp({ schema, mappings: [registration({}, { when })] })
  prepared.prepare({ status: 'PAID', flag: true, total: Buffer.from([1]), n: 1, inner: { a: 1 } })
  return prepared
}

test('a record that one mapping is not for is tried with the next', async () => {
  const schema = record({ status: statuses })
  const when = (status: string): Pick<Condition, 'field' | 'equals'> => ({ field: 'status', equals: status })
  const mappings: MappingSpec[] = [
    registration({ age: { value: 1 } }, { when: when('PAID') }),
    registration({ age: { value: 2 } }, { when: when('CAPTURED'), method: 'login' }),
  ]
  const { params, prepare } = await setUp({ schema, mappings })
  assert.deepEqual([params({ status: 'PAID' }).age, params({ status: 'CAPTURED' }).age], [1, 2])
  assert.deepEqual(prepare({ status: 'VOID' }), filtered)
  const rest = await setUp({ schema, mappings: [...mappings, { record: 'shop.Order', skip: true }] })
  assert.deepEqual(rest.prepare({ status: 'VOID' }), { kind: 'skip', reason: 'skipped' })
  assert.equal(rest.params({ status: 'PAID' }).age, 1)
})

test('of two mappings that are both for a record, the first is taken', async () => {
  const both = { field: 'x', exists: true }
  const mappings = [registration({ age: { value: 1 } }, { when: both }), registration({ age: { value: 2 } }, { when: [both] })]
  const { params } = await setUp({ schema: record({ x: 'int' }), mappings })
  assert.equal(params({ x: 1 }).age, 1)
})

test('where several mappings are for a record, a problem says whose it is', async () => {
  const { problems, prepare } = await setUp({
    schema: record({ x: 'int' }),
    mappings: [
      { record: 'shop.Other', skip: true },
      registration({ age: 'gone' }, { when: { field: 'x', equals: 1 } }),
      registration({}, { when: { field: 'nowhere', exists: true } }),
    ],
  })
  prepare({ x: 1 })
  assert.deepEqual(problems, [
    'mappings[1].params.age: the schema has no field gone',
    'mappings[2].when: the schema has no field nowhere',
  ])
})

test('a mapping with a time that can never be taken fails only the records that it is for', async () => {
  const mappings = [registration({ eventTimestamp: 'x' }, { when: { field: 'x', equals: 1 } })]
  const { prepare, reject } = await setUp({ schema: record({ x: 'long' }), mappings })
  assert.match(reject({ x: 1 }), /^mapping-failed: params.eventTimestamp/)
  assert.deepEqual(prepare({ x: 2 }), filtered)
})

test('a filtered canonical record does not come back as what it would be without a mapping', async () => {
  const schema = record({ customUserId: 'string' }, 'mytracker.Login')
  const mapping = { ...registration({ customUserId: 'customUserId' }), record: 'mytracker.Login' } as MappingSpec
  const { prepare } = await setUp({
    schema,
    mappings: [{ ...mapping, when: { field: 'customUserId', equals: 'a' } } as MappingSpec],
  })
  assert.deepEqual(prepare({ customUserId: 'b' }), filtered)
  assert.equal(prepare({ customUserId: 'a' }).kind, 'hit')
})
