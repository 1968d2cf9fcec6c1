import type { Schemas } from './avro/framed-value.ts'
import { malformed, writerSchemaOf } from './avro/framed-value.ts'
import type { Decode, WriterSchema } from './avro/writer-schema.ts'
import type { Hit } from './core/hit.ts'
import type { Reject, Skip } from './core/outcome.ts'
import type { SourceRecord } from './core/record.ts'
import type { Mapper, Mappings } from './mapping/compile.ts'
import type { Wait } from './pipeline/ports.ts'

export interface PreparerOptions {
  readonly schemas: Schemas
  readonly mappings: Mappings
  /** A mapping was compiled that does not quite fit its schema. Called once for each schema and topic. */
  readonly onProblems: (record: string, topic: string, problems: readonly string[]) => void
}

/** From record to hit: decode, map, validate, serialise, all in one synchronous go. */
export class RecordPreparer {
  readonly #options: PreparerOptions
  readonly #plans = new WeakMap<WriterSchema, Map<string, Plan>>()

  constructor(options: PreparerOptions) {
    this.#options = options
  }

  /** Throws only for a bug; the error then names the record, since nothing after it can go on. */
  prepare(record: SourceRecord): Hit | Skip | Reject | Wait {
    const { value, headers } = record
    // A retried event keeps its mapping and its time.
    const origin = record.history?.origin ?? record
    const { topic } = origin
    if (value === null) return TOMBSTONE
    const schema = writerSchemaOf(this.#options.schemas, { value, headers })
    if ('kind' in schema) return schema
    const { decode, mapper } = this.#plan(schema, topic)
    let event: unknown
    try {
      event = decode(value)
    } catch (error) {
      return malformed(schema, error)
    }
    try {
      return mapper.map(event, origin, record)
    } catch (error) {
      throw new Error(`bug: mapping ${topic}-${record.partition}@${record.offset} failed`, { cause: error })
    }
  }

  #plan(schema: WriterSchema, topic: string): Plan {
    let byTopic = this.#plans.get(schema)
    if (byTopic === undefined) {
      byTopic = new Map()
      this.#plans.set(schema, byTopic)
    }
    let plan = byTopic.get(topic)
    if (plan === undefined) {
      const mapper = this.#options.mappings.compile(schema, topic)
      plan = { mapper, decode: schema.decoder(mapper.fields) }
      byTopic.set(topic, plan)
      if (mapper.problems.length > 0) this.#options.onProblems(schema.name, topic, mapper.problems)
    }
    return plan
  }
}

interface Plan {
  readonly mapper: Mapper
  readonly decode: Decode
}

const TOMBSTONE: Skip = { kind: 'skip', reason: 'tombstone' }
