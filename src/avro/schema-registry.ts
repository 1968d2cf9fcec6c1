import type { Timer } from '../core/clock.ts'
import { BoundedMap } from './bounded-map.ts'
import type { Unusable } from './load-schema.ts'
import { loadSchema, MissingReference } from './load-schema.ts'
import type { DocumentsOptions } from './registry-documents.ts'
import { isMissing, RegistryDocuments, withCure } from './registry-documents.ts'
import type { WriterSchema } from './writer-schema.ts'

export interface SchemaRegistryOptions extends DocumentsOptions {
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

/** Between two tries of one id. */
const AGAIN_MS = 1_000
const AGAIN_MS_MAX = 15_000
/** How long a 404 is doubted: a registry that was just restored, or a replica that lags, may not know the id yet. */
const MISSING_AFTER_MS = 30_000
/** How long a missing or unusable schema is remembered as such. */
const REFUSED_FOR_MS = 60_000
/** Schemas kept; far more than any group of topics has. */
const SCHEMAS_MAX = 10_000
/** Ids kept that lead to no schema: broken values can hold any of four thousand million. */
const REFUSED_MAX = 10_000
/** Ids asked for at once. */
const PENDING_MAX = 1_000

interface Refused {
  readonly found: Missing | Unusable
  /** By the clock. */
  readonly until: number
}

/**
 * Writer schemas by id. One request for each id however many lanes ask; what is missing is remembered for a while; an unreachable
 * registry makes those wait who need what it has, and nobody else.
 */
export class SchemaCache {
  readonly #options: SchemaRegistryOptions
  readonly #documents: RegistryDocuments
  readonly #schemas = new BoundedMap<number, WriterSchema>(SCHEMAS_MAX)
  readonly #refused = new BoundedMap<number, Refused>(REFUSED_MAX)
  readonly #pending = new Map<number, Pending>()
  readonly #timers = new Set<Timer>()
  #stopped = false

  constructor(options: SchemaRegistryOptions) {
    this.#options = options
    this.#documents = new RegistryDocuments(options)
  }

  /** How many ids are remembered or asked for. */
  get size(): number {
    return this.#schemas.size + this.#refused.size + this.#pending.size
  }

  /** Synchronous for what is known; else says to wait, or that there is no such schema, or none that is of use. */
  get(id: number): WriterSchema | Missing | Unusable | Pending {
    const schema = this.#schemas.get(id)
    if (schema !== undefined) return schema
    const refused = this.#refused.get(id)
    if (refused !== undefined && this.#options.clock.now() < refused.until) return refused.found
    const pending = this.#pending.get(id)
    if (pending !== undefined) return pending
    // Whoever comes when there are too many waits for the first of them, and asks again then.
    const [first] = this.#pending.values()
    if (first !== undefined && this.#pending.size >= PENDING_MAX) return first
    const made: Pending = { kind: 'wait', ready: this.#fetch(id).finally(() => this.#pending.delete(id)) }
    this.#pending.set(id, made)
    return made
  }

  /** Tries no more; who waits, waits for ever. */
  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers) this.#options.clock.clear(timer)
    this.#documents.stop()
  }

  /** Resolves when it is known what the id leads to. */
  async #fetch(id: number): Promise<void> {
    const { clock, onTrouble } = this.#options
    // Since the first 404 in a row: after an outage the registry is doubted as long as at any other time.
    let missingSince: number | undefined
    // Once it was missing for long enough, the next look tells at once.
    const missingAfterMs = this.#refused.get(id) === undefined ? MISSING_AFTER_MS : 0
    for (let delayMs = AGAIN_MS; !this.#stopped; delayMs = Math.min(AGAIN_MS_MAX, delayMs * 2)) {
      try {
        this.#keep(id, await loadSchema(this.#documents, id))
        return
      } catch (error) {
        if (this.#stopped) return NEVER
        const missing = missingOf(error)
        if (missing !== undefined) {
          missingSince ??= clock.now()
          if (clock.now() - missingSince >= missingAfterMs) {
            this.#keep(id, missing)
            return
          }
          delayMs = AGAIN_MS
        } else {
          missingSince = undefined
          onTrouble(id, withCure(error))
        }
        await this.#sleep(delayMs)
      }
    }
  }

  #keep(id: number, found: WriterSchema | Missing | Unusable): void {
    if ('kind' in found) {
      this.#refused.set(id, { found, until: this.#options.clock.now() + REFUSED_FOR_MS })
      return
    }
    this.#refused.delete(id)
    this.#schemas.set(id, found)
    this.#options.onSchema(found)
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.set(() => {
        this.#timers.delete(timer)
        resolve()
      }, delayMs)
      this.#timers.add(timer)
    })
  }
}

/** Who waits when the cache stops, waits for ever. */
const NEVER = new Promise<never>(() => undefined)
const MISSING: Missing = { kind: 'missing' }

function missingOf(error: unknown): Missing | Unusable | undefined {
  if (error instanceof MissingReference) return error.unusable
  return isMissing(error) ? MISSING : undefined
}
