/** Connections through a proxy, for the pool to use as if it had made them itself. */
import { request } from 'node:http'
import type { Socket } from 'node:net'
import type { buildConnector } from 'undici'
import type { HttpProxy } from './proxy.ts'
import { ProxyFailure } from './response.ts'

type Connect = buildConnector.connector
type Callback = buildConnector.Callback

export interface TunnelOptions {
  readonly proxy: HttpProxy
  /** Of the CONNECT. */
  readonly timeoutMs: number
  /** Counts for the endpoint and for a proxy that is spoken to over TLS. Asked for once for each connection. */
  readonly connectors: () => Connect
}

/**
 * For an https endpoint a tunnel by CONNECT, with the endpoint's own TLS inside: the proxy sees neither token nor events, and the certificate is verified
 * as without one. For an http endpoint the proxy's own connection, on which whole addresses are asked for.
 *
 * Not undici's ProxyAgent: its refusals have no code to tell a 407 from a 502, and it would build URLs and headers anew for each request.
 */
export const connectorThrough = ({ proxy, timeoutMs, connectors }: TunnelOptions): Connect => {
  const { protocol, hostname, host, port } = new URL(proxy.origin)
  // A TLS handshake needs a host without brackets, as undici hands it to a connector.
  const address = { protocol, hostname: hostname.replace(/^\[(.+)\]$/, '$1'), host, port }

  return (target, callback) => {
    const connect = connectors()
    const dialled = connect(address, (error, socket) => {
      if (error !== null) return callback(new ProxyFailure(error), null)
      if (target.protocol !== 'https:') return callback(null, socket)
      ask({ socket, target, proxy, timeoutMs }, (refused, tunnel) => {
        if (refused !== null) return callback(refused, null)
        connect({ ...target, httpSocket: tunnel }, callback)
      })
    })
    // Through the socket that is handed back, undici ends a connection attempt that nobody waits for any more.
    return dialled
  }
}

interface Question {
  readonly socket: Socket
  readonly target: buildConnector.Options
  readonly proxy: HttpProxy
  readonly timeoutMs: number
}

/** Asks the proxy for a way to the target. Calls back once. */
const ask = ({ socket, target, proxy, timeoutMs }: Question, callback: Callback): void => {
  const authority = `${target.hostname.includes(':') ? `[${target.hostname}]` : target.hostname}:${target.port || 443}`
  const authorization = proxy.authorization()
  const connecting = request({
    method: 'CONNECT',
    path: authority,
    // Without an agent Node would ask for the connection to be closed, which some proxies do.
    headers: {
      host: authority,
      connection: 'keep-alive',
      ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
    },
    createConnection: () => socket,
  })
  const fail = (error: ProxyFailure): void => {
    clearTimeout(deadline)
    socket.destroy()
    callback(error, null)
  }
  const deadline = setTimeout(() => connecting.destroy(coded('ETIMEDOUT')), timeoutMs)
  connecting.once('connect', ({ statusCode = 0 }, tunnel: Socket) => {
    if (statusCode < 200 || statusCode > 299) return fail(new ProxyFailure(statusCode))
    clearTimeout(deadline)
    callback(null, tunnel)
  })
  // Only before the answer: afterwards the socket is no longer the request's.
  connecting.once('error', (error) => fail(new ProxyFailure(error)))
  connecting.end()
}

const coded = (code: string): Error => Object.assign(new Error(code), { code })
