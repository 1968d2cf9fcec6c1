import { z } from 'zod'
import { isMapping } from './fields.ts'
import { alternatives } from './schema-tree.ts'

/** As much of a value as could be understood. Lists keep the places of their elements. */
export type Draft<T> = T extends string | number | boolean
  ? T
  : T extends readonly (infer E)[]
    ? readonly (Draft<E> | undefined)[]
    : { readonly [K in keyof T]?: Draft<T[K]> | undefined }

function understood(schema: z.core.$ZodType, value: unknown): unknown {
  const whole = z.safeParse(schema, value)
  if (whole.success) return whole.data
  const parts = alternatives(schema).flatMap((each) => {
    if (each instanceof z.ZodArray && Array.isArray(value)) return [value.map((item: unknown) => understood(each.element, item))]
    if (!(each instanceof z.ZodObject) || !isMapping(value)) return []
    const shape: Readonly<Record<string, z.core.$ZodType>> = each.shape
    return [Object.fromEntries(Object.entries(shape).map(([key, child]) => [key, understood(child, value[key])]))]
  })
  const known = (part: object) => Object.values(part).filter((each) => each !== undefined).length
  return parts.sort((a, b) => known(b) - known(a))[0]
}

/**
 * Reads what it can of a broken configuration, so that one mistake does not hide those which the rules would find elsewhere:
 * all of them are to be shown in one run.
 */
export function draftOf<T extends z.ZodType>(schema: T, value: unknown): Draft<z.output<T>> {
  return (understood(schema, value) ?? {}) as Draft<z.output<T>>
}
