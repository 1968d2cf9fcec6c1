import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { malformed, writerSchemaOf } from '../avro/framed-value.ts'
import { SchemaCache } from '../avro/schema-registry.ts'
import type { Config } from '../config/config.ts'
import { registryAuthorization } from '../connection.ts'
import { systemClock } from '../core/clock.ts'
import type { Decoded } from '../dead-letters/facts.ts'
import type { DeadLetter } from '../dead-letters/ports.ts'

/** The service doubts a missing id for half a minute; a person who waits for a page of records does not. */
const SCHEMA_WAIT_MS = 3_000

/** Decodes dead letters for a person to read; whatever cannot be decoded says why. */
export class LetterDecoder {
  readonly #schemas: SchemaCache
  readonly #trouble = new Map<number, string>()
  readonly #givenUp = new Set<number>()

  constructor({ schemaRegistry }: Config) {
    const { url, caFile } = schemaRegistry
    this.#schemas = new SchemaCache({
      url,
      authorization: registryAuthorization(schemaRegistry),
      ca: caFile === undefined ? undefined : readFileSync(caFile, 'utf8'),
      clock: systemClock,
      onTrouble: (id, error) => void this.#trouble.set(id, error instanceof Error ? error.message : String(error)),
      onSchema: () => undefined,
    })
  }

  async decode({ record }: DeadLetter): Promise<Decoded> {
    const { value, headers } = record
    if (value === null) return { kind: 'none' }
    let schema = writerSchemaOf(this.#schemas, { value, headers })
    const id = value.length >= 5 ? value.readUInt32BE(1) : 0
    if ('kind' in schema && schema.kind === 'wait' && !this.#givenUp.has(id)) {
      await Promise.race([schema.ready, sleep(SCHEMA_WAIT_MS)])
      schema = writerSchemaOf(this.#schemas, { value, headers })
    }
    if ('kind' in schema) {
      if (schema.kind === 'reject') return { kind: 'undecodable', why: schema.detail, schema: undefined }
      this.#givenUp.add(id)
      const trouble = this.#trouble.get(id)
      const why =
        trouble === undefined ? `the registry knows no schema ${id}` : `the registry did not tell schema ${id}: ${trouble}`
      return { kind: 'undecodable', why, schema: { id, name: undefined } }
    }
    try {
      return { kind: 'event', schema, event: schema.decoder(undefined)(value) }
    } catch (error) {
      return { kind: 'undecodable', why: malformed(schema, error).detail, schema: { id: schema.id, name: schema.name } }
    }
  }

  stop(): void {
    this.#schemas.stop()
  }
}
