import { malformed, writerSchemaOf } from '../avro/framed-value.ts'
import { schemaIdOf } from '../avro/wire-format.ts'
import type { Config } from '../config/config.ts'
import type { Decoded } from '../dead-letters/facts.ts'
import type { DeadLetter } from '../dead-letters/ports.ts'
import { RegistryReader } from './registry-reader.ts'

/** Decodes dead letters for a person to read; whatever cannot be decoded says why. */
export class LetterDecoder {
  readonly #registry: RegistryReader

  constructor(config: Config) {
    this.#registry = new RegistryReader(config)
  }

  async decode({ record }: DeadLetter): Promise<Decoded> {
    const { value, headers } = record
    if (value === null) return { kind: 'none' }
    const id = schemaIdOf(value)
    if (id !== undefined) await this.#registry.load(id)
    const schema = writerSchemaOf(this.#registry, { value, headers })
    if ('kind' in schema) {
      if (schema.kind === 'reject') return { kind: 'undecodable', why: schema.detail, schema: undefined }
      const trouble = this.#registry.trouble(id ?? 0)
      const why =
        trouble === undefined ? `the registry knows no schema ${id}` : `the registry did not tell schema ${id}: ${trouble}`
      return { kind: 'undecodable', why, schema: { id: id ?? 0, name: undefined } }
    }
    try {
      return { kind: 'event', schema, event: schema.decoder(undefined)(value) }
    } catch (error) {
      return { kind: 'undecodable', why: malformed(schema, error).detail, schema: { id: schema.id, name: schema.name } }
    }
  }

  stop(): void {
    this.#registry.stop()
  }
}
