import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SingleSource } from '../../src/mapping/spec.ts'
import { logical, preparing, record, recordTime, registration, texts } from './preparing.ts'

const setUp = preparing()

const maybe = ['null', 'string']
const schema = record({ a: maybe, b: maybe, n: ['null', 'int'], inner: record({ c: maybe }, 'shop.Inner') })
const event = { a: null, b: null, n: null, inner: { c: null } }

test('the first that gives something is taken; null and an empty text are nothing', async () => {
  const { params, dropped } = await setUp({ schema, mappings: [registration({ userAgent: { firstOf: ['a', 'b', 'inner.c'] } })] })
  assert.equal(params({ ...event, a: '1', b: '2' }).userAgent, '1')
  assert.equal(params({ ...event, b: '2', inner: { c: '3' } }).userAgent, '2')
  assert.equal(params({ ...event, a: '', inner: { c: '3' } }).userAgent, '3')
  assert.equal('userAgent' in params(event), false)
  assert.equal('userAgent' in params({ ...event, a: '' }), false)
  assert.deepEqual(dropped, [])
})

test('zero and false are something', async () => {
  const { params } = await setUp({
    schema: record({ n: ['null', 'int'], flag: 'boolean' }),
    mappings: [registration({ age: { firstOf: ['n', { value: 9 }] }, userAgent: { firstOf: ['flag', { value: 'x' }] } })],
  })
  const { age, userAgent } = params({ n: 0, flag: false })
  assert.deepEqual([age, userAgent], [0, 'false'])
})

test('constants, cases and defaults are sources like others', async () => {
  const firstOf: SingleSource[] = [
    { field: 'a', cases: { x: 'mapped' } },
    { field: 'b', default: 'fallback' },
  ]
  const { params } = await setUp({ schema, mappings: [registration({ userAgent: { firstOf } })] })
  assert.equal(params({ ...event, a: 'x', b: 'b' }).userAgent, 'mapped')
  assert.equal(params({ ...event, a: 'y', b: 'b' }).userAgent, 'b')
  assert.equal(params(event).userAgent, 'fallback')
})

test('an entry of a custom event may be the first of several', async () => {
  const { params } = await setUp({ schema, mappings: [texts({ who: { firstOf: ['a', 'n', { value: 'nobody' }] } })] })
  assert.deepEqual(params({ ...event, n: 7 }).customEventParams, { who: '7' })
  assert.deepEqual(params(event).customEventParams, { who: 'nobody' })
})

test('a value that breaks a rule is something: the next source is not tried for it', async () => {
  const { params, dropped } = await setUp({ schema, mappings: [registration({ ipv4: { firstOf: ['a', 'b'] } })] })
  assert.equal('ipv4' in params({ ...event, a: 'no address', b: '10.0.0.1' }), false)
  assert.deepEqual(dropped, ['ipv4'])
})

test('a source that this version of the schema lacks is no problem while another is there', async () => {
  const mapping = registration({ userAgent: { firstOf: ['newName', 'a'] } })
  const { params, problems } = await setUp({ schema, mappings: [mapping] })
  assert.equal(params({ ...event, a: 'v' }).userAgent, 'v')
  assert.deepEqual(problems, [])
})

test('it is a problem where none of the sources is there, or one is no text', async () => {
  const gone = await setUp({
    schema,
    mappings: [registration({ userAgent: { firstOf: ['x', 'y'] }, ipv4: { firstOf: ['inner', 'a'] } })],
  })
  gone.prepare(event)
  assert.deepEqual(gone.problems, [
    'params.userAgent.firstOf[0]: the schema has no field x',
    'params.userAgent.firstOf[1]: the schema has no field y',
    'params.ipv4.firstOf[0]: inner is record shop.Inner, and a text is needed; name a place inside it',
  ])
})

test('a time whose present sources can never be one fails instead of giving way to the time of the record', async () => {
  const timed = record({ bare: 'long', at: ['null', logical('long', 'timestamp-millis')] })
  const hopeless = await setUp({ schema: timed, mappings: [registration({ eventTimestamp: { firstOf: ['gone', 'bare'] } })] })
  assert.match(hopeless.reject({ bare: 1, at: null }), /^mapping-failed: params.eventTimestamp.firstOf\[1\]: bare is long/)
  const fits = await setUp({
    schema: timed,
    mappings: [registration({ eventTimestamp: { firstOf: ['at', { field: 'bare', unit: 's' }] } })],
  })
  assert.equal(fits.params({ bare: 1_600_000_000, at: null }).eventTimestamp, 1_600_000_000)
  assert.equal(fits.params({ bare: 1_600_000_000, at: 1_700_000_000_000 }).eventTimestamp, 1_700_000_000)
  const gone = await setUp({ schema: timed, mappings: [registration({ eventTimestamp: { firstOf: ['gone', 'too'] } })] })
  assert.equal(gone.params({ bare: 1, at: null }).eventTimestamp, Math.floor(recordTime / 1_000))
})

test('versions of a schema side by side are each read by their own', async () => {
  const mappings = [registration({ userAgent: { firstOf: ['agent', 'userAgent'] }, age: 'age' })]
  const old = await setUp({ schema: record({ userAgent: 'string' }), mappings })
  const young = await setUp({ schema: record({ agent: maybe, userAgent: 'string', age: 'int' }), mappings })
  const { userAgent, age } = old.params({ userAgent: 'old' })
  assert.deepEqual([userAgent, age], ['old', undefined])
  const later = young.params({ agent: 'new', userAgent: 'old', age: 30 })
  assert.deepEqual([later.userAgent, later.age], ['new', 30])
  assert.deepEqual([old.problems, young.problems], [['params.age: the schema has no field age'], []])
})
