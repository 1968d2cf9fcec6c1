/** What the registry has: the texts of schemas, by id, and by subject and version. */
import http from 'node:http'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import type { Clock, Timer } from '../core/clock.ts'
import type { CertificateFiles } from '../tls/certificate-files.ts'
import { SecureAgent } from '../tls/secure-agent.ts'

export interface DocumentsOptions {
  /** Base of the Confluent API, without a slash at its end. */
  readonly url: string
  /** Asked before each request, so that a changed secret is used from then on. */
  readonly authorization: (() => string) | undefined
  readonly certificates: CertificateFiles
  readonly clock: Clock
}

/** Another subject's schema that one uses by its name. */
export interface Reference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

export interface Document {
  /** `AVRO`, `JSON`, `PROTOBUF`, or what a registry may add. */
  readonly type: string
  readonly text: string
  readonly references: readonly Reference[]
}

/** One request, connect and body included. */
const TIMEOUT_MS = 5_000

export class RegistryDocuments {
  readonly #options: DocumentsOptions
  readonly #api: SchemaRegistry['api']
  readonly #agent: http.Agent
  readonly #timers = new Set<Timer>()

  constructor(options: DocumentsOptions) {
    this.#options = options
    const { url, authorization, certificates } = options
    this.#agent = url.startsWith('https:') ? new SecureAgent(certificates) : new http.Agent({ keepAlive: true })
    // Called once for each request. It has a name, or the client would put its source text into errors.
    const schemaRequest = (): ReturnType<RegistryMiddleware> => {
      const abort = new AbortController()
      return {
        prepareRequest: async (next) => {
          const request = await next()
          const headers = authorization === undefined ? {} : { authorization: authorization() }
          return request.enhance({ signal: abort.signal, headers })
        },
        response: (next) => this.#inTime(next(), abort),
      }
    }
    const client = new SchemaRegistry({
      host: url,
      // Its own retries change a default that all instances share; who asks here asks again by himself.
      retry: { retries: 0 },
      agent: this.#agent,
      middlewares: [schemaRequest],
    })
    // Of the client only what makes requests: it parses every type of schema, keeps each for ever, and fails where a record is referred to
    // in two versions.
    // biome-ignore lint/complexity/useLiteralKeys: it is private to the client, and a literal key is the way in that the compiler allows
    this.#api = client['api']
  }

  /** Rejects for a status other than 200, what the network does, and an answer that is none. */
  async byId(id: number): Promise<Document> {
    return documentOf((await this.#api.Schema.find({ id })).data())
  }

  /** A version that was deleted is still there for what refers to it. */
  async byVersion({ subject, version }: Reference): Promise<Document> {
    return documentOf((await this.#api.Subject.version({ subject, version, deleted: true })).data())
  }

  stop(): void {
    for (const timer of this.#timers) this.#options.clock.clear(timer)
    this.#agent.destroy()
  }

  /** The client's own time-out watches for silence only: of an answer that trickles, or breaks off in its middle, it would never hear the end. */
  async #inTime<T>(response: Promise<T>, abort: AbortController): Promise<T> {
    const { clock } = this.#options
    const late = Promise.withResolvers<never>()
    const timer = clock.set(() => {
      this.#timers.delete(timer)
      late.reject(new Error(`no whole answer within ${TIMEOUT_MS} ms`))
      abort.abort()
    }, TIMEOUT_MS)
    this.#timers.add(timer)
    try {
      return await Promise.race([response, late.promise])
    } finally {
      clock.clear(timer)
      this.#timers.delete(timer)
    }
  }
}

type RegistryMiddleware = NonNullable<ConstructorParameters<typeof SchemaRegistry>[0]['middlewares']>[number]

function documentOf(answer: unknown): Document {
  const { schema, schemaType, references } = (typeof answer === 'object' && answer !== null ? answer : {}) as Partial<Answer>
  if (typeof schema !== 'string') throw new Error('the answer is not that of a schema registry; is schemaRegistry.url right?')
  return { type: schemaType ?? 'AVRO', text: schema, references: references ?? [] }
}

interface Answer {
  readonly schema: string
  readonly schemaType: string | null
  readonly references: readonly Reference[] | null
}

/**
 * Only the registry's own "not found" means that a schema is missing; the 404 of a wrong address or a proxy must not make dead letters.
 * The client keeps status and message of an answer, not its error code: so it is told by what registries say, each in its words.
 */
export function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    statusOf(error) === 404 &&
    /\b(schema|content|subject|version)\b.*\b(not|was) found/i.test(error.message)
  )
}

/** The error with what to change in the configuration, where its kind tells. */
export function withCure(error: unknown): unknown {
  const cure = error instanceof Error ? cureOf(error) : undefined
  return cure === undefined ? error : new Error(`${(error as Error).message}; ${cure}`, { cause: error })
}

function cureOf(error: Error): string | undefined {
  const status = statusOf(error)
  if (status === 401)
    return 'it answers 401: mend schemaRegistry.username and password, or bearerToken; a secret in a file is read again when it changes'
  if (status === 403) return 'it answers 403: give this user the right to read schemas, or name another one in schemaRegistry'
  if (status === 404) return 'it answers 404, but not as a schema registry does: is schemaRegistry.url right?'
  // The client gives a failure of the network the status 400.
  if (/certificate|self.signed|altname/i.test(error.message))
    return 'its certificate is not trusted: name its authority in schemaRegistry.caFile'
  return undefined
}

function statusOf(error: Error): unknown {
  return 'status' in error ? error.status : undefined
}
