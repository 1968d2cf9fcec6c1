import fc from 'fast-check'
import type { Method } from '../../src/core/hit.ts'
import type { ModuleMap } from '../../src/mapping/module.ts'
import type { AppChoice, Condition, HitSpec, MappingSpec, SingleSource, Source } from '../../src/mapping/spec.ts'
import { paramNames } from '../../src/tracker/spec.ts'

/** Mappings of `shop.Order`, right and wrong ones, that read these paths; everything that the configuration lets through is in it. */
export function mappingsOf(paths: readonly string[], symbols: readonly string[]): fc.Arbitrary<MappingSpec[]> {
  const path = fc.constantFrom(...paths)
  const from = fc.constantFrom('true', 'false', '0', '1', '', 'constructor', '__proto__', ...symbols)
  const hits: fc.Arbitrary<MappingSpec> = fc
    .record({
      when: fc.option(whens(path, from), { nil: undefined }),
      app: apps(path, from),
      method: fc.constantFrom<Method>('registration', 'login', 'customEvent'),
      params: params(path, from),
    })
    .map(({ when, ...hit }) => ({ record: 'shop.Order', ...hit, ...(when === undefined ? {} : { when }) }))
  const byModule = fc
    .tuple(whens(path, from), fc.constantFrom(...modules.keys()))
    .map(([when, module]): MappingSpec => ({ record: 'shop.Order', when, module }))
  return fc.array(fc.oneof({ weight: 4, arbitrary: hits }, { weight: 1, arbitrary: byModule }), { minLength: 1, maxLength: 3 })
}

const scalars = fc.oneof(
  fc.integer({ min: -1, max: 130 }),
  fc.boolean(),
  fc.constantFrom('', 'text', '1', '😀', 'x'.repeat(300), 0.5),
)

function singles(path: fc.Arbitrary<string>, from: fc.Arbitrary<string>): fc.Arbitrary<SingleSource> {
  const field = fc.record(
    {
      field: path,
      default: scalars,
      cases: fc.dictionary(from, scalars, { maxKeys: 3 }),
      unit: fc.constantFrom('s' as const, 'ms' as const, 'us' as const),
      zone: fc.constantFrom('Europe/Berlin', 'America/New_York', 'UTC', '+03:00'),
    },
    { requiredKeys: ['field'] },
  )
  return fc.oneof(path, fc.record({ value: scalars }), field)
}

function sources(path: fc.Arbitrary<string>, from: fc.Arbitrary<string>): fc.Arbitrary<Source> {
  const single = singles(path, from)
  const first = fc.array(single, { minLength: 1, maxLength: 3 }).map((firstOf) => ({ firstOf }))
  return fc.oneof({ weight: 3, arbitrary: single }, { weight: 1, arbitrary: first })
}

function params(path: fc.Arbitrary<string>, from: fc.Arbitrary<string>): fc.Arbitrary<HitSpec['params']> {
  const source = sources(path, from)
  const names = paramNames.filter((name) => name !== 'customEventParams')
  const entryNames = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'a', ''), fc.string())
  const entries = fc.oneof(path, fc.dictionary(entryNames, source, { maxKeys: 4 }))
  return fc
    .record({
      some: fc.dictionary(fc.constantFrom(...names), source, { maxKeys: 8 }),
      more: fc.option(entries),
      // Else hardly a hit would come of it.
      isLikely: fc.constantFrom(true, true, true, false),
    })
    .map(({ some, more, isLikely }) => ({
      ...some,
      ...(isLikely ? { customUserId: { value: 'u' }, customEventName: { value: 'n' } } : {}),
      ...(more === null ? {} : { customEventParams: more }),
    }))
}

function apps(path: fc.Arbitrary<string>, from: fc.Arbitrary<string>): fc.Arbitrary<AppChoice> {
  const cases = fc.dictionary(from, fc.constantFrom('shop', 'vk'), { maxKeys: 3 })
  const choice = fc.record({ field: path, cases, default: fc.constantFrom('shop', 'vk') }, { requiredKeys: ['field', 'cases'] })
  return fc.oneof({ weight: 3, arbitrary: fc.constant('shop') }, fc.constant('vk'), choice)
}

function whens(path: fc.Arbitrary<string>, from: fc.Arbitrary<string>): fc.Arbitrary<Condition | Condition[]> {
  const text = fc.oneof(scalars, from)
  const texts = fc.array(text, { minLength: 1, maxLength: 3 })
  const test = fc.record(
    { field: path, equals: text, in: texts, exists: fc.boolean(), not: fc.oneof(text, texts) },
    { requiredKeys: ['field'] },
  )
  // Most often one that many records pass.
  const likely = path.map((field): Condition => ({ field, not: 'nobody' }))
  return fc.oneof(likely, test, fc.array(fc.oneof(likely, test), { minLength: 1, maxLength: 2 }))
}

/** Modules of all sorts, by path. */
export const modules: ReadonlyMap<string, ModuleMap> = new Map<string, ModuleMap>([
  [
    'echo',
    (event) => ({
      app: 'shop',
      method: 'customEvent',
      params: { customUserId: 'u', customEventName: 'n', customEventParams: event },
    }),
  ],
  [
    'spread',
    (event) => ({
      app: 'vk',
      method: 'login',
      params: Object.fromEntries(paramNames.map((name, at) => [name, Object.values(event)[at]])),
    }),
  ],
  ['skip', () => 'skip'],
  [
    'throws',
    (event) => {
      throw new Error(JSON.stringify(Object.keys(event)))
    },
  ],
  ['nonsense', (event) => event as never],
])
