/** The door for other programs, `mytracker-sink/tracker`: one app, one call for each method of the API, failures as errors. */
import type { Method } from '../core/hit.ts'
import type { Answer } from '../core/outcome.ts'
import { CertificateFiles } from '../tls/certificate-files.ts'
import { Attempt } from './attempt.ts'
import type { TrackerEvent } from './event-types.ts'
import type { Variables } from './proxy.ts'
import { proxyOf } from './proxy.ts'
import { headersOf, pathOfMethod, tokenFault } from './request.ts'
import type { ApiMethod } from './spec.ts'
import { defaultEndpoint, limits, methodSpecs } from './spec.ts'
import { InvalidEventError, TrackerError } from './tracker-errors.ts'
import type { Transport } from './transport.ts'
import { createTransport } from './transport.ts'
import type { Params, Validator } from './validate.ts'
import { compileValidator } from './validate.ts'

export type { TrackerEvent } from './event-types.ts'
export type { TrackerErrorKind } from './tracker-errors.ts'
export { InvalidEventError, TrackerError } from './tracker-errors.ts'

export interface ClientOptions<Vk extends boolean = false> {
  /** Default: https://tracker-s2s.my.com. */
  readonly endpoint?: string
  readonly idApp: number
  /** A function is asked before every request, so that a changed token needs no new client. */
  readonly token: string | (() => string)
  /** The app is on VK Mini Apps: `customPlatformUserId` and `vkPlatform` are required too. Default: false. */
  readonly vkMiniApp?: Vk
  /** One request: queue, connection and answer together. Default: 10,000. */
  readonly timeoutMs?: number
  /** Requests on the wire at once; more wait inside, on their own deadline. Default: 16. */
  readonly connections?: number
  /** PEM file of the authorities to trust in place of the built-in ones; read anew for each connection. */
  readonly caFile?: string
  /** Whose HTTPS_PROXY, HTTP_PROXY and NO_PROXY count: `process.env`, for instance. Default: no proxy. */
  readonly env?: Variables
}

/**
 * A call resolves once the tracker has accepted its events. It rejects with `InvalidEventError` or `RangeError` (too many events, too many bytes) before
 * anything is sent, and with `TrackerError` where the tracker did not take them. Nothing is sent twice by itself. An optional empty text is left out.
 */
export interface Client<Vk extends boolean = false> {
  registration(event: TrackerEvent<'registration', Vk>): Promise<void>
  login(event: TrackerEvent<'login', Vk>): Promise<void>
  customEvent(event: TrackerEvent<'customEvent', Vk>): Promise<void>
  /** 1 to 20 events. */
  registrationBatch(events: readonly TrackerEvent<'registration', Vk>[]): Promise<void>
  loginBatch(events: readonly TrackerEvent<'login', Vk>[]): Promise<void>
  customEventBatch(events: readonly TrackerEvent<'customEvent', Vk>[]): Promise<void>
  /** The API's version; needs no token. Not in the tracker's documentation. */
  version(): Promise<string>
  /** Whether the token fits the app. Sends no event. Not in the tracker's documentation. */
  testAppAccess(): Promise<boolean>
  /** Waits for the requests under way, then closes the connections. */
  close(): Promise<void>
}

export const createClient = <Vk extends boolean = false>(options: ClientOptions<Vk>): Client<Vk> => {
  const caller = new Caller(options)
  return {
    registration: (event) => caller.sendOne('registration', event),
    login: (event) => caller.sendOne('login', event),
    customEvent: (event) => caller.sendOne('customEvent', event),
    registrationBatch: (events) => caller.sendBatch('registration', events),
    loginBatch: (events) => caller.sendBatch('login', events),
    customEventBatch: (events) => caller.sendBatch('customEvent', events),
    version: () => caller.version(),
    testAppAccess: () => caller.testAppAccess(),
    close: () => caller.close(),
  }
}

interface Reply {
  readonly answer: Answer
  readonly status: number
  readonly text: string
}

const json = ['content-type', 'application/json']

class Caller {
  readonly #transport: Transport
  readonly #timeoutMs: number
  readonly #idApp: number
  readonly #token: () => string
  readonly #validators: Readonly<Record<Method, Validator>>

  constructor({ endpoint = defaultEndpoint, env = {}, idApp, token, ...rest }: ClientOptions<boolean>) {
    const { vkMiniApp = false, timeoutMs = 10_000, connections = 16 } = rest
    if (!Number.isSafeInteger(idApp) || idApp < 1) throw new RangeError('idApp must be a whole number from 1')
    const certificates = new CertificateFiles({ caFile: rest.caFile })
    this.#transport = createTransport({ endpoint, timeoutMs, connections, certificates, proxy: proxyOf(endpoint, env) })
    this.#timeoutMs = timeoutMs
    this.#idApp = idApp
    this.#token = typeof token === 'string' ? () => token : token
    const validator = (method: Method) => compileValidator({ method, vkMiniApp, invalidParams: 'reject' })
    this.#validators = {
      registration: validator('registration'),
      login: validator('login'),
      customEvent: validator('customEvent'),
    }
  }

  async sendOne(method: Method, event: object): Promise<void> {
    await this.#deliver(method, this.#serialise(method, event))
  }

  async sendBatch(method: Method, events: readonly object[]): Promise<void> {
    const { batch } = methodSpecs[method]
    if (!Array.isArray(events)) throw new TypeError(`${batch} takes a list of events`)
    if (events.length < 1 || events.length > limits.batchEvents) {
      throw new RangeError(`${batch} takes 1 to ${limits.batchEvents} events, not ${events.length}`)
    }
    await this.#deliver(batch, `[${events.map((event, index) => this.#serialise(method, event, index)).join()}]`)
  }

  async version(): Promise<string> {
    const { answer, status, text } = await this.#post('version', '{}', json)
    if (answer.kind !== 'delivered') throw new TrackerError('version', status, answer)
    const version = versionIn(text)
    if (version !== undefined) return version
    const detail = `status ${status} without a version; is the endpoint the tracker?`
    throw new TrackerError('version', status, { kind: 'halt', reason: 'misconfigured', detail })
  }

  async testAppAccess(): Promise<boolean> {
    const { answer, status } = await this.#ask('test-app-access', 'true')
    if (answer.kind === 'delivered') return true
    if (answer.kind === 'halt' && answer.reason === 'forbidden') return false
    throw new TrackerError('test-app-access', status, answer)
  }

  async close(): Promise<void> {
    if (!this.#transport.pool.closed) await this.#transport.pool.close()
  }

  #serialise(method: Method, event: object, index?: number): string {
    // For programs without types: what is no object has no parameters to name.
    if (typeof event !== 'object' || event === null || Array.isArray(event))
      throw new TypeError(`an event of ${method} is an object`)
    const validation = this.#validators[method](event as Params)
    if (validation.kind === 'reject') throw new InvalidEventError(method, index, validation.detail)
    return JSON.stringify(validation.params)
  }

  async #deliver(method: ApiMethod, body: string): Promise<void> {
    const bytes = Buffer.byteLength(body)
    if (bytes > limits.bodyBytes) {
      throw new RangeError(`${method} takes a body of at most ${limits.bodyBytes} bytes, not ${bytes}`)
    }
    const { answer, status } = await this.#ask(method, body)
    if (answer.kind !== 'delivered') throw new TrackerError(method, status, answer)
  }

  /** Posts with the token. */
  #ask(method: ApiMethod, body: string): Promise<Reply> {
    const token = this.#token()
    const fault = tokenFault(token)
    return fault === undefined
      ? this.#post(method, body, headersOf(token))
      : Promise.resolve({ answer: fault, status: 0, text: '' })
  }

  #post(method: ApiMethod, body: string, own: readonly string[]): Promise<Reply> {
    const { pool, prefix, headers } = this.#transport
    const path = prefix + pathOfMethod(method, this.#idApp)
    return new Promise((resolve) => {
      const attempt = new Attempt(this.#timeoutMs, (answer, status, text) => resolve({ answer, status, text }), 'any-text')
      pool.dispatch({ path, method: 'POST', headers: [...own, ...headers], body }, attempt)
    })
  }
}

const versionIn = (text: string): string | undefined => {
  try {
    const body: unknown = JSON.parse(text)
    const version = typeof body === 'object' && body !== null && 'version' in body ? body.version : undefined
    return typeof version === 'string' || typeof version === 'number' ? String(version) : undefined
  } catch {
    return undefined
  }
}
