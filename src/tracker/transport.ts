/** The pool of connections to the tracker, straight or through a proxy. */
import { Pool } from 'undici'
import { CertificateFiles } from '../tls/certificate-files.ts'
import { connectorOf, connectorsOf } from '../tls/connectors.ts'
import type { HttpProxy } from './proxy.ts'
import { connectorThrough } from './tunnel.ts'

/**
 * Idle connections are closed after 4 s unless the server names a time of its own: below the shortest usual idle time-out (5 s).
 * A request that meets the server's closing is ambiguous, and its events may arrive twice.
 */
const keepAliveMs = 4_000

export interface TransportOptions {
  /** `http:` or `https:`; a path of its own is kept before the API's, a query is refused. */
  readonly endpoint: string
  /** One attempt: queue, connection, headers and body together. */
  readonly timeoutMs: number
  /** Sockets, and so requests on the wire. More than these at once wait inside, on their own deadline. */
  readonly connections: number
  /** Of the endpoint, and of a proxy that is spoken to over TLS. Absent: the built-in authorities. */
  readonly certificates?: CertificateFiles | undefined
  /** Absent: straight to the endpoint. */
  readonly proxy?: HttpProxy | undefined
}

export interface Transport {
  readonly pool: Pool
  /** Goes before the API's path. */
  readonly prefix: string
  /** What each request's headers need besides its own, as names and values in turn. */
  readonly headers: readonly string[]
}

export const createTransport = (options: TransportOptions): Transport => {
  const { proxy } = options
  const { origin, path } = endpointOf(options.endpoint)
  const pool = poolOf(origin, options)
  if (proxy === undefined || origin.startsWith('https:')) return { pool, prefix: path, headers: [] }
  // Without a tunnel the proxy is told the whole address, and who asks, with each request.
  const authorization = proxy.authorization()
  return { pool, prefix: origin + path, headers: authorization === undefined ? [] : ['proxy-authorization', authorization] }
}

const endpointOf = (endpoint: string): { origin: string; path: string } => {
  const url = new URL(endpoint)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TypeError('the endpoint must be an http: or https: address')
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new TypeError('the endpoint must have no query, fragment or credentials')
  }
  return { origin: url.origin, path: url.pathname.replace(/\/+$/, '') }
}

const poolOf = (origin: string, options: TransportOptions): Pool => {
  const { connections, timeoutMs, proxy, certificates = new CertificateFiles({}) } = options
  // The time-out frees the connection slot that an attempt gave up waiting for.
  const tls = { rejectUnauthorized: true, allowH2: false, timeout: timeoutMs }
  return new Pool(origin, {
    connections,
    // A POST shares a connection with nothing: what breaks it would make all the others ambiguous.
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: keepAliveMs,
    // undici's own time-outs are coarse, leave out the queue and start anew with every chunk; each attempt has a deadline instead.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect:
      proxy === undefined
        ? connectorOf(certificates, tls)
        : connectorThrough({ proxy, timeoutMs, connectors: connectorsOf(certificates, tls) }),
  })
}
