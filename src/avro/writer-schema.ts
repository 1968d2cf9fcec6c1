import type { Schema, Type } from 'avsc'
import avro from 'avsc'
import type { EventSchema, EventType, LogicalType } from '../core/event.ts'
import { eventTypeOf } from './event-type.ts'
import { FRAME_BYTES } from './wire-format.ts'

/** What avsc was told of logical types while it parsed. */
export type LogicalOf = (type: Type) => LogicalType | undefined

/** A schema from the registry, ready to decode what was written with it. */
export class WriterSchema implements EventSchema {
  readonly id: number
  readonly name: string
  readonly type: EventType
  readonly #fast: Type
  #exact: Type | undefined

  constructor(id: number, type: Type, logicalOf: LogicalOf) {
    this.id = id
    this.name = type.name ?? type.typeName
    this.type = eventTypeOf(type, logicalOf)
    this.#fast = type
  }

  /** Decodes a framed value. Throws where the value does not fit the schema; the message holds no payload. */
  decode(value: Buffer): unknown {
    try {
      return decodeWith(this.#fast, value)
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('precision loss'))) throw error
      // A long beyond 2^53 somewhere in this record: decoded again with all longs as bigint. Rare, so the common case stays fast.
      this.#exact ??= avro.Type.forSchema(this.#fast.schema() as Schema, { typeHook: exactLongs, wrapUnions: 'auto' })
      return decodeWith(this.#exact, value)
    }
  }
}

function decodeWith(type: Type, value: Buffer): unknown {
  const { value: decoded, offset } = type.decode(value, FRAME_BYTES)
  if (offset < 0) throw new Error('the value ends in the middle of the record')
  if (offset !== value.length) throw new Error(`${value.length - offset} bytes are left over behind the record`)
  return decoded
}

const exactLong = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => narrow(buffer.readBigInt64LE()),
  toBuffer: (value: bigint | number) => {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64LE(BigInt(value))
    return buffer
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint' || Number.isSafeInteger(value),
  compare: (a: bigint | number, b: bigint | number) => (a === b ? 0 : a < b ? -1 : 1),
})

function narrow(value: bigint): bigint | number {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function exactLongs(schema: Schema): Type | undefined {
  return schema === 'long' || (typeof schema === 'object' && 'type' in schema && schema.type === 'long') ? exactLong : undefined
}
