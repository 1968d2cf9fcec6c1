import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** A server of the test's own, up to its end; returns its address. */
export async function serving(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The same over TLS, for `localhost`: with key and certificate in one PEM text. Each request has a connection of its own. */
export async function servingOverTls(
  t: TestContext,
  pem: string,
  answer: RequestListener,
): Promise<{ url: string; server: SecureServer }> {
  const server = createSecureServer({ key: pem, cert: pem }, answer).listen(0, 'localhost')
  server.maxRequestsPerSocket = 1
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `https://localhost:${(server.address() as AddressInfo).port}`, server }
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
