/** The tracker over HTTP, as the pipeline needs it: hits in, answers out. */
import type { Hit, Method, Route } from '../core/hit.ts'
import { methods } from '../core/hit.ts'
import type { Answer } from '../core/outcome.ts'
import { Attempt } from './attempt.ts'
import { bodyOf, headersOf, pathOf, tokenFault } from './request.ts'
import type { TransportOptions } from './transport.ts'
import { createTransport } from './transport.ts'

export interface TrackerApp {
  readonly name: string
  readonly idApp: number
  /** The token as it is now: asked before every request, so that a changed secret needs no restart. */
  readonly token: () => string
  /** Called when the tracker refuses the token: whoever keeps it should look at once whether it has changed. */
  readonly tokenRefused?: () => void
}

export interface TrackerClientOptions extends TransportOptions {
  readonly apps: readonly TrackerApp[]
  readonly watch?: RequestWatch
}

/** Told of every request that is really made. */
export interface RequestWatch {
  started(): void
  /** `status`: 0 where none came. `hitBytes`: of the hits' texts together. */
  ended(request: { method: Method; status: number; hits: number; hitBytes: number; durationMs: number }): void
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
  const { timeoutMs, watch } = options
  const { pool, prefix, headers } = createTransport(options)
  const senders = new Map(options.apps.map((app) => [app.name, senderOf(app, prefix)]))

  const send = (route: Route, hits: readonly Hit[]): Promise<Answer> => {
    const sender = senders.get(route.app)
    if (sender === undefined) throw new RangeError(`no app is called "${route.app}"`)
    const body = bodyOf(hits)
    const refused = refresh(sender, headers)
    if (refused !== undefined) return Promise.resolve(refused)
    const paths = sender.paths[route.method]
    const path = hits.length === 1 ? paths.single : paths.batch
    const startedAt = performance.now()
    watch?.started()
    return new Promise((settle) => {
      const attempt = new Attempt(timeoutMs, (answer, status) => {
        watch?.ended({
          ...{ method: route.method, status, hits: hits.length },
          hitBytes: hits.reduce((sum, { bytes }) => sum + bytes, 0),
          durationMs: performance.now() - startedAt,
        })
        if (answer.kind === 'halt' && answer.reason === 'forbidden') sender.app.tokenRefused?.()
        settle(answer)
      })
      pool.dispatch({ path, method: 'POST', headers: sender.headers, body }, attempt)
    })
  }

  return { send, close: async () => (pool.destroyed ? undefined : pool.close()), destroy: () => pool.destroy() }
}

const senderOf = (app: TrackerApp, prefix: string): Sender => {
  const pathsOf = (method: Method) => ({
    single: prefix + pathOf(method, 1, app.idApp),
    batch: prefix + pathOf(method, 2, app.idApp),
  })
  const paths = Object.fromEntries(methods.map((method) => [method, pathsOf(method)])) as Sender['paths']
  return { app, paths, token: undefined, headers: [] }
}

/** Builds the headers anew where the token has changed. A token that no header can carry blocks its app only, as a refused one does. */
const refresh = (sender: Sender, headers: readonly string[]): Answer | undefined => {
  const token = sender.app.token()
  if (token === sender.token) return undefined
  const fault = tokenFault(token)
  if (fault !== undefined) return fault
  sender.token = token
  sender.headers = [...headersOf(token), ...headers]
  return undefined
}
