/** Confluent's framing: a zero byte, four bytes of schema id, the Avro binary. */
export const FRAME_BYTES = 5

/** The schema's id, or undefined: the value is not framed so. */
export function schemaIdOf(value: Buffer): number | undefined {
  return value.length >= FRAME_BYTES && value[0] === 0 ? value.readUInt32BE(1) : undefined
}

/** What a value that is not framed looks like, for the team that produces it. Tells its shape, never its content. */
export function describeUnframed(value: Buffer, headers: readonly string[]): string {
  const expected = 'expected byte 0 and a four-byte schema id in front of the Avro binary (Confluent framing)'
  return `${expected}; ${likeness(value, headers)}`
}

function likeness(value: Buffer, headers: readonly string[]): string {
  const idHeader = headers.find((name) => /schema.*id|globalid|contentid/i.test(name))
  if (idHeader !== undefined) return `the id seems to stand in the header ${idHeader}: let the serializer write it into the value`
  if (value.length === 0) return 'the value is empty'
  if (value[0] === 0) return `the value ends after ${value.length} bytes`
  if (value[0] === 3 && value.length >= 18) return 'this looks like AWS Glue framing (byte 3 and a 16-byte id)'
  if (value[0] === 0x7b || value[0] === 0x5b) return 'this looks like JSON: the producer must use an Avro serializer'
  if (value.subarray(0, 4).toString('latin1') === 'Obj\x01') return 'this looks like an Avro file with its schema inside'
  return `the value begins with byte ${value[0]}`
}

/**
 * Eight-byte ids begin like a framed value with an id that nobody registered: the upper half of a small id is zero.
 * Undefined: it does not look like one.
 */
export function describeLongId(value: Buffer): string | undefined {
  if (value.length < 9 || value.readUInt32BE(1) !== 0) return undefined
  return `this looks like an eight-byte schema id (${value.readUInt32BE(5)}): set the serializer to four-byte ids (Confluent framing)`
}
