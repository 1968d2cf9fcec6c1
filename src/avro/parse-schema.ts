import type { Schema } from 'avsc'
import avro from 'avsc'
import { LogicalTypes } from './logical-types.ts'
import { repairAvsc } from './repairs.ts'
import { WriterSchema } from './writer-schema.ts'

/** A schema that no registry gave, read as one from the registry is. Throws a sentence where the text is no Avro schema. */
export function parseSchema(id: number, text: string): WriterSchema {
  repairAvsc()
  const logical = new LogicalTypes()
  const type = avro.Type.forSchema(JSON.parse(text) as Schema, { typeHook: (schema, opts) => logical.note(schema, opts) })
  return new WriterSchema(id, type, (each) => logical.of(each))
}
