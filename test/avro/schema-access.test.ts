import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '../../src/config/load.ts'
import { registryAuthorization } from '../../src/connection.ts'
import { SecretVolume } from '../support/secret-volume.ts'
import type { CacheOptions, CacheUnderTest } from './stand-in-registry.ts'
import { openCache, until } from './stand-in-registry.ts'

const caFile = fileURLToPath(new URL('../tracker/localhost.pem', import.meta.url))
const pem = readFileSync(caFile, 'utf8')

async function opened(t: TestContext, options: CacheOptions): Promise<CacheUnderTest> {
  const under = await openCache(options)
  t.after(() => under.end())
  return under
}

/** What the configuration's lines make of the credentials; `secret` is the file that they name. */
function authorized(t: TestContext, lines: string): { readonly authorization: () => string; readonly secret: string } {
  const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const secret = join(directory, 'secret')
  writeFileSync(secret, 'first-secret\n')
  const file = join(directory, 'sink.yaml')
  writeFileSync(
    file,
    `kafka: { brokers: [localhost:9092], groupId: g, topics: [t], startFrom: earliest }
schemaRegistry: { url: "http://localhost:8081", ${lines.replace('SECRET', secret)} }
tracker: { endpoint: "http://localhost:8090", apps: [{ name: a, idApp: 1, token: some-token }] }
`,
  )
  const loaded = loadConfig(file, {})
  assert.ok('config' in loaded, JSON.stringify(loaded))
  const authorization = registryAuthorization(loaded.config.schemaRegistry)
  assert.ok(authorization !== undefined)
  return { authorization, secret }
}

const basic = (secret: string): string => `Basic ${Buffer.from(`me:${secret}`).toString('base64')}`
const bearer = (secret: string): string => `Bearer ${secret}`

for (const [what, lines, header] of [
  ['a user with a file of its password', 'username: me, passwordFile: SECRET', basic],
  ['a file of a bearer token', 'bearerTokenFile: SECRET', bearer],
] as const) {
  test(`${what}: refused lanes wait and are told what to change, and a changed file is enough`, async (t) => {
    const { authorization, secret } = authorized(t, lines)
    const under = await opened(t, { authorization })
    under.registry.put(1, 'string')
    under.registry.put(2, 'int')
    under.registry.credentials = header('first-secret')
    await under.load(1)
    under.registry.credentials = header('the-second-secret')
    under.cache.get(2)
    await until(() => under.troubles.length === 1)
    for (let second = 0; second < 60; second += 1) {
      const got = under.cache.get(2)
      assert.ok('kind' in got && got.kind === 'wait')
      await under.clock.advance(1_000)
      await until(() => under.clock.inFlight === 0)
    }
    assert.match(
      String(under.troubles.at(-1)?.error),
      /Unauthorized; it answers 401: mend schemaRegistry\.username and password, or bearer/,
    )
    writeFileSync(secret, 'the-second-secret\n')
    // The file is looked at again by the time of day, the registry by the cache's clock.
    const deadline = performance.now() + 20_000
    while ('kind' in under.cache.get(2)) {
      assert.ok(performance.now() < deadline, 'the changed file is not read')
      await under.clock.advance(1_000)
      await until(() => under.clock.inFlight === 0)
    }
  })
}

test('a user without the right to read is told so', async (t) => {
  const under = await opened(t, { authorization: () => 'Bearer x' })
  under.registry.fault = { status: 403, body: '{"error_code":40301,"message":"Forbidden"}' }
  under.cache.get(1)
  await until(() => under.troubles.length === 1)
  assert.match(String(under.troubles[0]?.error), /it answers 403: give this user the right to read schemas/)
})

test('a registry with a certificate of its own is trusted by its authority, and else the file is named', async (t) => {
  const trusting = await opened(t, { tls: pem, caFile })
  trusting.registry.put(1, 'string')
  assert.equal((await trusting.load(1)).name, 'string')
  const wary = await opened(t, { tls: pem })
  wary.registry.put(1, 'string')
  wary.cache.get(1)
  await until(() => wary.troubles.length === 1)
  assert.match(String(wary.troubles[0]?.error), /certificate.*name its authority in schemaRegistry\.caFile/)
  assert.equal(wary.registry.requests.length, 0)
})

test('an authority that is renewed is trusted from the next connection on, and one that is gone stays trusted', async (t) => {
  const other = readFileSync(new URL('../tls/other-localhost.pem', import.meta.url), 'utf8')
  const volume = new SecretVolume(t)
  volume.put({ 'ca.pem': pem })
  const { registry, ...under } = await opened(t, { tls: pem, caFile: volume.path('ca.pem') })
  for (const id of [1, 2, 3, 4]) registry.put(id, 'string')
  assert.equal((await under.load(1)).name, 'string')
  registry.renew(other)
  volume.put({ 'ca.pem': other })
  assert.equal((await under.load(2)).name, 'string')
  volume.put({})
  assert.equal((await under.load(3)).name, 'string')
  volume.put({ 'ca.pem': pem })
  await assert.rejects(under.load(4), /certificate.*name its authority in schemaRegistry\.caFile/)
})

test('broken values may hold any id: what is kept of them has a bound', async (t) => {
  const under = await opened(t, {})
  // Of no use at once, where a missing one is doubted first; kept in the same place.
  under.registry.fault = { status: 200, body: '{"schema":"{}","schemaType":"PROTOBUF"}' }
  for (let id = 0; id < 10_500; id += 100) {
    const asked = Array.from({ length: 100 }, (_, each) => under.cache.get(id + each))
    await Promise.all(asked.map((got) => ('kind' in got && got.kind === 'wait' ? got.ready : undefined)))
  }
  assert.equal(under.cache.size, 10_000)
  assert.equal(under.registry.requests.length, 10_500)
})

test('however many ids are asked for while the registry is silent, few requests are open', async (t) => {
  const under = await opened(t, {})
  under.registry.fault = 'hangs'
  const asked = Array.from({ length: 1_500 }, (_, id) => under.cache.get(id))
  assert.equal(under.cache.size, 1_000)
  assert.equal(new Set(asked).size, 1_000)
  assert.equal(asked[1_400], asked[0])
})
