/** The tracker over HTTP: the only I/O in this folder. */
import { readFileSync } from 'node:fs'
import { Pool } from 'undici'
import type { Hit, Method, Route } from '../core/hit.ts'
import { methods } from '../core/hit.ts'
import type { Answer } from '../core/outcome.ts'
import { Attempt } from './attempt.ts'
import { bodyOf, pathOf } from './request.ts'

/**
 * Idle connections are closed after 4 s unless the server names a time of its own: below the shortest usual idle time-out (5 s).
 * A request that meets the server's closing is ambiguous, and its events may arrive twice.
 */
const keepAliveMs = 4_000

export interface TrackerApp {
  readonly name: string
  readonly idApp: number
  /** The token as it is now: asked before every request, so that a changed secret needs no restart. */
  readonly token: () => string
}

export interface TrackerClientOptions {
  /** `http:` or `https:`; a path of its own is kept before the API's, a query is refused. */
  readonly endpoint: string
  /** One attempt: queue, connection, headers and body together. */
  readonly timeoutMs: number
  /** Sockets, and so requests on the wire. More than these at once wait inside, on their own deadline. */
  readonly connections: number
  /** PEM file of the authorities to trust in place of the built-in ones; read once. */
  readonly caFile?: string | undefined
  readonly apps: readonly TrackerApp[]
}

export interface TrackerClient {
  /**
   * Posts hits of one route, at least one, and resolves to what became of the request. Never rejects for what the network or the tracker does;
   * throws for an app it does not know or a request without hits, which are bugs.
   */
  send(route: Route, hits: readonly Hit[]): Promise<Answer>
  /** Resolves once the requests under way have their answers; later ones are answered `retry`. */
  close(): Promise<void>
  /** Gives up the requests under way: they are answered `retry`. */
  destroy(): Promise<void>
}

/** What requests of one app have in common, made ahead. */
interface Sender {
  readonly app: TrackerApp
  readonly paths: Readonly<Record<Method, { readonly single: string; readonly batch: string }>>
  token: string | undefined
  headers: string[]
}

export const createTrackerClient = (options: TrackerClientOptions): TrackerClient => {
  const { timeoutMs } = options
  const endpoint = endpointOf(options.endpoint)
  const senders = new Map(options.apps.map((app) => [app.name, senderOf(app, endpoint.prefix)]))
  const pool = poolOf(endpoint.origin, options)

  const send = (route: Route, hits: readonly Hit[]): Promise<Answer> => {
    const sender = senders.get(route.app)
    if (sender === undefined) throw new RangeError(`no app is called "${route.app}"`)
    const body = bodyOf(hits)
    const refused = refresh(sender)
    if (refused !== undefined) return Promise.resolve(refused)
    const paths = sender.paths[route.method]
    const path = hits.length === 1 ? paths.single : paths.batch
    return new Promise((settle) => {
      pool.dispatch({ path, method: 'POST', headers: sender.headers, body }, new Attempt(timeoutMs, settle))
    })
  }

  return { send, close: async () => (pool.destroyed ? undefined : pool.close()), destroy: () => pool.destroy() }
}

const endpointOf = (endpoint: string): { origin: string; prefix: string } => {
  const url = new URL(endpoint)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TypeError('the endpoint must be an http: or https: address')
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new TypeError('the endpoint must have no query, fragment or credentials')
  }
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '') }
}

const poolOf = (origin: string, { connections, timeoutMs, caFile }: TrackerClientOptions): Pool =>
  new Pool(origin, {
    connections,
    // A POST shares a connection with nothing: what breaks it would make all the others ambiguous.
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: keepAliveMs,
    // undici's own time-outs are coarse, leave out the queue and start anew with every chunk; each attempt has a deadline instead.
    headersTimeout: 0,
    bodyTimeout: 0,
    // This one frees the connection slot that an attempt gave up waiting for.
    connectTimeout: timeoutMs,
    connect: { rejectUnauthorized: true, ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }) },
  })

const senderOf = (app: TrackerApp, prefix: string): Sender => {
  const pathsOf = (method: Method) => ({
    single: prefix + pathOf(method, 1, app.idApp),
    batch: prefix + pathOf(method, 2, app.idApp),
  })
  const paths = Object.fromEntries(methods.map((method) => [method, pathsOf(method)])) as Sender['paths']
  return { app, paths, token: undefined, headers: [] }
}

/** Builds the headers anew where the token has changed. A token that no header can carry blocks its app only, as a refused one does. */
const refresh = (sender: Sender): Answer | undefined => {
  const token = sender.app.token()
  if (token === sender.token) return undefined
  if (!/^[\x21-\x7e]+$/.test(token)) {
    return { kind: 'halt', reason: 'forbidden', detail: 'the token is empty or holds characters that a header cannot carry' }
  }
  sender.token = token
  // The bare token, without a scheme word (the tracker's documentation, "Example query").
  sender.headers = ['authorization', token, 'content-type', 'application/json']
  return undefined
}
