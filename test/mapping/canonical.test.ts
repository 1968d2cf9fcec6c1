import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Schema } from 'avsc'
import { paramNames } from '../../src/tracker/spec.ts'
import { preparing, recordTime } from './preparing.ts'

const setUp = preparing()

type Name = 'Registration' | 'Login' | 'CustomEvent'

const schemaOf = (name: Name): Schema & { readonly fields: readonly { readonly name: string }[] } =>
  JSON.parse(readFileSync(new URL(`../../schemas/mytracker.${name}.avsc`, import.meta.url), 'utf8'))

/** An event of a canonical record; what is not given is null. */
const eventOf = (name: Name, given: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  ...Object.fromEntries(schemaOf(name).fields.map((field) => [field.name, null])),
  ...given,
})

const one = [{ name: 'shop', vkMiniApp: false }]
const two = [...one, { name: 'second', vkMiniApp: false }]

for (const [name, method] of [
  ['Registration', 'registration'],
  ['Login', 'login'],
] as const) {
  test(`a ${name} needs no mapping`, async () => {
    const { prepare, problems } = await setUp({ schema: schemaOf(name), apps: one })
    const outcome = prepare(eventOf(name, { customUserId: 'u-1', age: 30 }))
    assert.ok(outcome.kind === 'hit')
    assert.deepEqual([outcome.route.app, outcome.route.method], ['shop', method])
    assert.deepEqual(JSON.parse(outcome.json), { customUserId: 'u-1', age: 30, eventTimestamp: Math.floor(recordTime / 1_000) })
    assert.deepEqual(problems, [])
  })
}

test('a CustomEvent takes every parameter there is', async () => {
  const { params, problems, dropped } = await setUp({ schema: schemaOf('CustomEvent'), apps: one })
  const id = '0e8400f2-e29b-41d4-a716-446655440000'
  const all = {
    customEventName: 'n',
    customUserId: 'u',
    ipv4: '10.0.0.1',
    ipv6: '::1',
    ...{ idGender: 1, age: 30, connectionType: 2, bluetoothEnabled: 0, adTrackingEnabled: 1, adBlocker: 0 },
    ...{ instanceId: id, idfa: id, iosVendorId: id, gaid: id, appSetId: id },
    androidId: '0123456789abcdef',
    lvid: id.replaceAll('-', ''),
    userAgent: 'agent',
    customPlatformUserId: '5',
    vkPlatform: 'mobile_web',
    customEventParams: { a: 'b' },
  }
  const event = eventOf('CustomEvent', { ...all, eventTimestamp: 1_600_000_000_999 })
  assert.deepEqual(params(event), { ...all, eventTimestamp: 1_600_000_000 })
  assert.deepEqual(new Set(Object.keys(params(event))), new Set(paramNames))
  assert.deepEqual([problems, dropped], [[], []])
})

test('with one app the field `app` may be null or name it', async () => {
  const { prepare } = await setUp({ schema: schemaOf('Login'), apps: one })
  for (const app of [null, 'shop']) assert.equal(prepare(eventOf('Login', { customUserId: 'u', app })).kind, 'hit')
})

test('with several apps the field `app` must name one of them', async () => {
  const { prepare, reject } = await setUp({ schema: schemaOf('Login'), apps: two })
  const outcome = prepare(eventOf('Login', { customUserId: 'u', app: 'second' }))
  assert.ok(outcome.kind === 'hit')
  assert.equal(outcome.route.app, 'second')
  for (const app of [null, 'third', '']) {
    assert.match(reject(eventOf('Login', { customUserId: 'u', app })), /^mapping-failed: app: app is none of shop, second/)
  }
})

test('a mapping of a canonical record goes before what it would be without', async () => {
  const { prepare } = await setUp({ schema: schemaOf('Login'), apps: one, mappings: [{ record: 'mytracker.Login', skip: true }] })
  assert.deepEqual(prepare(eventOf('Login', { customUserId: 'u' })), { kind: 'skip', reason: 'skipped' })
})

test('an older copy of a canonical record, with fewer fields, works as far as it goes', async () => {
  const schema = {
    type: 'record',
    name: 'mytracker.Login',
    fields: [{ name: 'customUserId', type: 'string' }],
  } as Schema
  const { params, problems } = await setUp({ schema, apps: one })
  assert.equal(params({ customUserId: 'u' }).customUserId, 'u')
  assert.ok(problems.every((problem) => problem.includes('the schema has no field')))
})
