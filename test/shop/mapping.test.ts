import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Schema } from 'avsc'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Hit } from '../../src/core/hit.ts'
import type { SourceRecord } from '../../src/core/record.ts'
import { Mappings } from '../../src/mapping/compile.ts'
import { paramRules } from '../../src/param-rules.ts'
import { RecordPreparer } from '../../src/prepare.ts'
import type { Kind, ShopTopic } from '../../src/shop/events.ts'
import { shopEvents, subjects, typeOf } from '../../src/shop/events.ts'
import type { Deed } from '../../src/shop/payloads.ts'
import {
  FIRST_EVENT_S,
  finishedV1,
  finishedV2,
  loggedIn,
  paidV1,
  paidV2,
  registeredV1,
  registeredV2,
} from '../../src/shop/payloads.ts'
import { framed } from '../avro/encoded.ts'
import type { CacheUnderTest } from '../avro/stand-in-registry.ts'
import { openCache } from '../avro/stand-in-registry.ts'

const ids = new Map<Kind, number>(subjects.map(({ kind }, index) => [kind, index + 1]))

let under: CacheUnderTest
let preparer: RecordPreparer
const problems: string[] = []
const dropped: string[] = []

before(async () => {
  under = await openCache()
  for (const { kind, schema, references } of subjects) {
    const id = ids.get(kind) as number
    const referred = references.map(({ name, subject, schema }) => ({ schema, reference: { name, subject, version: id } }))
    for (const each of referred) under.registry.putVersion(each.reference, each.schema as Schema)
    under.registry.put(
      id,
      schema as Schema,
      referred.map(({ reference }) => reference),
    )
    await under.load(id)
  }
  const { mappings, unmapped, invalidParams, batch, tracker } = demoConfig()
  preparer = new RecordPreparer({
    schemas: under.cache,
    mappings: new Mappings({
      ...{ mappings, unmapped, invalidParams, apps: tracker.apps, maxBytes: batch.maxBytes },
      modules: new Map(),
      onDropped: (params) => dropped.push(...params),
    }),
    onProblems: (record, _topic, found) => problems.push(...found.map((problem) => `${record} ${problem}`)),
  })
})
after(() => under.end())

function demoConfig(): Config {
  const loaded = loadConfig(fileURLToPath(new URL('../../config/demo.yaml', import.meta.url)), {}, paramRules)
  assert.ok('config' in loaded, JSON.stringify(loaded))
  assert.deepEqual(loaded.notes, [])
  return loaded.config
}

const recordOf = (topic: string, value: Buffer | null): SourceRecord => ({
  ...{ topic, value, partition: 0, offset: 0, timestamp: 1_700_000_000_000, key: null },
  ...{ headers: undefined, history: undefined },
})

/** The hit of an event, as `app method` and the parameters. */
function hitOf(kind: Kind, topic: ShopTopic, event: object): readonly [string, unknown] {
  const value = framed(ids.get(kind) as number, typeOf(kind).toBuffer(event))
  const hit = preparer.prepare(recordOf(topic, value)) as Hit
  assert.equal(hit.kind, 'hit', JSON.stringify(hit))
  return [`${hit.route.app} ${hit.route.method}`, JSON.parse(hit.json)]
}

const deed: Deed = { user: 44, number: 7 }
const who = { customUserId: 'user-44', eventTimestamp: FIRST_EVENT_S + 7 }

interface Case {
  readonly kind: Kind
  readonly topic: ShopTopic
  readonly event: object
  readonly to: string
  readonly params: object
}

const order = {
  orderId: 'order-7',
  amount: '1.07',
  currency: 'EUR',
  firstItem: 'sku-7',
  firstPrice: '0.57',
  campaign: 'spring',
}
const level = { level: '7', score: '7000', reward: '25', firstSplit: '12.5', season: 'summer' }

const cases: readonly Case[] = [
  {
    ...{ kind: 'userRegisteredV1', topic: 'shop.users', event: registeredV1(deed) },
    to: 'shop-android registration',
    params: { ...who, idGender: 1, age: 62, ipv4: '10.0.44.7', connectionType: 0 },
  },
  {
    ...{ kind: 'userRegisteredV2', topic: 'shop.users', event: registeredV2(deed) },
    to: 'shop-android registration',
    params: { ...who, idGender: 1, age: 62, ipv4: '10.0.44.7', connectionType: 1 },
  },
  {
    ...{ kind: 'userLoggedIn', topic: 'shop.users', event: loggedIn(deed) },
    to: 'shop-android login',
    params: { ...who, userAgent: 'ShopApp/3.1' },
  },
  {
    ...{ kind: 'orderPaidV1', topic: 'shop.orders', event: paidV1(deed) },
    to: 'shop-android customEvent',
    params: {
      ...{ ...who, customEventName: 'orderPaid' },
      customEventParams: { ...order, paidWith: 'unknown', delivery: '0.00' },
    },
  },
  {
    ...{ kind: 'orderPaidV2', topic: 'shop.orders', event: paidV2(deed) },
    to: 'shop-android customEvent',
    params: {
      ...{ ...who, customEventName: 'orderPaid' },
      customEventParams: { ...order, paidWith: 'VISA', delivery: '4.99' },
    },
  },
  {
    ...{ kind: 'levelFinishedV1', topic: 'shop.game', event: finishedV1(deed) },
    to: 'shop-android customEvent',
    params: { ...who, customEventName: 'levelLost', customEventParams: level },
  },
  {
    ...{ kind: 'levelFinishedV2', topic: 'shop.game', event: finishedV2(deed) },
    to: 'shop-android customEvent',
    params: {
      ...{ ...who, customEventName: 'levelLost' },
      customEventParams: { ...level, difficulty: 'EASY', guild: 'Sharks', rival: 'user-45' },
    },
  },
]

for (const { kind, topic, event, to, params } of cases) {
  test(`${kind} of ${topic} becomes a hit by the demo's YAML alone`, () => {
    assert.deepEqual(hitOf(kind, topic, event), [to, params])
  })
}

test('the other branches of version 2 are read by the same paths', () => {
  const web: Deed = { user: 45, number: 5 }
  const [to, wallet] = hitOf('orderPaidV2', 'shop.orders', paidV2(web))
  assert.equal(to, 'shop-web customEvent')
  assert.equal((wallet as { customEventParams: { paidWith: string } }).customEventParams.paidWith, 'shop-wallet')
  const [, won] = hitOf('levelFinishedV2', 'shop.game', finishedV2({ user: 45, number: 12 }))
  assert.deepEqual(won, {
    ...{ customUserId: 'user-45', eventTimestamp: FIRST_EVENT_S + 12, customEventName: 'levelWon' },
    customEventParams: { level: '12', score: '12000', season: 'summer', guild: 'Sharks' },
  })
  const [, left] = hitOf('levelFinishedV2', 'shop.game', finishedV2(web))
  assert.deepEqual(left, {
    ...{ customUserId: 'user-45', eventTimestamp: FIRST_EVENT_S + 5, customEventName: 'levelLeft' },
    customEventParams: {
      ...{ level: '5', score: '5000', reward: 'Shark', firstSplit: '12.5', season: 'summer' },
      ...{ difficulty: 'HARD', guild: 'Sharks', rival: 'user-46' },
    },
  })
  const [, proxied] = hitOf('userRegisteredV2', 'shop.users', registeredV2(web))
  assert.deepEqual(proxied, {
    ...{ customUserId: 'user-45', eventTimestamp: FIRST_EVENT_S + 5 },
    ...{ idGender: 0, ipv4: '10.1.0.1', connectionType: 2 },
  })
})

test('every event of the shop becomes what it must, with its own time, and no mapping misses a field in either version', () => {
  const outcomes = { accepted: 'hit', skipped: 'skip', 'dead-letter': 'reject' } as const
  const seen = new Set<number | undefined>()
  for (const { number, topic, value, fate } of shopEvents(1_000, 1, ids)) {
    // The first has a schema that no registry knows, which takes the cache half a minute to say.
    if (number === 0) continue
    const outcome = preparer.prepare(recordOf(topic, value))
    assert.equal(outcome.kind, outcomes[fate], `${number}: ${JSON.stringify(outcome)}`)
    if (outcome.kind === 'hit') assert.equal(JSON.parse(outcome.json).eventTimestamp, FIRST_EVENT_S + number)
    if (fate !== 'dead-letter') seen.add(value?.readUInt32BE(1))
  }
  const unseen = subjects.filter(({ kind }) => !seen.has(ids.get(kind))).map(({ kind }) => kind)
  assert.deepEqual(unseen, ['orderShipped'])
  assert.deepEqual(problems, [])
  assert.deepEqual(dropped, [])
})
