import type { Schema, Type } from 'avsc'
import avro from 'avsc'
import { LogicalTypes } from './logical-types.ts'
import { repairAvsc } from './repairs.ts'
import { WriterSchema } from './writer-schema.ts'

/**
 * `references`: the texts of what the schema refers to, each behind those that it refers to itself. Throws a sentence where a text is no
 * Avro schema.
 */
export function parseSchema(id: number, text: string, references: readonly string[] = []): WriterSchema {
  repairAvsc()
  const logical = new LogicalTypes()
  // The names of one schema: another version of a record must not meet this one.
  const registry: Record<string, Type> = {}
  const parse = (each: string): Type =>
    avro.Type.forSchema(JSON.parse(each) as Schema, { registry, typeHook: (schema, opts) => logical.note(schema, opts) })
  for (const each of references) parse(each)
  return new WriterSchema(id, parse(text), (each) => logical.of(each))
}
