import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { TLSSocket } from 'node:tls'
import type { Encryption } from '../../src/kafka/socket-factory.ts'
import { socketFactoryOf } from '../../src/kafka/socket-factory.ts'
import { CertificateFiles } from '../../src/tls/certificate-files.ts'

async function listening(t: TestContext, onSocket: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer(onSocket).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** The first byte that the client of a connection sends; 22: it begins a TLS handshake. */
async function firstByteOf(t: TestContext, ssl: Encryption): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const port = await listening(t, (socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (bytes) => {
      resolve(bytes[0] as number)
      socket.destroy()
    })
  })
  const socket = socketFactoryOf(ssl)({ host: 'localhost', port, ssl: {}, onConnect: () => undefined })
  socket.on('error', () => undefined)
  t.after(() => socket.destroy())
  assert.equal(socket instanceof TLSSocket, ssl !== false)
  if (!(socket instanceof TLSSocket)) socket.write('plain')
  return await promise
}

test('what is configured is spoken, with TLS or without', async (t) => {
  for (const ssl of [true, new CertificateFiles({})]) assert.equal(await firstByteOf(t, ssl), 22)
  assert.equal(await firstByteOf(t, false), 'p'.charCodeAt(0))
})

test('small writes are not held back, and a silent peer is asked for', async (t) => {
  const port = await listening(t, (socket) => socket.on('error', () => undefined))
  const { promise, resolve } = Promise.withResolvers<void>()
  const calls: unknown[][] = []
  const { Socket: prototypeOf } = await import('node:net')
  for (const name of ['setNoDelay', 'setKeepAlive'] as const) {
    t.mock.method(prototypeOf.prototype, name, function (this: Socket, ...args: unknown[]) {
      calls.push([name, ...args])
      return this
    })
  }
  const socket = socketFactoryOf(false)({ host: '127.0.0.1', port, ssl: {}, onConnect: resolve })
  t.after(() => socket.destroy())
  await promise
  assert.deepEqual(calls, [
    ['setNoDelay', true],
    ['setKeepAlive', true, 30_000],
  ])
})
