import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Route } from '../../src/core/hit.ts'
import type { Answer } from '../../src/core/outcome.ts'
import { CertificateFiles } from '../../src/tls/certificate-files.ts'
import type { TrackerClient, TrackerClientOptions } from '../../src/tracker/client.ts'
import { createTrackerClient } from '../../src/tracker/client.ts'
import { proxyOf } from '../../src/tracker/proxy.ts'
import { serialiseHit } from '../../src/tracker/request.ts'
import { SecretVolume } from '../support/secret-volume.ts'
import { servingOverTls } from '../support/serving.ts'
import { addressOf, oddServer } from './odd-server.ts'
import { standInProxy } from './stand-in-proxy.ts'

const route: Route = { app: 'shop', method: 'login' }
const hits = [serialiseHit(route, { customUserId: 'ю😀' })]
const caFile = fileURLToPath(new URL('./localhost.pem', import.meta.url))
const pem = readFileSync(caFile)
const certificates = new CertificateFiles({ caFile })

/** No such host exists: only the proxy's stand-in leads there. */
const plain = 'http://tracker.test/base'

const through = (context: TestContext, endpoint: string, proxy: string, options: Partial<TrackerClientOptions> = {}) => {
  const found = proxyOf('https://elsewhere.test', { HTTPS_PROXY: proxy })
  const apps = [{ name: 'shop', idApp: 666, token: () => 't0ken' }]
  const client = createTrackerClient({ endpoint, timeoutMs: 5_000, connections: 2, proxy: found, apps, ...options })
  context.after(() => client.destroy())
  return client
}

const tlsTracker = async (context: TestContext): Promise<{ endpoint: string; tokens: (string | undefined)[] }> => {
  const tokens: (string | undefined)[] = []
  const server = createServer({ key: pem, cert: pem }, (request, response) => {
    tokens.push(request.headers.authorization)
    request.resume().on('end', () => response.end('{}'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { endpoint: `https://localhost:${addressOf(server).split(':')[1]}`, tokens }
}

const send = async (client: TrackerClient, times: number): Promise<Answer[]> =>
  Promise.all(Array.from({ length: times }, () => client.send(route, hits)))

const deadAddress = async (): Promise<string> => {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = addressOf(server)
  server.close()
  await once(server, 'close')
  return address
}

test('an https endpoint is reached through a tunnel: TLS is verified inside, connections are few and kept', async (context) => {
  const tracker = await tlsTracker(context)
  const proxy = await standInProxy(context)
  const client = through(context, tracker.endpoint, `http://user:s3cret@${proxy.address}`, { certificates })
  const answers = [...(await send(client, 20)), ...(await send(client, 20))]
  assert.ok(answers.every(({ kind }) => kind === 'delivered'))
  assert.ok(proxy.asked.length >= 1 && proxy.asked.length <= 2, `${proxy.asked.length} tunnels`)
  assert.equal(proxy.asked[0], `CONNECT ${new URL(tracker.endpoint).host}`)
  assert.equal(proxy.headers[0]?.['proxy-authorization'], `Basic ${Buffer.from('user:s3cret').toString('base64')}`)
  assert.equal(proxy.headers[0]?.connection, 'keep-alive')
  assert.equal(proxy.headers[0]?.authorization, undefined)
  assert.deepEqual([...new Set(tracker.tokens)], ['t0ken'])
})

test('a certificate that nobody vouches for is refused inside a tunnel too, and so is one for another name', async (context) => {
  const tracker = await tlsTracker(context)
  const proxy = await standInProxy(context)
  const [unknown] = await send(through(context, tracker.endpoint, `http://${proxy.address}`), 1)
  assert.ok(unknown?.kind === 'retry')
  assert.match(unknown.detail, /signed by itself; is caFile missing\?/)
  const elsewhere = tracker.endpoint.replace('localhost', '127.0.0.1')
  const [other] = await send(through(context, elsewhere, `http://${proxy.address}`, { certificates }), 1)
  assert.ok(other?.kind === 'retry')
  assert.match(other.detail, /certificate is for another name/)
  assert.deepEqual(tracker.tokens, [])
})

test('inside a tunnel, too, an authority that is renewed is trusted from the next connection on', async (context) => {
  const other = readFileSync(new URL('../tls/other-localhost.pem', import.meta.url), 'utf8')
  const { url, server } = await servingOverTls(context, String(pem), (request, response) => {
    request.resume().on('end', () => response.end('{}'))
  })
  const proxy = await standInProxy(context)
  const volume = new SecretVolume(context)
  volume.put({ 'ca.pem': pem })
  const renewed = new CertificateFiles({ caFile: volume.path('ca.pem') })
  const client = through(context, url, `http://${proxy.address}`, { certificates: renewed })
  assert.deepEqual(await send(client, 1), [{ kind: 'delivered' }])
  server.setSecureContext({ key: other, cert: other })
  volume.put({ 'ca.pem': other })
  assert.deepEqual(await send(client, 1), [{ kind: 'delivered' }])
})

test('a proxy that is itself spoken to over TLS is verified as the endpoint is', async (context) => {
  const tracker = await tlsTracker(context)
  const proxy = await standInProxy(context, { pem })
  const [answer] = await send(through(context, tracker.endpoint, `https://${proxy.address}`, { certificates }), 1)
  assert.deepEqual(answer, { kind: 'delivered' })
  const [refused] = await send(through(context, tracker.endpoint, `https://${proxy.address}`), 1)
  assert.ok(refused?.kind === 'retry')
  assert.match(refused.detail, /^no way to the proxy: .*signed by itself/)
})

test('an http endpoint is asked for by its whole address, on the proxy’s own connections', async (context) => {
  const tracker = await oddServer(context, (_, response) => response.end('{}'))
  const proxy = await standInProxy(context, { target: new URL(tracker.endpoint).host })
  const client = through(context, plain, `http://user:s3cret@${proxy.address}`)
  const answers = [...(await send(client, 20)), ...(await send(client, 20))]
  assert.ok(answers.every(({ kind }) => kind === 'delivered'))
  assert.ok(proxy.sockets.length <= 2, `${proxy.sockets.length} connections`)
  assert.equal(proxy.asked[0], 'POST http://tracker.test/base/v1/login/?idApp=666')
  assert.equal(proxy.headers[0]?.['proxy-authorization'], `Basic ${Buffer.from('user:s3cret').toString('base64')}`)
  const [first] = tracker.received
  assert.equal(first?.url, '/base/v1/login/?idApp=666')
  assert.equal(first.headers.host, 'tracker.test')
  assert.equal(first.headers.authorization, 't0ken')
  assert.equal(first.body, hits[0]?.json)
})

test('a proxy that is down is no answer', async (context) => {
  const proxy = `http://user:s3cret@${await deadAddress()}`
  const tracker = await tlsTracker(context)
  for (const endpoint of [plain, tracker.endpoint]) {
    const [answer] = await send(through(context, endpoint, proxy, { certificates }), 1)
    assert.deepEqual(answer, {
      kind: 'retry',
      reason: 'unavailable',
      detail: 'no way to the proxy: connection refused (ECONNREFUSED)',
    })
  }
})

for (const [status, expected] of [
  [302, 'halt misconfigured'],
  [403, 'halt misconfigured'],
  [407, 'halt misconfigured'],
  [429, 'retry unavailable'],
  [502, 'retry unavailable'],
  [504, 'retry unavailable'],
] as const) {
  test(`a proxy that says ${status} to CONNECT is ${expected}, and the next connection is asked for anew`, async (context) => {
    const tracker = await tlsTracker(context)
    const proxy = await standInProxy(context, { status: (nth) => (nth === 1 ? status : undefined) })
    const client = through(context, tracker.endpoint, `http://user:s3cret@${proxy.address}`, { certificates, connections: 1 })
    const [answer] = await send(client, 1)
    assert.ok(answer !== undefined && 'reason' in answer)
    assert.equal(`${answer.kind} ${answer.reason}`, expected)
    assert.match(answer.detail, new RegExp(`^the proxy says ${status}: `))
    assert.doesNotMatch(answer.detail, /s3cret|user:/)
    assert.deepEqual(tracker.tokens, [])
    assert.deepEqual(await send(client, 1), [{ kind: 'delivered' }])
    assert.equal(proxy.asked.length, 2)
  })
}

test('a proxy that forwards answers for itself: 407 halts and says why, 502 is tried again', async (context) => {
  const proxy = await standInProxy(context, { status: (nth) => (nth === 1 ? 407 : 502) })
  const client = through(context, plain, `http://user:s3cret@${proxy.address}`)
  assert.deepEqual(await send(client, 1), [
    { kind: 'halt', reason: 'misconfigured', detail: "407: the proxy's address lacks a user and a password, or they are wrong" },
  ])
  assert.deepEqual(await send(client, 1), [{ kind: 'retry', reason: 'unavailable', detail: 'status 502' }])
})

test('a proxy that says 407 to CONNECT is told by what somebody has to do', async (context) => {
  const proxy = await standInProxy(context, { status: () => 407 })
  assert.deepEqual(await send(through(context, 'https://localhost:9', `http://${proxy.address}`), 1), [
    {
      kind: 'halt',
      reason: 'misconfigured',
      detail: "the proxy says 407: the proxy's address lacks a user and a password, or they are wrong",
    },
  ])
})

test('a CONNECT that is never answered makes room for one that is', async (context) => {
  const tracker = await tlsTracker(context)
  const proxy = await standInProxy(context, { silent: 1 })
  const client = through(context, tracker.endpoint, `http://${proxy.address}`, { certificates, timeoutMs: 300, connections: 1 })
  const [first] = await send(client, 1)
  assert.ok(first?.kind === 'retry' && first.reason === 'unavailable')
  let attempts = 0
  while ((await send(client, 1))[0]?.kind !== 'delivered') assert.ok(++attempts < 10)
})

test('a proxy that hangs up is no answer', async (context) => {
  const rude = createTcpServer((socket) => socket.on('error', () => {}).once('data', () => socket.destroy())).listen(
    0,
    '127.0.0.1',
  )
  await once(rude, 'listening')
  context.after(() => rude.close())
  const [cut] = await send(through(context, 'https://localhost:9', `http://${addressOf(rude)}`), 1)
  assert.ok(cut?.kind === 'retry')
  assert.match(cut.detail, /^no way to the proxy: connection reset/)
})
