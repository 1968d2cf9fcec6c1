import http from 'node:http'
import https from 'node:https'
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import type { ForSchemaOptions, Schema, Type } from 'avsc'
import type { Clock, Timer } from '../core/clock.ts'
import { LogicalTypes } from './logical-types.ts'
import { repairAvsc } from './repairs.ts'
import { WriterSchema } from './writer-schema.ts'

export interface SchemaRegistryOptions {
  /** Base of the Confluent API, without a slash at its end. */
  readonly url: string
  /** Asked before each request, so that a changed secret is used from then on. */
  readonly authorization: (() => string) | undefined
  /** PEM. */
  readonly ca: string | undefined
  readonly clock: Clock
  /** The registry does not answer as it should; asked again until it does. Called for each failed try. */
  readonly onTrouble: (id: number, error: unknown) => void
  /** A schema has arrived. */
  readonly onSchema: (schema: WriterSchema) => void
}

export interface Missing {
  readonly kind: 'missing'
}

export interface Pending {
  readonly kind: 'wait'
  readonly ready: Promise<void>
}

/** One request, connect and body included. */
const TIMEOUT_MS = 5_000
/** Between two tries of one id. */
const AGAIN_MS = 1_000
const AGAIN_MS_MAX = 15_000
/** How long a 404 is doubted: a registry that was just restored, or a replica that lags, may not know the id yet. */
const MISSING_AFTER_MS = 30_000
/** How long a missing id is remembered as missing. */
const MISSING_FOR_MS = 60_000
/** Schemas kept; far more than any group of topics has. */
const SCHEMAS_MAX = 10_000

/**
 * Writer schemas by id. One request for each id however many lanes ask; what is missing is remembered for a while; an unreachable
 * registry makes those wait who need what it has, and nobody else.
 */
export class SchemaCache {
  readonly #options: SchemaRegistryOptions
  readonly #registry: SchemaRegistry
  readonly #logical = new LogicalTypes()
  readonly #schemas = new Map<number, WriterSchema>()
  readonly #missingUntil = new Map<number, number>()
  readonly #pending = new Map<number, Pending>()
  readonly #agent: http.Agent
  readonly #timers = new Set<Timer>()
  #stopped = false

  constructor(options: SchemaRegistryOptions) {
    repairAvsc()
    this.#options = options
    const { url, authorization, ca } = options
    this.#agent = url.startsWith('https:') ? new https.Agent({ keepAlive: true, ca }) : new http.Agent({ keepAlive: true })
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
    this.#registry = new SchemaRegistry(
      {
        host: url,
        // Its own retries change a default that all instances share, so ours do instead.
        retry: { retries: 0 },
        agent: this.#agent,
        middlewares: [schemaRequest],
      },
      { [SchemaType.AVRO]: { typeHook: (schema: Schema, opts: ForSchemaOptions) => this.#logical.note(schema, opts) } },
    )
  }

  /** Synchronous for what is known; else says to wait, or that there is no such schema. */
  get(id: number): WriterSchema | Missing | Pending {
    const schema = this.#schemas.get(id)
    if (schema !== undefined) return schema
    const until = this.#missingUntil.get(id)
    if (until !== undefined && this.#options.clock.now() < until) return MISSING
    let pending = this.#pending.get(id)
    if (pending === undefined) {
      pending = { kind: 'wait', ready: this.#fetch(id).finally(() => this.#pending.delete(id)) }
      this.#pending.set(id, pending)
    }
    return pending
  }

  /** Tries no more; who waits, waits for ever. */
  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers) this.#options.clock.clear(timer)
    this.#agent.destroy()
  }

  /** Resolves when the id is known or known to be missing. */
  async #fetch(id: number): Promise<void> {
    const { clock, onTrouble, onSchema } = this.#options
    // Since the first 404 in a row: after an outage the registry is doubted as long as at any other time.
    let missingSince: number | undefined
    // Once it was missing for long enough, the next look tells at once.
    const missingAfterMs = this.#missingUntil.has(id) ? 0 : MISSING_AFTER_MS
    for (let delayMs = AGAIN_MS; !this.#stopped; delayMs = Math.min(AGAIN_MS_MAX, delayMs * 2)) {
      try {
        const schema = new WriterSchema(id, (await this.#registry.getSchema(id)) as Type, (type) => this.#logical.of(type))
        if (this.#schemas.size >= SCHEMAS_MAX) this.#schemas.clear()
        this.#schemas.set(id, schema)
        this.#missingUntil.delete(id)
        onSchema(schema)
        return
      } catch (error) {
        if (this.#stopped) return NEVER
        if (isMissing(error)) {
          missingSince ??= clock.now()
          if (clock.now() - missingSince >= missingAfterMs) {
            this.#missingUntil.set(id, clock.now() + MISSING_FOR_MS)
            return
          }
          delayMs = AGAIN_MS
        } else {
          missingSince = undefined
          onTrouble(id, error)
        }
        await this.#sleep(delayMs)
      }
    }
  }

  /** The client's own time-out watches for silence only: of an answer that trickles, or breaks off in its middle, it would never hear the end. */
  async #inTime<T>(response: Promise<T>, abort: AbortController): Promise<T> {
    const late = Promise.withResolvers<never>()
    const timer = this.#after(TIMEOUT_MS, () => {
      late.reject(new Error(`no whole answer within ${TIMEOUT_MS} ms`))
      abort.abort()
    })
    try {
      return await Promise.race([response, late.promise])
    } finally {
      this.#options.clock.clear(timer)
      this.#timers.delete(timer)
    }
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#after(delayMs, resolve))
  }

  #after(delayMs: number, run: () => void): Timer {
    const timer = this.#options.clock.set(() => {
      this.#timers.delete(timer)
      run()
    }, delayMs)
    this.#timers.add(timer)
    return timer
  }
}

/** Who waits when the cache stops, waits for ever. */
const NEVER = new Promise<never>(() => undefined)
const MISSING: Missing = { kind: 'missing' }
type RegistryMiddleware = NonNullable<ConstructorParameters<typeof SchemaRegistry>[0]['middlewares']>[number]

/**
 * Only the registry's own "not found" means that a schema is missing; the 404 of a wrong address or a proxy must not make dead letters.
 * The client keeps status and message of an answer, not its error code: so it is told by what registries say, each in its words.
 */
function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    'status' in error &&
    error.status === 404 &&
    /\b(schema|content|subject|version)\b.*\b(not|was) found/i.test(error.message)
  )
}
