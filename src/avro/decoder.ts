import type { Event } from '../core/event.ts'
import type { Reject } from '../core/outcome.ts'
import type { Missing, Pending } from './schema-registry.ts'
import { describeLongId, describeUnframed, schemaIdOf } from './wire-format.ts'
import type { WriterSchema } from './writer-schema.ts'

export interface Schemas {
  get(id: number): WriterSchema | Missing | Pending
}

/** The bytes of a record and the names of its headers. */
export interface Encoded {
  readonly value: Buffer
  readonly headers: Readonly<Record<string, unknown>> | undefined
}

/** Bytes to event. Synchronous; `wait` while the schema is on its way. */
export function decode(schemas: Schemas, { value, headers }: Encoded): Event | Reject | Pending {
  const id = schemaIdOf(value)
  if (id === undefined) return reject('not-framed', describeUnframed(value, Object.keys(headers ?? {})))
  const schema = schemas.get(id)
  if ('kind' in schema) {
    if (schema.kind === 'wait') return schema
    const longId = describeLongId(value)
    if (longId !== undefined) return reject('not-framed', longId)
    return reject('unknown-schema', `the registry has no schema ${id}; was the record written against another registry?`)
  }
  try {
    return { kind: 'event', schema, value: schema.decode(value) }
  } catch (error) {
    return reject('malformed', `the value does not fit schema ${id} (${schema.name}): ${String((error as Error).message)}`)
  }
}

function reject(reason: Reject['reason'], detail: string): Reject {
  return { kind: 'reject', reason, detail }
}
