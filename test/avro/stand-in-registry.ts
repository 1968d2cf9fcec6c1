import type { ServerResponse } from 'node:http'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Schema } from 'avsc'
import { SchemaCache } from '../../src/avro/schema-registry.ts'
import type { WriterSchema } from '../../src/avro/writer-schema.ts'
import type { Timer } from '../../src/core/clock.ts'
import { CertificateFiles } from '../../src/tls/certificate-files.ts'
import { FakeClock } from '../support/fake-clock.ts'

export interface Reference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** What the registry does instead of answering as it should. */
export type Fault =
  | { readonly status: number; readonly body: string }
  /** Never answers; begins an answer and never ends it; begins one and hangs up. */
  | 'hangs'
  | 'stalls'
  | 'breaks'

const REFUSED: Fault = { status: 401, body: '{"error_code":40101,"message":"Unauthorized"}' }

/** The part of Confluent's registry API that a consumer uses, over real HTTP. */
export class StandInRegistry {
  readonly requests: { readonly path: string; readonly authorization: string | undefined }[] = []
  fault: Fault | undefined
  readonly #faults = new Map<string, Fault>()
  readonly #documents = new Map<string, object>()
  /** Answered 401 where it is not the one. */
  credentials: string | undefined
  readonly #server: http.Server
  readonly #scheme: 'http' | 'https'
  #port = 0

  /** `tls`: key and certificate, PEM. Each request has a connection of its own then. */
  constructor(tls?: string) {
    this.#scheme = tls === undefined ? 'http' : 'https'
    this.#server = tls === undefined ? http.createServer() : https.createServer({ key: tls, cert: tls })
    if (tls !== undefined) this.#server.maxRequestsPerSocket = 1
    this.#server.on('request', (request, response) => {
      const { authorization } = request.headers
      this.requests.push({ path: request.url ?? '', authorization })
      const isRefused = this.credentials !== undefined && this.credentials !== authorization
      this.#answer(request.url ?? '', response, isRefused ? REFUSED : (this.#faults.get(pathOf(request.url)) ?? this.fault))
    })
  }

  get url(): string {
    return `${this.#scheme}://${this.#scheme === 'http' ? '127.0.0.1' : 'localhost'}:${this.#port}`
  }

  /** On the same port as before. */
  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
    return this
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  /** Key and certificate from the next connection on. */
  renew(tls: string): void {
    if (this.#server instanceof https.Server) this.#server.setSecureContext({ key: tls, cert: tls })
  }

  put(id: number, schema: Schema, references: readonly Reference[] = []): void {
    this.putDocument(id, { schema: JSON.stringify(schema), references })
  }

  /** Undefined: answers again as it should. */
  faultAt(path: string, fault: Fault | undefined): void {
    if (fault === undefined) this.#faults.delete(path)
    else this.#faults.set(path, fault)
  }

  putDocument(id: number, document: object): void {
    this.#documents.set(`/schemas/ids/${id}`, document)
  }

  putVersion({ subject, version }: Reference, schema: Schema, references: readonly Reference[] = []): void {
    this.#documents.set(`/subjects/${subject}/versions/${version}`, { schema: JSON.stringify(schema), references })
  }

  #answer(path: string, response: ServerResponse, fault: Fault | undefined): void {
    const json = { 'content-type': 'application/vnd.schemaregistry.v1+json' }
    if (fault === 'hangs') return
    if (fault === 'stalls' || fault === 'breaks') {
      response.writeHead(200, { ...json, 'content-length': 1_000 }).write('{"schema":')
      if (fault === 'breaks') response.write('"', () => response.destroy())
      return
    }
    if (fault !== undefined) {
      const type = fault.body.startsWith('{') ? json : { 'content-type': 'text/html' }
      response.writeHead(fault.status, type).end(fault.body)
      return
    }
    const document = this.#documents.get(pathOf(path))
    const missing = { error_code: 40_403, message: 'Schema not found' }
    response.writeHead(document === undefined ? 404 : 200, json).end(JSON.stringify(document ?? missing))
  }
}

function pathOf(url = ''): string {
  return url.replace(/\?.*/, '')
}

/** Tells waits for answers, which have a time-out of their own, from waits between tries. */
export class RequestClock extends FakeClock {
  readonly #inFlight = new Set<Timer>()

  get inFlight(): number {
    return this.#inFlight.size
  }

  override set(run: () => void, delayMs: number): Timer {
    const timer = super.set(() => {
      this.#inFlight.delete(timer)
      run()
    }, delayMs)
    if (delayMs === 5_000) this.#inFlight.add(timer)
    return timer
  }

  override clear(timer: Timer): void {
    this.#inFlight.delete(timer)
    super.clear(timer)
  }
}

/** A cache over a stand-in of its own. */
export interface CacheUnderTest {
  readonly registry: StandInRegistry
  readonly cache: SchemaCache
  readonly clock: RequestClock
  /** Ids of what was reported, in order. */
  readonly troubles: { readonly id: number; readonly error: unknown }[]
  readonly loaded: number[]
  /** Gives a schema as soon as it has arrived. */
  load(id: number): Promise<WriterSchema>
  end(): Promise<void>
}

export interface CacheOptions {
  readonly authorization?: () => string
  /** Key and certificate of the registry, PEM. */
  readonly tls?: string
  /** PEM file of what the cache trusts. */
  readonly caFile?: string
}

export async function openCache(options: CacheOptions = {}): Promise<CacheUnderTest> {
  const registry = await new StandInRegistry(options.tls).open()
  const clock = new RequestClock()
  const troubles: { id: number; error: unknown }[] = []
  const loaded: number[] = []
  const cache = new SchemaCache({
    url: registry.url,
    authorization: options.authorization,
    certificates: new CertificateFiles({ caFile: options.caFile }),
    clock,
    onTrouble: (id, error) => troubles.push({ id, error }),
    onSchema: ({ id }) => loaded.push(id),
  })
  const load = async (id: number): Promise<WriterSchema> => {
    const got = cache.get(id)
    if (!('kind' in got)) return got
    if (got.kind !== 'wait') throw new Error(`schema ${id} is ${JSON.stringify(got)}`)
    let isReady = false
    void got.ready.then(() => {
      isReady = true
    })
    await until(() => isReady || troubles.length > 0)
    if (troubles.length > 0) throw troubles[0]?.error
    return load(id)
  }
  const end = async (): Promise<void> => {
    cache.stop()
    await registry.close()
  }
  return { registry, cache, clock, troubles, loaded, load, end }
}

/** Waits for what comes over the network. */
export async function until(condition: () => boolean, withinMs = 5_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${condition}`)
    await setImmediate()
  }
}
