import type { Schema, Type } from 'avsc'
import avro from 'avsc'

/** A value in Confluent's framing. */
export function framed(id: number, avroBinary: Buffer): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt32BE(id, 1)
  return Buffer.concat([header, avroBinary])
}

/** Encodes one value after the other. */
export function encoderOf(schema: Schema): (value: unknown) => Buffer {
  const type = avro.Type.forSchema(schema)
  return (value) => type.toBuffer(value)
}

/** As `encoderOf`, with longs given as bigint; unions of several numbers are not for it. */
export function bigEncoderOf(schema: Schema): (value: unknown) => Buffer {
  const type = avro.Type.forSchema(schema, { typeHook: (part) => (part === 'long' ? bigLong : undefined) })
  return (value) => type.toBuffer(value)
}

const bigLong: Type = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64LE(value)
    return buffer
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: () => 0,
})

/** Avro's variable-length integer. */
export function long(value: bigint): Buffer {
  return bigEncoderOf('long')(value)
}

/** A decoded event without the classes that avsc makes for records. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]))
}
