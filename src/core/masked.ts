/** What may be shown of values: their kind and size, as in `<string 12>`. */

export function kindOf(value: unknown): string {
  if (typeof value === 'string') return `<string ${value.length}>`
  if (Buffer.isBuffer(value)) return `<bytes ${value.length}>`
  return value === null ? '<null>' : `<${typeof value}>`
}

/** A JSON value with every scalar replaced by its kind; names and shapes stay. */
export function maskedJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskedJson)
  if (typeof value !== 'object' || value === null) return kindOf(value)
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, maskedJson(each)]))
}
