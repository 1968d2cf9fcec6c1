import assert from 'node:assert/strict'
import { test } from 'node:test'
import { map as refunded } from '../../config/mapping/order-refunded.ts'
import type { MappingContext, ModuleMap } from '../../src/mapping/module.ts'
import type { Prepared, Setup } from './preparing.ts'
import { preparing, record, recordTime, registration } from './preparing.ts'

const setUp = preparing()

const path = '/somewhere/mapping/orders.ts'
const apps = [
  { name: 'shop', vkMiniApp: false },
  { name: 'vk', vkMiniApp: true },
]
const schema = record({ id: 'string' })
const event = { id: 'u-1' }

/** A mapping by this function. What it returns may be anything: modules are checked while they run, not while they are written. */
const by = (map: (event: never, context: MappingContext) => unknown, more: Partial<Setup> = {}): Promise<Prepared> =>
  setUp({
    ...{ schema, apps, mappings: [{ record: 'shop.Order', module: path }], ...more },
    modules: new Map([[path, map as unknown as ModuleMap]]),
  })

const login = (params: object): object => ({ app: 'shop', method: 'login', params: { customUserId: 'u', ...params } })

test('what a module returns becomes a hit, with the time of the record where it gives none', async () => {
  const { prepare } = await by(({ id }: { id: string }) => ({
    app: 'shop',
    method: 'registration',
    params: { customUserId: id, age: 30 },
  }))
  const outcome = prepare(event)
  assert.ok(outcome.kind === 'hit')
  assert.deepEqual([outcome.route.app, outcome.route.method], ['shop', 'registration'])
  assert.deepEqual(JSON.parse(outcome.json), { customUserId: 'u-1', age: 30, eventTimestamp: Math.floor(recordTime / 1_000) })
  assert.equal(prepare(event, { offset: 6 }).kind === 'hit' && prepare(event).kind === 'hit', true)
})

test('hits of a module share their route with those of other mappings', async () => {
  const { prepare } = await by(() => login({}), {
    mappings: [{ record: 'shop.Order', topic: 'a', module: path }, registration({}, { method: 'login' })],
  })
  const [one, other] = [prepare(event, { topic: 'a' }), prepare(event)]
  assert.ok(one.kind === 'hit' && other.kind === 'hit')
  assert.equal(one.route, other.route)
})

test('a module may leave a record out, or reject it', async () => {
  for (const skip of ['skip', { skip: true }]) {
    const { prepare } = await by(() => skip)
    assert.deepEqual(prepare(event), { kind: 'skip', reason: 'skipped' })
  }
  const { reject } = await by(() => ({ reject: 'no such order' }))
  assert.equal(reject(event), 'mapping-failed: orders.ts rejected the record: no such order')
})

test('a module is told where the record stands', async () => {
  let seen: MappingContext | undefined
  const { prepare } = await by((_, context) => {
    seen = context
    return 'skip'
  })
  const headers = { trace: Buffer.from('ж'), twice: [Buffer.from('1'), '2'], empty: null, 'mts-attempt': '3', ['__proto__']: 'x' }
  prepare(event, { key: Buffer.from('ключ').toString('latin1'), headers })
  const { headers: texts, ...place } = seen as MappingContext
  assert.deepEqual(place, { record: 'shop.Order', topic: 'orders', partition: 0, offset: 5, timestamp: recordTime, key: 'ключ' })
  assert.deepEqual(Object.entries(texts), [
    ['trace', 'ж'],
    ['twice', '2'],
    ['empty', null],
    ['__proto__', 'x'],
  ])
  prepare(event)
  assert.deepEqual([seen?.key, seen?.headers], [null, {}])
})

test('a module sees a record that is tried again as it was the first time', async () => {
  const seen: MappingContext[] = []
  const { params } = await by((_, context) => {
    seen.push(context)
    return login({})
  })
  const origin = { topic: 'orders', partition: 3, offset: 77, timestamp: 1_600_000_000_000 }
  const history = { origin, attempt: 2, firstFailedAt: 1, notBefore: undefined }
  const first = params(event, { ...origin, headers: { a: 'b' } })
  const again = params(event, { topic: 'sink.retry.30s', history, headers: { a: 'b', 'mts-attempt': '2' } })
  assert.deepEqual(again, first)
  assert.deepEqual(seen[1], seen[0])
})

test('parameters become texts where texts are wanted, and null is absent', async () => {
  const { params } = await by(() => ({
    app: 'shop',
    method: 'customEvent',
    params: {
      customUserId: 7n,
      customEventName: true,
      userAgent: null,
      ipv4: undefined,
      age: 30n,
      eventTimestamp: new Date(1_600_000_000_999),
      customEventParams: { n: 0.5, flag: false, none: null, big: 2n ** 60n, text: 't' },
    },
  }))
  assert.deepEqual(params(event), {
    customUserId: '7',
    customEventName: 'true',
    age: 30,
    eventTimestamp: 1_600_000_000,
    customEventParams: { n: '0.5', flag: 'false', big: '1152921504606846976', text: 't' },
  })
})

test('the hit of a module must keep the rules of the tracker and of its app', async () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ app: 'shop', method: 'login', params: {} }, /^invalid-hit: customUserId: is required/],
    [{ app: 'vk', method: 'login', params: { customUserId: 'u' } }, /^invalid-hit: customPlatformUserId/],
    [login({ customUserId: {} }), /^invalid-hit: customUserId/],
    [login({ eventTimestamp: 5 }), /^invalid-hit: eventTimestamp/],
    [login({ eventTimestamp: new Date(Number.NaN) }), /^invalid-hit: eventTimestamp/],
    [login({ userAgent: 'x'.repeat(2_000), customPlatformUserId: 'y'.repeat(20_000) }), /^too-large/],
  ]
  for (const [result, expected] of cases) assert.match((await by(() => result)).reject(event), expected)
})

test('an optional parameter of a module that breaks a rule is dropped, or rejects', async () => {
  const odd = {
    age: Number.NaN,
    userAgent: {},
    ipv4: [],
    lvid: Symbol('x'),
    gaid: () => 1,
    customEventParams: { a: 'b' },
    nonsense: 1,
  }
  const dropping = await by(() => login(odd))
  assert.deepEqual(Object.keys(dropping.params(event)), ['customUserId', 'eventTimestamp'])
  assert.deepEqual(new Set(dropping.dropped), new Set(Object.keys(odd)))
  const rejecting = await by(() => login(odd), { invalidParams: 'reject' })
  assert.match(rejecting.reject(event), /^invalid-hit: age/)
})

test('what a module throws makes a dead letter with the beginning of its message', async () => {
  const thrown: readonly (readonly [unknown, string])[] = [
    [new Error('no such order'), 'no such order'],
    [new Error('x'.repeat(501)), 'x'.repeat(500)],
    [new Error(`${'x'.repeat(499)}😀`), `${'x'.repeat(499)}�`],
    ['a text', 'a text'],
    [undefined, 'undefined'],
    [Object.create(null), 'something that is no error'],
    [Object.assign(new Error('m'), { message: 5 }), 'something that is no error'],
  ]
  for (const [error, message] of thrown) {
    const { reject } = await by(() => {
      throw error
    })
    assert.equal(reject(event), `mapping-failed: orders.ts threw: ${message}`)
  }
})

test('what a module returns may throw while it is looked at', async () => {
  const trap = {
    get app() {
      throw new Error('trap')
    },
  }
  const params = {
    get age() {
      throw new Error('trap')
    },
  }
  const inner = { app: 'shop', method: 'login', params }
  for (const result of [trap, inner])
    assert.equal((await by(() => result)).reject(event), 'mapping-failed: orders.ts threw: trap')
})

test('a promise is not waited for, and its rejection harms nobody', async () => {
  let unheard = 0
  const count = (): void => {
    unheard += 1
  }
  process.on('unhandledRejection', count)
  const { reject } = await by(() => Promise.reject(new Error('late')))
  assert.match(reject(event), /^mapping-failed: orders.ts returned a promise; it must return \{ app, .* at once$/)
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', count)
  assert.equal(unheard, 0)
})

test('whatever else a module returns is answered with what it must return', async () => {
  const expected = "it must return { app, method, params }, 'skip', { skip: true } or { reject: 'why' }"
  const cases: readonly (readonly [unknown, string])[] = [
    [undefined, `returned nothing; ${expected}`],
    [null, `returned null; ${expected}`],
    [false, `returned a boolean; ${expected}`],
    ['skipped', `returned a string; ${expected}`],
    [[], `returned a list; ${expected}`],
    [{}, `returned something else; ${expected}`],
    [{ skip: false }, `returned something else; ${expected}`],
    [{ ...login({}), params: [] }, `returned something else; ${expected}`],
    [{ ...login({}), app: 'shp' }, 'returned an app that tracker.apps does not have; known are shop, vk'],
    [
      { ...login({}), method: 'logout' },
      'returned a method that the tracker does not have; it has registration, login, customEvent',
    ],
  ]
  for (const [result, detail] of cases) {
    assert.equal((await by(() => result)).reject(event), `mapping-failed: orders.ts ${detail}`)
  }
})

test('a condition decides before a module is asked, and a module may be one of several mappings', async () => {
  let asked = 0
  const { prepare, params } = await by(
    () => {
      asked += 1
      return login({})
    },
    {
      mappings: [
        { record: 'shop.Order', when: { field: 'id', equals: 'a' }, module: path },
        registration({ customUserId: 'id' }, { when: { field: 'id', equals: 'b' } }),
      ],
    },
  )
  assert.deepEqual(prepare({ id: 'c' }), { kind: 'skip', reason: 'filtered' })
  assert.equal(params({ id: 'b' }).customUserId, 'b')
  assert.equal(asked, 0)
  assert.equal(params({ id: 'a' }).customUserId, 'u')
  assert.equal(asked, 1)
})

test('what a module does to its event stays its own', async () => {
  const { params } = await by((given: { id: string }) => {
    const before = given.id
    given.id = 'changed'
    return login({ customUserId: before })
  })
  for (let again = 0; again < 2; again += 1) assert.equal(params(event).customUserId, 'u-1')
})

test('the example of the configuration does what it says', () => {
  const context = { timestamp: 1_600_000_000_999 } as MappingContext
  const refunds = [{ amount: '10.10' }, { amount: '0.20' }]
  const hit = refunded({ userId: 'u', refunds }, context)
  assert.deepEqual(typeof hit === 'object' && 'params' in hit ? hit.params.customEventParams : hit, { amount: '10.30', parts: 2 })
  assert.equal(refunded({ userId: null, refunds }, context), 'skip')
  assert.deepEqual(refunded({ userId: 'u', refunds: [] }, context), { reject: 'the refunds add up to nothing' })
})
