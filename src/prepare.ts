import type { Schemas } from './avro/decoder.ts'
import { decode } from './avro/decoder.ts'
import type { EventSchema } from './core/event.ts'
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
  readonly #mappers = new WeakMap<EventSchema, Map<string, Mapper>>()

  constructor(options: PreparerOptions) {
    this.#options = options
  }

  /** Throws only for a bug; the error then names the record, since nothing after it can go on. */
  prepare(record: SourceRecord): Hit | Skip | Reject | Wait {
    const { value, headers, topic, timestamp } = record
    if (value === null) return TOMBSTONE
    try {
      const event = decode(this.#options.schemas, { value, headers })
      return event.kind === 'event' ? this.#mapper(event.schema, topic).map(event.value, timestamp) : event
    } catch (error) {
      throw new Error(`bug: preparing ${topic}-${record.partition}@${record.offset} failed`, { cause: error })
    }
  }

  #mapper(schema: EventSchema, topic: string): Mapper {
    let byTopic = this.#mappers.get(schema)
    if (byTopic === undefined) {
      byTopic = new Map()
      this.#mappers.set(schema, byTopic)
    }
    let mapper = byTopic.get(topic)
    if (mapper === undefined) {
      mapper = this.#options.mappings.compile(schema, topic)
      byTopic.set(topic, mapper)
      if (mapper.problems.length > 0) this.#options.onProblems(schema.name, topic, mapper.problems)
    }
    return mapper
  }
}

const TOMBSTONE: Skip = { kind: 'skip', reason: 'tombstone' }
