/** Undefined: no decimal number, or one with more digits behind the point than the scale has. */
export function unscaled(text: string, scale: number): bigint | undefined {
  const [, sign, whole, fraction = ''] = /^([+-]?)(\d{1,100})(?:\.(\d{1,100}))?$/.exec(text) ?? []
  if (whole === undefined || fraction.length > scale) return undefined
  const number = BigInt(whole + fraction.padEnd(scale, '0'))
  return sign === '-' ? -number : number
}

/** Two's complement, big end first, in as few bytes as it takes or in `size` of them; undefined: it needs more. */
export function decimalBytes(number: bigint, size: number | undefined): Buffer | undefined {
  let bytes = 1
  while (BigInt.asIntN(bytes * 8, number) !== number) bytes += 1
  if (size !== undefined && bytes > size) return undefined
  const length = size ?? bytes
  return Buffer.from(
    BigInt.asUintN(length * 8, number)
      .toString(16)
      .padStart(length * 2, '0'),
    'hex',
  )
}
