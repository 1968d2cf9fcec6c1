/** "Limit on the maximum size of imported data" and "Maximum size 20", from the batcher's sums to what arrives at the stand-in. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { request } from 'undici'
import type { Hit, Route } from '../../src/core/hit.ts'
import type { Batch } from '../../src/pipeline/batch.ts'
import { Batcher } from '../../src/pipeline/batcher.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { createTrackerClient } from '../../src/tracker/client.ts'
import { bodyBytes, bodyOf, serialiseHit } from '../../src/tracker/request.ts'
import type { Params } from '../../src/tracker/validate.ts'
import { compileValidator } from '../../src/tracker/validate.ts'
import { openHitOf } from '../support/pipeline-fakes.ts'

const route: Route = { app: 'shop', method: 'login' }
/** The documentation's limits: 20 events, and "10Kb" in the smaller of its two readings. */
const limits = { maxEvents: 20, maxBytes: 10_000, bodyBytes, lingerMs: 250 }

const simulator = await startSimulator({ journal: 'hits' })
const apps = [{ name: 'shop', idApp: 666, token: () => 't0ken' }]
const client = createTrackerClient({ endpoint: simulator.url, timeoutMs: 10_000, connections: 1, apps })
after(async () => {
  await client.destroy()
  await simulator.stop()
})

const raw = async (target: string, body: string): Promise<number> => {
  const response = await request(simulator.url + target, { method: 'POST', headers: { authorization: 't0ken' }, body })
  await response.body.dump()
  return response.statusCode
}

const isValid = (params: Params): boolean =>
  compileValidator({ method: 'login', vkMiniApp: false, invalidParams: 'reject' })(params).kind === 'valid'

/** Batches in the order in which they would be sent. */
const batched = (hits: readonly Hit[]): Hit[][] => {
  const batches: Batch[] = []
  const batcher = new Batcher(limits, (batch) => batches.push(batch))
  for (const [sequence, hit] of hits.entries()) batcher.add(openHitOf(sequence, hit), 0)
  const rest = batcher.filling(route)
  if (rest !== undefined) batches.push(rest)
  return batches.map((batch) => batch.hits.map(({ content }) => content))
}

/** `count` sound hits whose body has exactly `bytes` bytes; `letter` is what most of it is made of. */
const hitsOf = (count: number, bytes: number, letter: string): Hit[] => {
  const each = Math.floor((bytes - (count === 1 ? 0 : count + 1)) / count)
  const hitOf = (size: number): Hit => {
    const room = size - Buffer.byteLength('{"customUserId":"","userAgent":"","vkPlatform":"mobile_web"}')
    const length = Math.min(2_048, Math.floor((room - 1) / Buffer.byteLength(letter)))
    const customUserId = 'x'.repeat(room - length * Buffer.byteLength(letter))
    const params = { customUserId, userAgent: letter.repeat(length), vkPlatform: 'mobile_web' }
    assert.ok(isValid(params), `${room}`)
    return serialiseHit(route, params)
  }
  const hits = Array.from({ length: count - 1 }, () => hitOf(each))
  const sum = hits.reduce((total, hit) => total + hit.bytes, 0)
  return [...hits, hitOf(bytes - (count === 1 ? 0 : count + 1) - sum)]
}

for (const letter of ['x', 'ж', '漢', '😀']) {
  test(`a body of "${letter}" goes whole with 10,000 bytes, and in two requests with 10,001`, async () => {
    for (const count of [4, 5, 19, 20]) {
      const full = hitsOf(count, 10_000, letter)
      assert.equal(Buffer.byteLength(bodyOf(full)), 10_000)
      assert.deepEqual(batched(full), [full])
      assert.deepEqual(await client.send(route, full), { kind: 'delivered' })
      assert.equal(simulator.journal.hits.at(-1)?.bodyBytes, 10_000)

      const over = hitsOf(count, 10_001, letter)
      assert.equal(Buffer.byteLength(bodyOf(over)), 10_001)
      assert.deepEqual(batched(over), [over.slice(0, -1), over.slice(-1)])
      for (const part of batched(over)) assert.deepEqual(await client.send(route, part), { kind: 'delivered' })
    }
  })
}

test('a single body of 10,000 bytes is accepted; the stand-in takes the larger reading of "10Kb" and nothing over it', async () => {
  const [alone] = hitsOf(1, 9_000, '😀')
  assert.ok(alone !== undefined)
  for (const [bytes, status] of [
    [10_000, 200],
    [10_001, 200],
    [10_240, 200],
    [10_241, 400],
  ] as const) {
    const padding = ' '.repeat(bytes - alone.bytes)
    assert.equal(await raw('/v1/login/?idApp=666', alone.json + padding), status, String(bytes))
  }
  assert.deepEqual(await client.send(route, [alone]), { kind: 'delivered' })
  assert.equal(simulator.journal.hits.at(-1)?.bodyBytes, 9_000)
})

test('20 events go in one request, 21 in two; the stand-in refuses 21 and none at all', async () => {
  for (const method of ['registration', 'login', 'customEvent'] as const) {
    const params = { customUserId: 'u', ...(method === 'customEvent' ? { customEventName: 'n' } : {}) }
    const hit = serialiseHit({ app: 'shop', method }, params)
    const hits = (count: number): Hit[] => Array.from({ length: count }, () => hit)
    const target = `/v1/${method}Batch/?idApp=666`
    for (const [count, status] of [
      [0, 400],
      [1, 200],
      [20, 200],
      [21, 400],
    ] as const) {
      const body = `[${hits(count).map(({ json }) => json)}]`
      assert.equal(await raw(target, body), status, `${method} ${count}`)
    }
    assert.deepEqual(await client.send(hit.route, hits(20)), { kind: 'delivered' })
    assert.equal((await client.send(hit.route, hits(21))).kind, 'reject')
    assert.throws(() => client.send(hit.route, []), RangeError)
  }
  const hit = serialiseHit(route, { customUserId: 'u' })
  const sizes = batched(Array.from({ length: 21 }, () => hit)).map(({ length }) => length)
  assert.deepEqual(sizes, [20, 1])
})
