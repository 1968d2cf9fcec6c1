import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Schema } from 'avsc'
import fc from 'fast-check'
import type { Hit } from '../../src/core/hit.ts'
import type { MappingSpec } from '../../src/mapping/spec.ts'
import { brokenRule } from '../../src/simulator/rules.ts'
import { logical, preparing, record } from './preparing.ts'
import { mappingsOf, modules } from './random-mapping.ts'
import { pathsOf, schemas, valuesOf } from './random-schema.ts'

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

const apps = [
  { name: 'shop', vkMiniApp: false },
  { name: 'vk', vkMiniApp: true },
]

interface Case {
  readonly schema: Schema
  readonly mappings: readonly MappingSpec[]
  readonly events: readonly unknown[]
  readonly isStrict: boolean
}

/** Throws where something goes wrong; counts what came of the events. */
async function tryOut({ schema: of, mappings, events: some, isStrict }: Case, outcomes: Map<string, number>): Promise<void> {
  const invalidParams = isStrict ? 'reject' : 'drop'
  const { prepare } = await setUp({ schema: of, mappings, modules, apps, invalidParams, maxBytes: 4_000 })
  for (const event of some) {
    const outcome = prepare(event)
    const word = outcome.kind === 'hit' ? 'hit' : outcome.reason
    outcomes.set(word, (outcomes.get(word) ?? 0) + 1)
    if (outcome.kind === 'hit') keepsTheRules(outcome)
    if (outcome.kind === 'reject') assert.ok(outcome.detail.length > 0 && outcome.detail.isWellFormed())
  }
}

/** Every kind of outcome came up often enough to say that it does no harm. */
function assertVaried(outcomes: ReadonlyMap<string, number>): void {
  const kinds = { hit: 50, filtered: 20, skipped: 5, 'mapping-failed': 20, 'invalid-hit': 50 }
  const rare = Object.entries(kinds).filter(([kind, least]) => (outcomes.get(kind) ?? 0) < least)
  assert.deepEqual(rare, [], `too one-sided to prove anything: ${JSON.stringify([...outcomes])}`)
}

test('whatever is mapped from whatever event, nothing throws and every hit keeps the rules of the tracker', async () => {
  const outcomes = new Map<string, number>()
  const cases = fc.record({
    schema: fc.constant(schema),
    mappings: mappingsOf(paths, ['RED']),
    events: fc.array(events, { minLength: 1, maxLength: 6 }),
    isStrict: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(cases, (each) => tryOut(each, outcomes)),
    { seed: 1, numRuns: 150 },
  )
  assertVaried(outcomes)
})

test('and so it is with whatever schema', async () => {
  const outcomes = new Map<string, number>()
  const cases = schemas.chain((of) =>
    fc.record({
      schema: fc.constant(of),
      mappings: mappingsOf(pathsOf(of), ['RED']),
      events: fc.array(valuesOf(of), { minLength: 2, maxLength: 6 }),
      isStrict: fc.boolean(),
    }),
  )
  await fc.assert(
    fc.asyncProperty(cases, (each) => tryOut(each, outcomes)),
    { seed: 1, numRuns: 150 },
  )
  assertVaried(outcomes)
})
