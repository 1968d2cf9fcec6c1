/** A proxy on this machine: tunnels by CONNECT, and forwards what it is asked for by whole addresses. */
import type { IncomingMessage } from 'node:http'
import { createServer, request as httpRequest } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import { addressOf } from './odd-server.ts'

export interface StandInProxy {
  /** Host and port. */
  readonly address: string
  /** What was asked for: `CONNECT host:port`, `POST http://host/path`. */
  readonly asked: string[]
  readonly headers: IncomingMessage['headers'][]
  /** Connections ever made. */
  readonly sockets: Socket[]
}

export interface StandInProxyOptions {
  /** Answers so instead of doing what it is asked; undefined or 200 does it. */
  readonly status?: (nth: number) => number | undefined
  /** This many CONNECTs hear nothing at all. */
  readonly silent?: number
  /** Where every host name leads, whatever it is. */
  readonly target?: string
  /** Key and certificate, for a proxy that is spoken to over TLS. */
  readonly pem?: Buffer
}

export const standInProxy = async (context: TestContext, options: StandInProxyOptions = {}): Promise<StandInProxy> => {
  const { status = () => undefined, silent = 0, target, pem } = options
  const seen: StandInProxy = { address: '', asked: [], headers: [], sockets: [] }
  const note = ({ method = '', url = '', headers }: IncomingMessage): number | undefined => {
    seen.headers.push(headers)
    return status(seen.asked.push(`${method} ${url}`))
  }
  const server = pem === undefined ? createServer() : createTlsServer({ key: pem, cert: pem })
  server.on('request', (request, response) => {
    const refused = note(request)
    if (refused !== undefined && refused !== 200)
      return void request.resume().on('end', () => response.writeHead(refused).end('no'))
    const { host, pathname, search } = new URL(request.url ?? '')
    const [hostname, port] = (target ?? host).split(':')
    const headers = { ...request.headers }
    delete headers['proxy-authorization']
    const onward = httpRequest({ hostname, port, path: pathname + search, method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(response)
    })
    request.pipe(onward)
  })
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    const refused = note(request)
    if (seen.asked.length <= silent) return
    if (refused !== undefined && refused !== 200) return void socket.end(`HTTP/1.1 ${refused} No\r\ncontent-length: 2\r\n\r\nno`)
    const [hostname, port] = (target ?? request.url ?? '').split(':')
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.pipe(onward).pipe(socket)
    })
    onward.on('error', () => socket.destroy())
    socket.on('close', () => onward.destroy())
  })
  server.on('connection', (socket: Socket) => {
    seen.sockets.push(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, pem === undefined ? '127.0.0.1' : 'localhost', resolve))
  context.after(() => {
    for (const socket of seen.sockets) socket.destroy()
    server.close()
  })
  const port = addressOf(server).split(':').at(-1)
  return { ...seen, address: pem === undefined ? addressOf(server) : `localhost:${port}` }
}
