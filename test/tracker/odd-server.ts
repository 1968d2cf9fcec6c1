/** Local servers that behave as servers should not. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { TestContext } from 'node:test'

export interface Received {
  readonly url: string
  readonly method: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Behaviour = (request: IncomingMessage, response: ServerResponse, nth: number) => void

export interface OddServer {
  readonly endpoint: string
  /** Requests whose body has arrived, in order. */
  readonly received: Received[]
  /** Connections ever made. */
  readonly sockets: Socket[]
}

export const addressOf = (server: Server): string => `127.0.0.1:${(server.address() as AddressInfo).port}`

/** Starts a server that reads each request and then does as it is told; it ends with the test, its open connections too. */
export const oddServer = async (context: TestContext, behaviour: Behaviour): Promise<OddServer> => {
  const received: Received[] = []
  const sockets: Socket[] = []
  const server = createServer((request, response) => {
    response.on('error', () => {})
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { url = '', method = '', headers } = request
      received.push({ url, method, headers, body: Buffer.concat(chunks).toString('utf8') })
      behaviour(request, response, received.length)
    })
  })
  server.on('connection', (socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { endpoint: `http://${addressOf(server)}`, received, sockets }
}
