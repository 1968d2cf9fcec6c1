import type { Schema, Type, types } from 'avsc'
import avro from 'avsc'
import type { EventSchema, EventType, LogicalType } from '../core/event.ts'
import { encodable } from './encodable.ts'
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
  readonly #logicalOf: LogicalOf
  #exact: Type | undefined

  constructor(id: number, type: Type, logicalOf: LogicalOf) {
    this.id = id
    this.name = type.name ?? type.typeName
    this.type = eventTypeOf(type, logicalOf)
    this.#fast = type
    this.#logicalOf = logicalOf
  }

  /**
   * A decoder of framed values that gives at least the named fields of the record; what else there is may be skipped unread.
   * Undefined: all of them. Decoders throw where the value does not fit the schema; the message holds no payload.
   */
  decoder(fields: ReadonlySet<string> | undefined): Decode {
    const fast = fields === undefined ? wholly(this.#fast) : partly(this.#fast, fields)
    return (value) => {
      try {
        return fast(value)
      } catch (error) {
        if (!(error instanceof Error && error.message.includes('precision loss'))) throw error
        // A long beyond 2^53 somewhere in this record: decoded again with all longs as bigint. Rare, so the common case stays fast.
        return wholly(this.#exactType())(value)
      }
    }
  }

  /**
   * The framed value of an event that a person wrote as plain JSON: unions bare, times as ISO text, fields with a default left out.
   * Throws an error that names the place where the event does not fit.
   */
  encode(event: unknown): Buffer {
    const { value, isLarge } = encodable(this.#fast, event, this.#logicalOf)
    const frame = Buffer.alloc(FRAME_BYTES)
    frame.writeUInt32BE(this.id, 1)
    return Buffer.concat([frame, (isLarge ? this.#exactType() : this.#fast).toBuffer(value)])
  }

  #exactType(): Type {
    this.#exact ??= avro.Type.forSchema(this.#fast.schema() as Schema, { typeHook: exactLongs, wrapUnions: 'auto' })
    return this.#exact
  }
}

export type Decode = (value: Buffer) => unknown

function wholly(type: Type): Decode {
  return (value) => complete(type.decode(value, FRAME_BYTES), value)
}

/** Skipping a field is cheaper than reading it, texts above all. The kept fields' types are the writer's own, so nothing else differs. */
function partly(type: Type, fields: ReadonlySet<string>): Decode {
  const all = type.typeName === 'record' ? (type as types.RecordType).fields : []
  const kept = all.filter(({ name }) => fields.has(name))
  if (kept.length === all.length) return wholly(type)
  const reader = avro.Type.forSchema({
    type: 'record',
    name: type.name as string,
    fields: kept.map((field) => ({ name: field.name, type: field.type as unknown as Schema })),
  })
  const resolver = reader.createResolver(type)
  return (value) => complete(reader.decode(value, FRAME_BYTES, resolver), value)
}

function complete({ value: decoded, offset }: { value: unknown; offset: number }, value: Buffer): unknown {
  if (offset < 0) throw new Error('the value ends in the middle of the record')
  if (offset !== value.length) throw new Error(`${value.length - offset} bytes are left over behind the record`)
  return decoded
}

const abstractLong = avro.types.LongType.__with({
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

/** Under its own name `abstract:long`, a union of it and another number would pass for one whose branches can be told apart, and stand bare. */
const exactLong: Type = Object.create(abstractLong, { typeName: { value: 'long' } })

function narrow(value: bigint): bigint | number {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function exactLongs(schema: Schema): Type | undefined {
  return schema === 'long' || (typeof schema === 'object' && 'type' in schema && schema.type === 'long') ? exactLong : undefined
}
