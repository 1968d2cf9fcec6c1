/** Times as people write them, as the whole numbers that Avro's logical types are stored as. */

const ISO = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?$/

/** Undefined: no such text. A local time has no offset, any other must have one. */
export function instantOf(text: string | undefined, { perSecond, isLocal }: { perSecond: bigint; isLocal: boolean }) {
  const [, day, minutes, seconds = '00', fraction = '', zone] = ISO.exec(text ?? '') ?? []
  if (day === undefined || (zone === undefined) !== isLocal || daysOf(day) === undefined) return undefined
  const ms = Date.parse(`${day}T${minutes}:${seconds}${zone ?? 'Z'}`)
  if (Number.isNaN(ms)) return undefined
  return BigInt(ms / 1_000) * perSecond + fractionOf(fraction, perSecond)
}

/** Days since 1970. */
export function daysOf(text: string | undefined): bigint | undefined {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text ?? '') ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  // A day that its month does not have would become one of the next month.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text) return undefined
  return BigInt(ms / 86_400_000)
}

export function timeOfDay(text: string | undefined, perSecond: bigint): bigint | undefined {
  const [, hours, minutes, seconds = '0', fraction = ''] =
    /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,9}))?)?$/.exec(text ?? '') ?? []
  if (hours === undefined) return undefined
  return BigInt(Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * perSecond + fractionOf(fraction, perSecond)
}

function fractionOf(digits: string, perSecond: bigint): bigint {
  return (BigInt(digits.padEnd(9, '0')) * perSecond) / 1_000_000_000n
}
