import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { TokenSource } from '../../src/kafka/token-source.ts'
import { CertificateFiles } from '../../src/tls/certificate-files.ts'
import { SecretVolume } from '../support/secret-volume.ts'
import { closedPort, serving, servingOverTls } from '../support/serving.ts'

const SECRET = 's3cret:with /signs'
const certificates = new CertificateFiles({})

interface Answer {
  readonly status?: number
  readonly body: string
}

async function source(t: TestContext, answer: (asked: number) => Answer) {
  const asked: { authorization: string | undefined; body: string }[] = []
  const world = { nowMs: 1_000_000, secret: SECRET, asked }
  const endpoint = await serving(t, async (request, response) => {
    asked.push({ authorization: request.headers.authorization, body: await text(request) })
    const { status = 200, body } = answer(asked.length)
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  const options = { endpoint, clientId: 'sink', scope: 'kafka read', certificates, now: () => world.nowMs }
  return { world, tokens: new TokenSource({ ...options, clientSecret: () => world.secret }) }
}

const token = (value: string, seconds?: number): Answer => ({
  body: JSON.stringify({ access_token: value, token_type: 'Bearer', expires_in: seconds }),
})

test('a token is asked for as the standard has it, once for all who ask at once', async (t) => {
  const { world, tokens } = await source(t, (asked) => token(`t${asked}`, 100))
  assert.deepEqual(await Promise.all([tokens.get(), tokens.get()]), ['t1', 't1'])
  const credentials = Buffer.from('sink:s3cret%3Awith+%2Fsigns').toString('base64')
  assert.deepEqual(world.asked, [
    { authorization: `Basic ${credentials}`, body: 'grant_type=client_credentials&scope=kafka+read' },
  ])
})

test('a token is renewed before it expires, with the secret as it then is', async (t) => {
  const { world, tokens } = await source(t, (asked) => token(`t${asked}`, 100))
  await tokens.get()
  world.nowMs += 79_999
  assert.equal(await tokens.get(), 't1')
  world.nowMs += 1
  world.secret = 'changed'
  assert.equal(await tokens.get(), 't2')
  assert.equal(world.asked[1]?.authorization, `Basic ${Buffer.from('sink:changed').toString('base64')}`)
})

test('what is handed out has ten seconds left; a token that lives shorter serves those who ask at once', async (t) => {
  const { world, tokens } = await source(t, (asked) => token(`t${asked}`, asked === 1 ? 12 : 8))
  assert.equal(await tokens.get(), 't1')
  world.nowMs += 1_999
  assert.equal(await tokens.get(), 't1')
  world.nowMs += 1
  assert.deepEqual(await Promise.all([tokens.get(), tokens.get()]), ['t2', 't2'])
  assert.equal(await tokens.get(), 't3')
})

test('an endpoint that fails goes unnoticed while the last token lives, and no longer', async (t) => {
  const { world, tokens } = await source(t, (asked) => (asked === 1 ? token('t1', 100) : { status: 503, body: '' }))
  await tokens.get()
  world.nowMs += 99_999
  assert.equal(await tokens.get(), 't1')
  world.nowMs += 1
  await assert.rejects(tokens.get(), /answers 503; wait until it is sound/)
})

test('a token that does not say how long it lives is used once', async (t) => {
  const { tokens } = await source(t, (asked) => token(`t${asked}`))
  assert.deepEqual([await tokens.get(), await tokens.get()], ['t1', 't2'])
})

test('a refusal says where, what and what to change, and repeats nothing', async (t) => {
  for (const [status, body, expected, retriable] of [
    [
      401,
      { error: 'invalid_client', error_description: SECRET },
      '401 invalid_client; mend kafka.sasl.clientId and its secret',
      false,
    ],
    [400, { error: 'invalid_scope' }, '400 invalid_scope; mend kafka.sasl.scope', false],
    [403, { error: SECRET }, '403; mend kafka.sasl.clientId and its secret', false],
    [404, {}, '404; mend kafka.sasl.tokenEndpoint', false],
    [302, {}, '302; mend kafka.sasl.tokenEndpoint', false],
    [503, {}, '503; wait until it is sound', true],
  ] as const) {
    const { tokens } = await source(t, () => ({ status, body: JSON.stringify(body) }))
    await assert.rejects(tokens.get(), (error: Error & { retriable: boolean }) => {
      assert.match(error.message, /^kafka\.sasl\.tokenEndpoint http:\/\/127\.0\.0\.1:\d+ answers /)
      assert.equal(error.message.split(' answers ')[1], expected)
      assert.equal(error.retriable, retriable)
      return true
    })
  }
})

test('what is no token endpoint, and what is not there', async (t) => {
  const { tokens } = await source(t, () => ({ body: '<html>' }))
  await assert.rejects(tokens.get(), /answers without an access_token; write the address of the token endpoint itself$/)
  const endpoint = `http://127.0.0.1:${await closedPort()}`
  const nowhere = new TokenSource({
    endpoint,
    clientId: 'c',
    clientSecret: () => SECRET,
    scope: undefined,
    certificates,
    now: Date.now,
  })
  await assert.rejects(nowhere.get(), /cannot be asked: .*ECONNREFUSED.*; mend it, its caFile or the way to it$/)
})

test('an endpoint whose authority is renewed is asked on, as soon as caFile holds the new one', async (t) => {
  const [first = '', other = ''] = ['../tracker/localhost.pem', '../tls/other-localhost.pem'].map((path) =>
    readFileSync(new URL(path, import.meta.url), 'utf8'),
  )
  let asked = 0
  const { url, server } = await servingOverTls(t, first, (_request, response) => {
    asked += 1
    response.end(token(`t${asked}`).body)
  })
  const volume = new SecretVolume(t)
  volume.put({ 'ca.pem': first })
  const tokens = new TokenSource({
    endpoint: url,
    clientId: 'c',
    clientSecret: () => SECRET,
    scope: undefined,
    certificates: new CertificateFiles({ caFile: volume.path('ca.pem') }),
    now: Date.now,
  })
  assert.equal(await tokens.get(), 't1')
  server.setSecureContext({ key: other, cert: other })
  await assert.rejects(tokens.get(), /cannot be asked: self-signed certificate.*; mend it, its caFile or the way to it$/)
  volume.put({ 'ca.pem': other })
  assert.equal(await tokens.get(), 't2')
  volume.put({})
  assert.equal(await tokens.get(), 't3')
})
