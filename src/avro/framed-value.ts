import type { Reject } from '../core/outcome.ts'
import type { Unusable } from './load-schema.ts'
import type { Missing, Pending } from './schema-registry.ts'
import { describeLongId, describeUnframed, schemaIdOf } from './wire-format.ts'
import type { WriterSchema } from './writer-schema.ts'

export interface Schemas {
  get(id: number): WriterSchema | Missing | Unusable | Pending
}

/** The bytes of a record and the names of its headers. */
export interface Encoded {
  readonly value: Buffer
  readonly headers: Readonly<Record<string, unknown>> | undefined
}

/** The schema that a value was written with. Synchronous; `wait` while it is on its way. */
export function writerSchemaOf(schemas: Schemas, { value, headers }: Encoded): WriterSchema | Reject | Pending {
  const id = schemaIdOf(value)
  if (id === undefined) return reject('not-framed', describeUnframed(value, Object.keys(headers ?? {})))
  const schema = schemas.get(id)
  if (!('kind' in schema) || schema.kind === 'wait') return schema
  if (schema.kind === 'unusable') return reject(schema.reason, schema.why)
  const longId = describeLongId(value)
  if (longId !== undefined) return reject('not-framed', longId)
  return reject('unknown-schema', `the registry has no schema ${id}; was the record written against another registry?`)
}

/** Why a value could not be decoded. */
export function malformed({ id, name }: WriterSchema, error: unknown): Reject {
  return reject(
    'malformed',
    `the value does not fit schema ${id} (${name}): ${error instanceof Error ? error.message : String(error)}`,
  )
}

function reject(reason: Reject['reason'], detail: string): Reject {
  return { kind: 'reject', reason, detail }
}
