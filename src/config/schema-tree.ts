import { z } from 'zod'
import type { Path } from './problem.ts'

/** The schema itself, without what makes it optional, gives it a default or converts its result. */
function bare(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional || schema instanceof z.ZodPrefault)
    return bare(schema.unwrap())
  if (schema instanceof z.ZodPipe) return bare(schema.in)
  return schema
}

/** A union's alternatives; any other schema is its only one. */
export function alternatives(schema: z.core.$ZodType): z.core.$ZodType[] {
  const inner = bare(schema)
  return inner instanceof z.ZodUnion ? inner.options.flatMap(alternatives) : [inner]
}

function children(schema: z.core.$ZodType, segment: string | number): z.core.$ZodType[] {
  if (schema instanceof z.ZodArray) return [schema.element]
  if (schema instanceof z.ZodRecord) return [schema.valueType]
  if (!(schema instanceof z.ZodObject)) return []
  const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape
  const child = Object.hasOwn(shape, segment) ? shape[segment] : schema.def.catchall
  return child === undefined ? [] : [child]
}

/** Every key that the schema knows at this place, over all alternatives of a union. */
export function keysAt(schema: z.core.$ZodType, path: Path): string[] {
  const schemas = path.reduce<z.core.$ZodType[]>(
    (found, segment) => found.flatMap((each) => children(each, segment).flatMap(alternatives)),
    alternatives(schema),
  )
  const keys = schemas.flatMap((each) => (each instanceof z.ZodObject ? Object.keys(each.shape) : []))
  return [...new Set(keys)]
}
