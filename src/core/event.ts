/** What a mapping needs to know of a schema, whoever parsed it. Trees may be recursive. */
export type EventType =
  | { readonly kind: 'record'; readonly name: string; readonly fields: ReadonlyMap<string, EventType> }
  /** `wrapped`: values stand as `{ branch: value }`, since their branch cannot be told by looking; else they stand bare. */
  | { readonly kind: 'union'; readonly wrapped: boolean; readonly branches: ReadonlyMap<string, EventType> }
  | { readonly kind: 'map'; readonly values: EventType }
  | { readonly kind: 'array'; readonly items: EventType }
  | { readonly kind: 'enum'; readonly symbols: readonly string[] }
  | { readonly kind: ScalarKind; readonly logical: LogicalType | undefined }

export type ScalarKind = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string' | 'bytes' | 'fixed'

/** An Avro logical type by its name in the specification; `scale` is a decimal's. */
export interface LogicalType {
  readonly name: string
  readonly scale: number
}

/**
 * The schema that a record was written with. Decoded with it, an event is plain data: records and maps as objects, 64-bit integers
 * as numbers while they are exact and as bigint beyond, bytes as Buffer. Logical types stand as what they are stored as.
 */
export interface EventSchema {
  /** The registry's id. */
  readonly id: number
  /** Avro full name, or the type's word where the schema is no named type. */
  readonly name: string
  readonly type: EventType
}
