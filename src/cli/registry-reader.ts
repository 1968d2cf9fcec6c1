import { setTimeout as sleep } from 'node:timers/promises'
import { Agent } from 'undici'
import { BoundedMap } from '../avro/bounded-map.ts'
import type { Unusable } from '../avro/load-schema.ts'
import type { Missing, Pending } from '../avro/schema-registry.ts'
import { SchemaCache } from '../avro/schema-registry.ts'
import { Subjects } from '../avro/subjects.ts'
import type { WriterSchema } from '../avro/writer-schema.ts'
import type { Config } from '../config/config.ts'
import { registryAuthorization } from '../connection.ts'
import { systemClock } from '../core/clock.ts'
import { errorText } from '../core/errors.ts'
import { CertificateFiles } from '../tls/certificate-files.ts'
import { connectorOf } from '../tls/connectors.ts'

/** Below the time-out of a check as a whole, so that it is the request that says what went wrong. */
export const REQUEST_MS = 4_000
/** A schema is asked for by its subject and then by its id. */
const SCHEMA_MS = 2_000
/** A schema of more was not written by hand, and no mapping is for it. */
const ANSWER_BYTES_MAX = 4_194_304
/** Ids whose trouble is remembered. */
const IDS_MAX = 10_000

export interface LatestSchema {
  readonly schema: WriterSchema
  readonly version: number
}

/** The registry for a person who waits: what does not come soon is given up. */
export class RegistryReader {
  readonly #subjects: Subjects
  readonly #schemas: SchemaCache
  readonly #dispatcher: Agent
  /** What went wrong with an id, and ids that did not come in time, which are not waited for again. */
  readonly #trouble = new BoundedMap<number, string>(IDS_MAX)
  readonly #givenUp = new BoundedMap<number, true>(IDS_MAX)

  constructor({ schemaRegistry }: Config) {
    const { url, caFile } = schemaRegistry
    const authorization = registryAuthorization(schemaRegistry)
    const certificates = new CertificateFiles({ caFile })
    this.#dispatcher = new Agent({
      maxResponseSize: ANSWER_BYTES_MAX,
      connect: connectorOf(certificates, { timeout: REQUEST_MS }),
    })
    this.#subjects = new Subjects({ url, authorization, timeoutMs: REQUEST_MS, dispatcher: this.#dispatcher })
    this.#schemas = new SchemaCache({
      url,
      authorization,
      certificates,
      clock: systemClock,
      onTrouble: (id, error) => void this.#trouble.set(id, errorText(error)),
      onSchema: () => undefined,
    })
  }

  greet(): ReturnType<Subjects['greet']> {
    return this.#subjects.greet().catch(plainly)
  }

  /** Undefined where there is no such subject. */
  async latest(subject: string): Promise<LatestSchema | undefined> {
    const latest = await this.#subjects.latest(subject).catch(plainly)
    if (latest === undefined) return undefined
    await this.load(latest.id)
    const schema = this.get(latest.id)
    if ('kind' in schema) {
      if (schema.kind === 'unusable') throw new Error(schema.why)
      throw new Error(`its schema ${latest.id} cannot be had: ${this.trouble(latest.id) ?? 'the registry does not tell it'}`)
    }
    return { schema, version: latest.version }
  }

  /** Waits for a schema, for a while, and once only. */
  async load(id: number): Promise<void> {
    const asked = this.#schemas.get(id)
    if (!('kind' in asked) || asked.kind !== 'wait' || this.#givenUp.get(id)) return
    const timer = new AbortController()
    const late = sleep(SCHEMA_MS, true, { signal: timer.signal }).catch(() => true)
    if (await Promise.race([asked.ready, late])) this.#givenUp.set(id, true)
    timer.abort()
  }

  get(id: number): WriterSchema | Missing | Unusable | Pending {
    return this.#schemas.get(id)
  }

  /** What went wrong with an id; undefined: the registry says that it has no such schema. */
  trouble(id: number): string | undefined {
    return this.#trouble.get(id)
  }

  stop(): void {
    this.#schemas.stop()
    void this.#dispatcher.destroy()
  }
}

/** A network's failure, whose message may be empty or stand in its cause. */
export function plainly(error: unknown): never {
  const { cause, code, errors } = (error ?? {}) as { cause?: unknown; code?: unknown; errors?: unknown }
  const inner = Array.isArray(errors) ? errors[0] : cause
  const text = errorText(inner instanceof Error ? inner : error)
  throw new Error(text === '' ? String(code ?? 'the connection failed') : text)
}
