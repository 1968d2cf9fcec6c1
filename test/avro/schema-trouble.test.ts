import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { CacheUnderTest, Fault } from './stand-in-registry.ts'
import { openCache, until } from './stand-in-registry.ts'

let under: CacheUnderTest

beforeEach(async () => {
  under = await openCache()
})

afterEach(() => under.end())

const kindOf = (id: number): string => {
  const got = under.cache.get(id)
  return 'kind' in got ? got.kind : 'known'
}

/** Whether the lane that waits would go on. */
const watch = (id: number): { readonly isReady: boolean } => {
  const seen = { isReady: false }
  const got = under.cache.get(id)
  if ('kind' in got && got.kind === 'wait') {
    void got.ready.then(() => {
      seen.isReady = true
    })
  }
  return seen
}

const asked = (): number => under.registry.requests.length

/** Lets time pass second by second, so that every answer comes in before its time-out, then waits for what the test waits for. */
const tick = async (ms: number, done: () => boolean = () => true): Promise<void> => {
  const { clock } = under
  for (let left = ms; left > 0; left -= 1_000) {
    await clock.advance(Math.min(left, 1_000))
    await until(() => clock.inFlight === 0)
  }
  await until(done)
}

test('a schema that the registry says is missing is doubted for 30 s and found when it turns up', async () => {
  const seen = watch(7)
  await until(() => asked() === 1)
  for (let second = 1; second <= 20; second += 1) {
    await tick(1_000)
    assert.equal(kindOf(7), 'wait')
  }
  assert.ok(asked() > 15 && !seen.isReady)
  under.registry.put(7, 'string')
  await tick(1_000)
  await until(() => kindOf(7) === 'known')
  assert.deepEqual(under.troubles, [])
})

test('a schema that stays missing is missing after 30 s, and that is remembered for a minute', async () => {
  watch(7)
  await until(() => asked() === 1)
  await tick(29_000)
  assert.equal(kindOf(7), 'wait')
  await tick(1_000)
  await until(() => kindOf(7) === 'missing')
  const before = asked()
  await tick(59_000)
  assert.equal(kindOf(7), 'missing')
  assert.equal(asked(), before)
  await tick(2_000)
  assert.equal(kindOf(7), 'wait')
  await until(() => kindOf(7) === 'missing')
  assert.equal(asked(), before + 1)
})

test('a schema that was remembered as missing is found once it is there', async () => {
  watch(7)
  await until(() => asked() === 1)
  await tick(30_000)
  await until(() => kindOf(7) === 'missing')
  under.registry.put(7, 'string')
  await tick(60_000)
  watch(7)
  await until(() => kindOf(7) === 'known')
})

const html = '<html><body>no such page</body></html>'
const faults: Readonly<Record<string, Fault>> = {
  'a 404 of a proxy': { status: 404, body: html },
  'a 404 without a code': { status: 404, body: '{"message":"HTTP 404 Not Found"}' },
  'a 404 with the code 404': { status: 404, body: '{"error_code":404,"message":"HTTP 404 Not Found"}' },
  'a 500': { status: 500, body: '{"error_code":50001,"message":"store"}' },
  'a 500 that speaks of 40403': { status: 500, body: '{"error_code":40403,"message":"Schema not found"}' },
  'a 401': { status: 401, body: '{"error_code":40101,"message":"Unauthorized"}' },
  'a 200 that is no schema': { status: 200, body: html },
  'a 200 that is empty': { status: 200, body: '' },
  'a 403': { status: 403, body: '{"error_code":40301,"message":"Forbidden"}' },
}

for (const [what, fault] of Object.entries(faults)) {
  test(`${what} never makes a schema missing: it is waited for and found after the repair`, async () => {
    under.registry.fault = fault
    const seen = watch(7)
    await until(() => under.troubles.length === 1)
    for (let round = 1; round <= 6; round += 1) {
      const before = under.troubles.length
      await tick(15_000, () => under.troubles.length > before)
      assert.equal(kindOf(7), 'wait')
    }
    assert.ok(!seen.isReady)
    assert.ok(under.troubles.every(({ id }) => id === 7))
    under.registry.fault = undefined
    under.registry.put(7, 'string')
    await tick(15_000, () => seen.isReady)
    assert.equal(kindOf(7), 'known')
  })
}

for (const fault of ['hangs', 'stalls', 'breaks'] as const) {
  test(`an answer that ${fault} is given up after 5 s and asked for again`, async () => {
    under.registry.fault = fault
    const seen = watch(7)
    await until(() => asked() === 1)
    await under.clock.advance(4_999)
    assert.equal(under.troubles.length, 0)
    await tick(1, () => under.troubles.length === 1)
    under.registry.fault = undefined
    under.registry.put(7, 'string')
    await tick(1_000, () => seen.isReady)
    assert.equal(asked(), 2)
    assert.equal(under.clock.pending, 0)
  })
}

test('a registry that refuses connections is waited for', async () => {
  await under.registry.close()
  const seen = watch(7)
  await until(() => under.troubles.length === 1)
  await tick(60_000, () => under.troubles.length > 1)
  assert.equal(kindOf(7), 'wait')
  await under.registry.open()
  under.registry.put(7, 'string')
  await tick(15_000, () => seen.isReady)
})

test('a registry that comes back without the id is doubted from then on, not from the start of its outage', async () => {
  under.registry.fault = { status: 503, body: html }
  watch(7)
  await until(() => under.troubles.length === 1)
  await tick(60_000)
  under.registry.fault = undefined
  const before = asked()
  while (asked() === before) await tick(1_000)
  await tick(29_000)
  assert.equal(kindOf(7), 'wait')
  await tick(1_000)
  await until(() => kindOf(7) === 'missing')
})

test('registries say in different words that a schema is missing', async () => {
  const answers = [
    '{"error_code":40403,"message":"Schema 7 not found"}',
    '{"error_code":40403,"message":"No content with id/hash \'contentId-7\' was found."}',
    '{"error_code":40401,"message":"Subject \'orders-value\' not found."}',
  ]
  for (const [id, body] of answers.entries()) {
    under.registry.fault = { status: 404, body }
    const before = asked()
    watch(id)
    await until(() => asked() === before + 1)
    await tick(30_000)
    await until(() => kindOf(id) === 'missing')
  }
  assert.deepEqual(under.troubles, [])
})

test('a schema that was missing before an outage is doubted anew after it', async () => {
  watch(7)
  await until(() => asked() === 1)
  await tick(5_000)
  under.registry.fault = { status: 503, body: html }
  await tick(60_000)
  under.registry.fault = undefined
  const before = asked()
  while (asked() === before) await tick(1_000)
  await tick(20_000)
  assert.equal(kindOf(7), 'wait')
})

test('tries come at growing distances, up to 15 s', async () => {
  under.registry.fault = { status: 500, body: '' }
  watch(7)
  await until(() => under.troubles.length === 1)
  let failed = 1
  for (const seconds of [1, 2, 4, 8, 15, 15, 15]) {
    await under.clock.advance(seconds * 1_000 - 1)
    assert.equal(asked(), failed)
    failed += 1
    await tick(1, () => under.troubles.length === failed)
  }
})

test('one missing id makes nobody else wait', async () => {
  under.registry.put(8, 'int')
  watch(7)
  await under.load(8)
  assert.equal(kindOf(8), 'known')
  assert.equal(kindOf(7), 'wait')
})

test('a stopped cache asks no more, reports no more and leaves no timer', async () => {
  under.registry.fault = 'hangs'
  const seen = watch(7)
  watch(8)
  await until(() => asked() === 2)
  under.registry.fault = { status: 500, body: '' }
  watch(9)
  await until(() => under.troubles.length === 1)
  under.cache.stop()
  await under.registry.close()
  assert.equal(under.clock.pending, 0)
  await under.clock.advance(120_000)
  assert.deepEqual([asked(), under.troubles.length, seen.isReady, under.clock.pending], [3, 1, false, 0])
  await under.registry.open()
})
