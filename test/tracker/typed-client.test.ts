import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { paramNames, paramSpecs } from '../../src/tracker/spec.ts'
import type { ClientOptions } from '../../src/tracker/typed-client.ts'
import { createClient, InvalidEventError, TrackerError } from '../../src/tracker/typed-client.ts'
import type { Behaviour } from './odd-server.ts'
import { oddServer } from './odd-server.ts'
import { standInProxy } from './stand-in-proxy.ts'

const start = async (context: TestContext, behaviour: Behaviour, options: Partial<ClientOptions> = {}) => {
  const server = await oddServer(context, behaviour)
  const client = createClient({ endpoint: server.endpoint, idApp: 666, token: 't0ken', ...options })
  context.after(() => client.close())
  return { ...server, client }
}

const ok: Behaviour = (_, response) => response.end('{"message": "ОK"}')
const answering =
  (status: number, body = '', headers = {}): Behaviour =>
  (_, response) =>
    response.writeHead(status, headers).end(body)

const user = { customUserId: 'u' }
const bought = { customUserId: 'u', customEventName: 'bought' }

test('each method posts its own body to its own address, a batch of one as a list', async (context) => {
  const { client, received } = await start(context, ok)
  await client.registration(user)
  await client.login({ ...user, idGender: 1 })
  await client.customEvent({ ...bought, customEventParams: { сумма: '1' } })
  await client.registrationBatch([user])
  await client.loginBatch([user, user])
  await client.customEventBatch([bought])
  const requests = received.map(({ method, url, body, headers }) => [`${method} ${url}`, JSON.parse(body), headers.authorization])
  const at = (method: string) => `POST /v1/${method}/?idApp=666`
  assert.deepEqual(requests, [
    [at('registration'), user, 't0ken'],
    [at('login'), { ...user, idGender: 1 }, 't0ken'],
    [at('customEvent'), { ...bought, customEventParams: { сумма: '1' } }, 't0ken'],
    [at('registrationBatch'), [user], 't0ken'],
    [at('loginBatch'), [user, user], 't0ken'],
    [at('customEventBatch'), [bought], 't0ken'],
  ])
})

test('an event that breaks a rule is named with its parameter and its rule, and nothing is sent', async (context) => {
  const { client, received } = await start(context, ok)
  await assert.rejects(client.login({ ...user, age: 129 }), (error) => {
    assert.ok(error instanceof InvalidEventError)
    assert.deepEqual([error.method, error.index], ['login', undefined])
    assert.equal(error.message, 'age: wants a whole number from 0 to 128, found a number outside of that')
    return true
  })
  await assert.rejects(client.customEventBatch([bought, { ...bought, lvid: 's3cret' }]), (error) => {
    assert.ok(error instanceof InvalidEventError)
    assert.deepEqual([error.method, error.index], ['customEvent', 1])
    assert.equal(error.message, 'events[1]: lvid: wants a text of exactly 32 characters, found a text of 6 characters')
    return true
  })
  // A program without types.
  const untyped = client as unknown as { login(event: unknown): Promise<void>; loginBatch(events: unknown): Promise<void> }
  await assert.rejects(untyped.login({ ...user, agee: 1 }), /^InvalidEventError: agee: is no parameter of login$/)
  await assert.rejects(untyped.login({}), /customUserId: is required for login/)
  await assert.rejects(untyped.login(undefined), TypeError)
  await assert.rejects(untyped.login([user]), TypeError)
  await assert.rejects(untyped.loginBatch(user), TypeError)
  await assert.rejects(untyped.loginBatch([user, null]), TypeError)
  assert.equal(received.length, 0)
})

test('an app on VK Mini Apps needs its two parameters', async (context) => {
  const { endpoint, received } = await start(context, ok)
  const client = createClient({ endpoint, idApp: 667, token: 't', vkMiniApp: true })
  context.after(() => client.close())
  await client.login({ ...user, customPlatformUserId: '1', vkPlatform: 'desktop_web' })
  await assert.rejects(
    client.login({ ...user, customPlatformUserId: '', vkPlatform: 'desktop_web' }),
    /customPlatformUserId: is required/,
  )
  assert.equal(received.length, 1)
})

test('too many events or bytes are refused before anything is sent; the last that fit are sent', async (context) => {
  const { client, received } = await start(context, ok)
  await assert.rejects(client.loginBatch([]), /^RangeError: loginBatch takes 1 to 20 events, not 0$/)
  await assert.rejects(client.loginBatch(Array(21).fill(user)), /^RangeError: loginBatch takes 1 to 20 events, not 21$/)
  await client.loginBatch(Array(20).fill(user))
  // `ю` has two bytes: a limit that counted characters would let nearly twice as much through.
  const entries = Object.fromEntries(Array.from({ length: 31 }, (_, index) => [`name-${index}`, 'ю'.repeat(150)]))
  const withLast = (length: number) => ({ ...bought, customEventParams: { ...entries, last: 'x'.repeat(length), more: 'x' } })
  const exact = withLast(10_000 - Buffer.byteLength(JSON.stringify(withLast(0))))
  assert.equal(Buffer.byteLength(JSON.stringify(exact)), 10_000)
  await client.customEvent(exact)
  await assert.rejects(
    client.customEventBatch([exact]),
    /^RangeError: customEventBatch takes a body of at most 10000 bytes, not 10002$/,
  )
  assert.equal(received.length, 2)
  assert.equal(Buffer.byteLength(received[1]?.body ?? ''), 10_000)
})

for (const [status, body, kind, isRetryable] of [
  [400, '{"error": "Bad Request"}', 'rejected', false],
  [400, '{"error": "Bad json"}', 'corrupted', true],
  [400, '{"error": "Bad api version"}', 'misconfigured', false],
  [403, '{"error": "Forbidden"}', 'forbidden', false],
  [404, '{"error": "Method not found"}', 'misconfigured', false],
  [413, '', 'too-large', false],
  [500, '{"error": "Internal Server Error"}', 'unavailable', true],
  [503, '<html>', 'unavailable', true],
] as const) {
  test(`${status} ${body} is a TrackerError of kind ${kind}`, async (context) => {
    const { client, received } = await start(context, answering(status, body))
    await assert.rejects(client.loginBatch([user]), (error) => {
      assert.ok(error instanceof TrackerError)
      assert.deepEqual(
        [error.method, error.kind, error.status, error.retryAfterMs, error.isRetryable],
        ['loginBatch', kind, status, undefined, isRetryable],
      )
      assert.match(error.message, new RegExp(`^loginBatch: .*${status}`))
      return true
    })
    assert.equal(received.length, 1, 'nothing is sent twice by itself')
  })
}

test('429 says how long to wait; no answer has no status; a token that no header can carry is never sent', async (context) => {
  const { client } = await start(context, answering(429, '', { 'retry-after': '7' }))
  const of = async (call: Promise<unknown>) => {
    const error = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof TrackerError)
    return [error.kind, error.status, error.retryAfterMs, error.isRetryable]
  }
  assert.deepEqual(await of(client.login(user)), ['too-many-requests', 429, 7_000, true])
  const cut = await start(context, ({ socket }) => socket.destroy())
  assert.deepEqual(await of(cut.client.login(user)), ['unavailable', undefined, undefined, true])
  const bare = await start(context, ok, { token: '' })
  assert.deepEqual(await of(bare.client.login(user)), ['forbidden', undefined, undefined, false])
  assert.equal(bare.received.length, 0)
  const silent = await start(context, () => {}, { timeoutMs: 100 })
  assert.deepEqual(await of(silent.client.login(user)), ['unavailable', undefined, undefined, true])
})

test('a token that is a function is asked before every request', async (context) => {
  let asked = 0
  const { client, received } = await start(context, ok, { token: () => `t${++asked}` })
  await client.login(user)
  await client.login(user)
  assert.deepEqual(
    received.map(({ headers }) => headers.authorization),
    ['t1', 't2'],
  )
})

test('version needs no token and answers the version', async (context) => {
  const { client, received } = await start(context, (_, response, nth) =>
    response.end(['{"version": "1.2"}', '{}', '<html>'][nth - 1]),
  )
  assert.equal(await client.version(), '1.2')
  assert.equal(received[0]?.headers.authorization, undefined)
  assert.equal(received[0]?.url?.split('?')[0], '/v1/version/')
  for (const _ of ['{}', '<html>']) {
    await assert.rejects(client.version(), (error) => error instanceof TrackerError && error.kind === 'misconfigured')
  }
})

test('testAppAccess says whether the token fits, and is an error where the tracker does not say', async (context) => {
  const statuses = [200, 403, 401, 404, 500]
  const { client, received } = await start(context, (_, response, nth) => response.writeHead(statuses[nth - 1] ?? 200).end())
  assert.equal(await client.testAppAccess(), true)
  assert.equal(await client.testAppAccess(), false)
  assert.equal(await client.testAppAccess(), false)
  for (const kind of ['misconfigured', 'unavailable']) {
    await assert.rejects(client.testAppAccess(), (error) => error instanceof TrackerError && error.kind === kind)
  }
  const [first] = received
  assert.deepEqual([first?.url, first?.body, first?.headers.authorization], ['/v1/test-app-access/?idApp=666', 'true', 't0ken'])
})

test('a proxy of the given environment is used, and none is looked for by itself', async (context) => {
  const { endpoint } = await start(context, ok)
  const proxy = await standInProxy(context, { target: new URL(endpoint).host })
  const env = { HTTP_PROXY: `http://${proxy.address}` }
  const client = createClient({ endpoint: 'http://tracker.test', idApp: 1, token: 't', env })
  context.after(() => client.close())
  await client.login(user)
  assert.deepEqual(proxy.asked, ['POST http://tracker.test/v1/login/?idApp=1'])
})

test('mistakes in the options are told at once', () => {
  for (const idApp of [0, 1.5, Number.NaN]) assert.throws(() => createClient({ idApp, token: 't' }), RangeError)
  assert.throws(() => createClient({ idApp: 1, token: 't', endpoint: 'ftp://h' }), TypeError)
})

test('the types of codes are derived from their place in the list, which is their number only where it begins at 0', () => {
  for (const name of paramNames) {
    const spec = paramSpecs[name]
    if (spec.kind !== 'number' || spec.codes === undefined) continue
    assert.deepEqual([spec.min, spec.max], [0, spec.codes.length - 1], name)
  }
})
