import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Hit, Method } from '../../src/core/hit.ts'
import type { MappingSpec, Source } from '../../src/mapping/spec.ts'
import { brokenRule } from '../../src/simulator/rules.ts'
import { paramNames } from '../../src/tracker/spec.ts'
import { logical, preparing, record } from './preparing.ts'

const setUp = preparing()

const line = record({ sku: 'string', price: logical('bytes', 'decimal', { precision: 9, scale: 2 }) }, 'shop.Line')
const card = record({ pan: 'string', at: logical('long', 'timestamp-millis') }, 'shop.Card')
const cash = record({ at: logical('long', 'timestamp-micros'), till: ['null', 'int'] }, 'shop.Cash')

const schema = record({
  id: 'string',
  maybeId: ['null', 'string'],
  at: logical('long', 'timestamp-millis'),
  iso: 'string',
  day: logical('int', 'date'),
  small: 'int',
  big: 'long',
  ratio: 'double',
  single: 'float',
  flag: 'boolean',
  colour: { type: 'enum', name: 'shop.Colour', symbols: ['RED', 'GREEN', 'BLUE'] },
  raw: 'bytes',
  total: logical('fixed', 'decimal', { name: 'shop.Total', size: 6, precision: 12, scale: 3 }),
  lines: { type: 'array', items: 'shop.Line' },
  first: line,
  payment: ['null', card, cash],
  anything: ['null', 'boolean', 'string', 'double'],
  numbers: ['int', 'double', 'string'],
  tags: { type: 'map', values: 'string' },
  facts: { type: 'map', values: ['null', 'boolean', 'long', 'string'] },
})
// A named type stands before it is named again.
const fields = (schema as unknown as { fields: { name: string }[] }).fields
fields.sort((a, b) => Number(b.name === 'first') - Number(a.name === 'first'))

const paths = [
  ...['id', 'maybeId', 'at', 'iso', 'day', 'small', 'big', 'ratio', 'single', 'flag', 'colour', 'raw', 'total', 'lines', 'first'],
  ...['lines.0.sku', 'lines.1.price', 'first.price', 'payment.at', 'payment.pan', 'payment.till', 'payment', 'anything'],
  ...['numbers', 'tags', 'tags.a', 'tags."x.y"', 'facts', 'facts.__proto__', 'tags.constructor', 'gone', 'id.deep', 'anything.x'],
]

const scalars = fc.oneof(fc.integer({ min: -1, max: 130 }), fc.boolean(), fc.constantFrom('', 'text', '1', '😀', 'x'.repeat(300)))

const sources: fc.Arbitrary<Source> = fc.oneof(
  fc.constantFrom(...paths),
  fc.record({ value: scalars }),
  fc.record({ field: fc.constantFrom(...paths), default: scalars }),
  fc.record({
    field: fc.constantFrom(...paths),
    cases: fc.dictionary(fc.constantFrom('RED', 'true', 'false', '0', '1', '', 'constructor'), scalars),
  }),
)

const entries = fc.oneof(
  fc.constantFrom('tags', 'facts', 'id', 'gone', 'anything'),
  fc.dictionary(fc.oneof(fc.constantFrom('__proto__', 'constructor', 'a', ''), fc.string()), sources, { maxKeys: 4 }),
)

const names = paramNames.filter((name) => name !== 'customEventParams')
const someParams = fc
  .tuple(fc.dictionary(fc.constantFrom(...names), sources, { maxKeys: 8 }), fc.option(entries, { nil: undefined }))
  .map(([params, more]) => (more === undefined ? params : { ...params, customEventParams: more }))

const mappings: fc.Arbitrary<MappingSpec> = fc.record({
  record: fc.constant('shop.Order'),
  app: fc.constantFrom('shop', 'vk', { field: 'colour', cases: { RED: 'shop', BLUE: 'vk' } }),
  method: fc.constantFrom<Method>('registration', 'login', 'customEvent'),
  params: someParams.map((params) => ({ customUserId: 'id', customEventName: { value: 'n' }, ...params })),
})

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '10.0.0.1', '2024-02-29T12:00:00Z', 'x'.repeat(2_000)),
)
const bytes = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array))
const wide = fc.integer({ min: -(2 ** 52), max: 2 ** 52 })
const time = fc.oneof(fc.integer({ min: 1_500_000_000_000, max: 1_800_000_000_000 }), wide)
const aLine = fc.record({ sku: text, price: bytes(3) })

const events = fc.record({
  id: text,
  maybeId: fc.option(text),
  at: time,
  iso: text,
  day: fc.integer(),
  small: fc.integer(),
  big: wide,
  ratio: fc.double(),
  single: fc.float(),
  flag: fc.boolean(),
  colour: fc.constantFrom('RED', 'GREEN', 'BLUE'),
  raw: bytes(2),
  total: bytes(6),
  lines: fc.array(aLine, { maxLength: 3 }),
  first: aLine,
  payment: fc.option(
    fc.oneof(
      fc.record({ 'shop.Card': fc.record({ pan: text, at: time }) }),
      fc.record({ 'shop.Cash': fc.record({ at: time, till: fc.option(fc.integer()) }) }),
    ),
  ),
  anything: fc.option(fc.oneof(fc.boolean(), text, fc.double())),
  numbers: fc.oneof(fc.record({ int: fc.integer() }), fc.record({ double: fc.double() }), fc.record({ string: text })),
  tags: fc.dictionary(fc.oneof(fc.constantFrom('a', 'x.y', '__proto__'), fc.string()), text),
  facts: fc.dictionary(fc.string(), fc.option(fc.oneof(fc.boolean(), wide, text))),
})

const keepsTheRules = ({ route, json, bytes: size }: Hit): void => {
  assert.equal(brokenRule(route.method, JSON.parse(json), { vkMiniApp: route.app === 'vk' }), undefined)
  assert.ok(json.isWellFormed())
  assert.equal(Buffer.byteLength(json), size)
  assert.ok(size <= 4_000)
}

test('whatever is mapped from whatever event, nothing throws and every hit keeps the rules of the tracker', async () => {
  const apps = [
    { name: 'shop', vkMiniApp: false },
    { name: 'vk', vkMiniApp: true },
  ]
  const outcomes = { hit: 0, skip: 0, reject: 0 }
  await fc.assert(
    fc.asyncProperty(
      mappings,
      fc.array(events, { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      async (mapping, some, isStrict) => {
        const invalidParams = isStrict ? 'reject' : 'drop'
        const { prepare } = await setUp({ schema, mappings: [mapping], apps, invalidParams, maxBytes: 4_000 })
        for (const event of some) {
          const outcome = prepare(event)
          outcomes[outcome.kind] += 1
          if (outcome.kind === 'hit') keepsTheRules(outcome)
          if (outcome.kind === 'reject') assert.ok(outcome.detail.length > 0)
        }
      },
    ),
    { seed: 1, numRuns: 200 },
  )
  assert.ok(outcomes.hit > 50 && outcomes.reject > 50, `too one-sided to prove anything: ${JSON.stringify(outcomes)}`)
})
