import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import type { Route } from '../../src/core/hit.ts'
import type { Answer } from '../../src/core/outcome.ts'
import { CertificateFiles } from '../../src/tls/certificate-files.ts'
import { createTrackerClient } from '../../src/tracker/client.ts'
import { serialiseHit } from '../../src/tracker/request.ts'
import { SecretVolume } from '../support/secret-volume.ts'
import { servingOverTls } from '../support/serving.ts'

const route: Route = { app: 'shop', method: 'login' }
const hits = [serialiseHit(route, { customUserId: 'u' })]
const apps = [{ name: 'shop', idApp: 666, token: () => 't0ken' }]

/** Key and certificate of nobody but these tests, for the name `localhost`, signed by itself. */
const caFile = fileURLToPath(new URL('./localhost.pem', import.meta.url))
const pem = readFileSync(caFile, 'utf8')
const other = readFileSync(new URL('../tls/other-localhost.pem', import.meta.url), 'utf8')
const trusting = new CertificateFiles({ caFile })

/** A server over TLS whose first `silent` connections hear nothing. */
const tlsServer = async (context: TestContext, silent = 0): Promise<number> => {
  const server = createServer({ key: pem, cert: pem }, (request, response) => {
    request.resume().on('end', () => response.end('{}'))
  })
  let connections = 0
  const door = createTcpServer((socket) => {
    socket.on('error', () => {})
    connections++
    if (connections > silent) server.emit('connection', socket)
  })
  door.listen(0, 'localhost')
  await once(door, 'listening')
  context.after(() => {
    server.closeAllConnections()
    door.close()
  })
  return (door.address() as AddressInfo).port
}

const send = (context: TestContext, endpoint: string, certificates: CertificateFiles | undefined): Promise<Answer> => {
  const client = createTrackerClient({ endpoint, timeoutMs: 5_000, connections: 1, certificates, apps })
  context.after(() => client.destroy())
  return client.send(route, hits)
}

test('a certificate that nobody vouches for is refused, and the detail says what is missing', async (context) => {
  const answer = await send(context, `https://localhost:${await tlsServer(context)}`, undefined)
  assert.ok(answer.kind === 'retry' && answer.reason === 'unavailable')
  assert.match(answer.detail, /signed by itself; is caFile missing\?/)
})

test('a certificate that caFile vouches for is taken', async (context) => {
  assert.deepEqual(await send(context, `https://localhost:${await tlsServer(context)}`, trusting), { kind: 'delivered' })
})

test('a certificate for another name is refused', async (context) => {
  const answer = await send(context, `https://127.0.0.1:${await tlsServer(context)}`, trusting)
  assert.ok(answer.kind === 'retry')
  assert.match(answer.detail, /certificate is for another name/)
})

test('a connection that never came up makes room for one that does', async (context) => {
  const endpoint = `https://localhost:${await tlsServer(context, 1)}`
  const client = createTrackerClient({ endpoint, timeoutMs: 300, connections: 1, certificates: trusting, apps })
  context.after(() => client.destroy())
  const first = await client.send(route, hits)
  assert.ok(first.kind === 'retry' && first.reason === 'unavailable')
  let attempts = 0
  while ((await client.send(route, hits)).kind !== 'delivered') assert.ok(++attempts < 10)
})

test('an authority that is renewed is trusted from the next connection on, one that is of no use breaks nothing', async (context) => {
  const sessions: boolean[] = []
  const { url, server } = await servingOverTls(context, pem, (request, response) => {
    sessions.push((request.socket as TLSSocket).isSessionReused())
    request.resume().on('end', () => response.end('{}'))
  })
  const volume = new SecretVolume(context)
  volume.put({ 'ca.pem': pem })
  const kept: string[] = []
  const certificates = new CertificateFiles(
    { caFile: volume.path('ca.pem') },
    {
      kept: ({ why }) => kept.push(why),
      renewed: () => undefined,
    },
  )
  const client = createTrackerClient({ endpoint: url, timeoutMs: 5_000, connections: 1, certificates, apps })
  context.after(() => client.destroy())
  const kinds = async () => [(await client.send(route, hits)).kind, (await client.send(route, hits)).kind]

  assert.deepEqual(await kinds(), ['delivered', 'delivered'])
  server.setSecureContext({ key: other, cert: other })
  assert.deepEqual(await kinds(), ['retry', 'retry'])
  volume.put({ 'ca.pem': other })
  assert.deepEqual(await kinds(), ['delivered', 'delivered'])
  volume.put({ 'ca.pem': 'garbage' })
  assert.deepEqual(await kinds(), ['delivered', 'delivered'])
  volume.put({})
  assert.deepEqual(await kinds(), ['delivered', 'delivered'])
  assert.equal(kept.length, 2)
  // Sessions are resumed, but for none that another authority has vouched for.
  assert.deepEqual(sessions, [false, true, false, true, true, true, true, true])
  volume.put({ 'ca.pem': pem })
  assert.deepEqual(await kinds(), ['retry', 'retry'])
})
