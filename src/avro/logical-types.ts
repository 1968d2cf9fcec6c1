import type { ForSchemaOptions, Schema, Type } from 'avsc'
import avro from 'avsc'
import type { LogicalType } from '../core/event.ts'

/** Remembers what types were annotated with while avsc parses: it drops an annotation that it has no class for. */
export class LogicalTypes {
  readonly #logical = new WeakMap<Type, LogicalType>()

  of(type: Type): LogicalType | undefined {
    return this.#logical.get(type)
  }

  /** avsc's `typeHook`. A class would cost a call for every value: a tagged plain type costs nothing. */
  note(schema: Schema, opts: ForSchemaOptions): Type | undefined {
    if (typeof schema !== 'object' || schema === null || !('logicalType' in schema)) return undefined
    const { logicalType, ...plain } = schema as { logicalType: unknown; type: string; scale?: unknown }
    if (typeof logicalType !== 'string') return undefined
    // A primitive gets a registry of its own, or all longs of the schema would be the one that is tagged here. Whatever has parts needs
    // the schema's: they may name its records.
    const hasParts = 'name' in plain || 'items' in plain || 'values' in plain
    const type = avro.Type.forSchema(plain as Schema, hasParts ? opts : {})
    this.#logical.set(type, { name: logicalType, scale: Number(plain.scale ?? 0) })
    return type
  }
}
