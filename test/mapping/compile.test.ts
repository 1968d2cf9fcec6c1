import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Schema } from 'avsc'
import avro from 'avsc'
import { WriterSchema } from '../../src/avro/writer-schema.ts'
import { Mappings } from '../../src/mapping/compile.ts'
import type { MappingSpec } from '../../src/mapping/spec.ts'
import { RecordPreparer } from '../../src/prepare.ts'
import { encoderOf, framed } from '../avro/encoded.ts'
import { preparing, record, recordTime, registration } from './preparing.ts'

const setUp = preparing()

const platforms = { type: 'enum', name: 'shop.Platform', symbols: ['ANDROID', 'IOS', 'WEB'] }
const apps = [
  { name: 'shop', vkMiniApp: false },
  { name: 'android', vkMiniApp: false },
  { name: 'vk', vkMiniApp: true },
]
const schema = record({ platform: ['null', platforms], id: 'string' })
const event = { platform: 'ANDROID', id: 'u-1' }

test('a value of null is a tombstone, whatever is mapped', async () => {
  const { prepare } = await setUp({ schema })
  assert.deepEqual(prepare(event, { value: null }), { kind: 'skip', reason: 'tombstone' })
})

test('a value that cannot be decoded is a reject of its own', async () => {
  const { reject } = await setUp({ schema, mappings: [registration({})] })
  assert.match(reject(event, { value: Buffer.from('{"id":1}') }), /^not-framed: /)
  assert.match(
    reject(event, { value: Buffer.from([0, 0, 0, 0, 1, 9]) }),
    /^malformed: the value does not fit schema 1 \(shop.Order\)/,
  )
})

test('the app is taken from a field', async () => {
  const app = { field: 'platform', cases: { ANDROID: 'android', IOS: 'shop' } }
  const { prepare, reject } = await setUp({ schema, apps, mappings: [registration({}, { app })] })
  const outcome = prepare(event)
  assert.ok(outcome.kind === 'hit')
  assert.deepEqual([outcome.route.app, outcome.route.method], ['android', 'registration'])
  for (const platform of ['WEB', null]) {
    assert.match(reject({ ...event, platform }), /^mapping-failed: app: platform is none of ANDROID, IOS; add a case/)
  }
})

test('an app that no case names is the default', async () => {
  const app = { field: 'platform', cases: { ANDROID: 'android' }, default: 'shop' }
  const { prepare } = await setUp({ schema, apps, mappings: [registration({}, { app })] })
  for (const platform of ['WEB', null]) {
    const outcome = prepare({ ...event, platform })
    assert.ok(outcome.kind === 'hit')
    assert.equal(outcome.route.app, 'shop')
  }
})

test('an app taken from a field that the schema lacks is the default, or fails', async () => {
  const app = { field: 'gone', cases: { A: 'android' } }
  const failing = await setUp({ schema, apps, mappings: [registration({}, { app })] })
  assert.match(failing.reject(event), /^mapping-failed/)
  const falling = await setUp({ schema, apps, mappings: [registration({}, { app: { ...app, default: 'shop' } })] })
  assert.equal(falling.prepare(event).kind, 'hit')
})

test('hits of one app and method share one route, across mappings and schemas', async () => {
  const { prepare } = await setUp({
    schema,
    apps,
    mappings: [
      registration({}, { topic: 'a' }),
      registration({}, { topic: 'b' }),
      registration({}, { topic: 'c', method: 'login' }),
      registration({}, { topic: 'd', app: 'android' }),
    ],
  })
  const routes = ['a', 'b', 'c', 'd'].map((topic) => {
    const outcome = prepare(event, { topic })
    return outcome.kind === 'hit' ? outcome.route : undefined
  })
  assert.equal(routes[0], routes[1])
  assert.equal(new Set(routes).size, 3)
})

test('the requirements of an app are those of its own platform', async () => {
  const app = { field: 'platform', cases: { ANDROID: 'android', WEB: 'vk' } }
  const mappings = [registration({ customPlatformUserId: 'id' }, { app })]
  const { prepare, reject } = await setUp({ schema, apps, mappings })
  assert.equal(prepare(event).kind, 'hit')
  assert.match(reject({ ...event, platform: 'WEB' }), /^invalid-hit: vkPlatform/)
})

test('the first mapping that matches wins, and one of another topic or record does not', async () => {
  const mappings: MappingSpec[] = [
    { record: 'shop.Other', skip: true },
    { record: 'shop.Order', topic: 'elsewhere', skip: true },
    registration({ age: { value: 1 } }, { topic: 'orders' }),
    registration({ age: { value: 2 } }),
    { record: 'shop.Order', skip: true },
  ]
  const { params, prepare } = await setUp({ schema, mappings })
  assert.equal(params(event).age, 1)
  assert.equal(params(event, { topic: 'third' }).age, 2)
  assert.deepEqual(prepare(event, { topic: 'elsewhere' }), { kind: 'skip', reason: 'skipped' })
})

test('a record without a mapping is a reject that names it, or is skipped', async () => {
  const strict = await setUp({ schema })
  assert.match(strict.reject(event), /^unmapped: no mapping is for record shop.Order of topic orders;/)
  const lenient = await setUp({ schema, unmapped: 'skip' })
  assert.deepEqual(lenient.prepare(event), { kind: 'skip', reason: 'unmapped' })
})

test('a record that is skipped is not even looked into', async () => {
  const { prepare } = await setUp({ schema, mappings: [{ record: 'shop.Order', skip: true }] })
  assert.deepEqual(prepare(event), { kind: 'skip', reason: 'skipped' })
})

test('the time of an event that has none is that of its record, and of a record without time the tracker’s own', async () => {
  const { params } = await setUp({ schema, mappings: [registration({})] })
  assert.equal(params(event).eventTimestamp, Math.floor(recordTime / 1_000))
  assert.equal('eventTimestamp' in params(event, { timestamp: -1 }), false)
})

test('a time out of range is a reject, the record’s own included', async () => {
  const { reject } = await setUp({ schema, mappings: [registration({})] })
  assert.match(reject(event, { timestamp: 1_000 }), /^invalid-hit: eventTimestamp/)
})

test('a parameter that breaks a rule is dropped and counted, or rejects', async () => {
  const mappings = [registration({ ipv4: 'id' })]
  const dropping = await setUp({ schema, mappings })
  assert.equal('ipv4' in dropping.params(event), false)
  assert.deepEqual(dropping.dropped, ['ipv4'])
  const rejecting = await setUp({ schema, mappings, invalidParams: 'reject' })
  assert.match(rejecting.reject(event), /^invalid-hit: ipv4/)
})

test('a required parameter that is not there is a reject', async () => {
  const { reject } = await setUp({ schema, mappings: [registration({ customUserId: 'id' })] })
  assert.match(reject({ ...event, id: '' }), /^invalid-hit: customUserId/)
})

test('a hit that is too large by itself is a reject, and one that just fits is none', async () => {
  const mappings = [registration({ customUserId: 'id' })]
  const small = await setUp({ schema, mappings })
  const outcome = small.prepare({ ...event, id: 'ж'.repeat(100) })
  assert.ok(outcome.kind === 'hit')
  const fitting = await setUp({ schema, mappings, maxBytes: outcome.bytes })
  assert.equal(fitting.prepare({ ...event, id: 'ж'.repeat(100) }).kind, 'hit')
  assert.match(
    fitting.reject({ ...event, id: `${'ж'.repeat(100)}x` }),
    /^too-large: the hit alone has \d+ bytes; the tracker takes \d+/,
  )
})

test('what the author of a mapping should mend is listed once for each topic, and the rest works', async () => {
  const fields = { text: 'string', flag: 'boolean', colour: platforms, inner: record({ a: 'int' }, 'shop.Inner'), n: 'long' }
  const mapping = registration({
    nonsense: 'text',
    ipv4: 'gone',
    userAgent: 'inner',
    age: 'text',
    idGender: { field: 'colour', cases: { ANDROID: 1, WINDOWS: 2 } },
    adBlocker: { field: 'text', cases: { on: 'yes' } },
    connectionType: { value: 'fast' },
    bluetoothEnabled: 'flag',
  })
  const { params, problems } = await setUp({ schema: record(fields), mappings: [mapping] })
  const value = { text: 'on', flag: true, colour: 'ANDROID', inner: { a: 1 }, n: 5 }
  const expected = { customUserId: 'u', idGender: 1, eventTimestamp: Math.floor(recordTime / 1_000) }
  assert.deepEqual(params(value), expected)
  assert.deepEqual(params(value), expected)
  assert.deepEqual(problems, [
    'params.nonsense: is no parameter of the tracker',
    'params.ipv4: the schema has no field gone',
    'params.userAgent: inner is record shop.Inner, and a text is needed; name a place inside it',
    'params.age: text is string, and a number is needed; translate its texts with cases',
    'params.idGender: cases.WINDOWS: colour has no symbol WINDOWS',
    'params.adBlocker: cases.on: "yes" is not a number',
    'params.connectionType: "fast" is not a number',
    'params.bluetoothEnabled: flag is boolean, and a number is needed; translate its texts with cases',
  ])
  params(value, { topic: 'second' })
  assert.equal(problems.length, 16)
})

test('entries that have no text are problems by their name', async () => {
  const list = { type: 'array', items: 'int' }
  const fields = { list, bytes: 'bytes', map: { type: 'map', values: list }, text: 'string' }
  const mapping = (customEventParams: string | Record<string, string>, topic: string): MappingSpec => ({
    record: 'shop.Order',
    topic,
    app: 'shop',
    method: 'customEvent',
    params: { customUserId: { value: 'u' }, customEventName: { value: 'n' }, customEventParams },
  })
  const { params, problems } = await setUp({
    schema: record(fields),
    mappings: [mapping({ l: 'list', b: 'bytes', t: 'text' }, 'a'), mapping('map', 'b'), mapping('text', 'c')],
  })
  const value = { list: [1], bytes: Buffer.from('b'), map: { k: [1] }, text: 't' }
  assert.deepEqual(params(value, { topic: 'a' }).customEventParams, { t: 't' })
  assert.equal(params(value, { topic: 'b' }).customEventParams, undefined)
  assert.equal(params(value, { topic: 'c' }).customEventParams, undefined)
  assert.deepEqual(problems, [
    'params.customEventParams.l: list is array, and a text is needed; name a place inside it',
    'params.customEventParams.b: bytes is bytes, and a text is needed; name a place inside it',
    'params.customEventParams: a value of map is array, which has no text',
    'params.customEventParams: text is no map; name entries one by one',
  ])
})

test('what does not fit a schema about the choice of the app is said, too', async () => {
  const inner = record({ a: 'int' }, 'shop.Inner')
  const problemsOf = async (app: object): Promise<string[]> => {
    const { prepare, problems } = await setUp({
      schema: record({ platform: platforms, inner }),
      apps,
      mappings: [registration({}, { app: { cases: { IOS: 'shop' }, ...app } as never })],
    })
    prepare({ platform: 'IOS', inner: { a: 1 } })
    return problems
  }
  assert.deepEqual(await problemsOf({ field: 'platform' }), [])
  assert.deepEqual(await problemsOf({ field: 'gone' }), ['app: the schema has no field gone'])
  assert.deepEqual(await problemsOf({ field: 'inner' }), [
    'app: inner is record shop.Inner, which has no text that cases could translate',
  ])
  assert.deepEqual(await problemsOf({ field: 'platform', cases: { IOS: 'shop', SYMBIAN: 'shop' } }), [
    'app: cases.SYMBIAN: platform has no symbol SYMBIAN',
  ])
})

test('a default of a wrong kind, and a map that is not there, are said', async () => {
  const mapping = registration(
    { age: { field: 'id', cases: { a: 1 }, default: 'old' }, customEventParams: 'gone' },
    { method: 'customEvent' },
  )
  const { prepare, problems } = await setUp({ schema, mappings: [mapping] })
  prepare(event)
  assert.deepEqual(problems, [
    'params.age: default: "old" is not a number',
    'params.customEventParams: the schema has no field gone',
  ])
})

test('several versions of a schema in one topic are each mapped by their own, a later field from its version on', () => {
  const encodings = [
    { id: 1, schema: record({ id: 'string' }) },
    { id: 2, schema: record({ age: ['null', 'int'], id: 'string' }) },
    { id: 3, schema: record({ id: 'long', age: 'int' }) },
  ]
  const versions = new Map(
    encodings.map(({ id, schema: each }) => [id, new WriterSchema(id, avro.Type.forSchema(each), () => undefined)] as const),
  )
  const said: string[] = []
  const mappings = new Mappings({
    ...{ apps, unmapped: 'dead-letter', invalidParams: 'drop', maxBytes: 10_000, modules: new Map(), onDropped: () => undefined },
    mappings: [registration({ customUserId: 'id', age: 'age' }, { when: { field: 'age', not: 0 } })],
  })
  const preparer = new RecordPreparer({
    schemas: { get: (id) => versions.get(id) as WriterSchema },
    mappings,
    onProblems: (_record, _topic, problems) => said.push(...problems),
  })
  const outcomeOf = (id: number, value: unknown): unknown => {
    const encode = encoderOf(encodings[id - 1]?.schema as Schema)
    const record = {
      topic: 'orders',
      partition: 0,
      offset: 0,
      timestamp: recordTime,
      key: null,
      headers: undefined,
      history: undefined,
    }
    const outcome = preparer.prepare({ ...record, value: framed(id, encode(value)) })
    if (outcome.kind !== 'hit') return outcome.kind
    const { customUserId, age } = JSON.parse(outcome.json)
    return [customUserId, age]
  }
  for (let turn = 0; turn < 2; turn += 1) {
    assert.deepEqual(outcomeOf(1, { id: 'a' }), ['a', undefined])
    assert.deepEqual(outcomeOf(2, { id: 'b', age: 30 }), ['b', 30])
    assert.deepEqual(outcomeOf(3, { id: 7, age: 31 }), ['7', 31])
    assert.deepEqual(outcomeOf(2, { id: 'b', age: 0 }), 'skip')
  }
  assert.deepEqual(said, ['params.age: the schema has no field age', 'when: the schema has no field age'])
})
