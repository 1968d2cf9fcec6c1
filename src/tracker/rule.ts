/** One parameter's rule, compiled from its row in the specification. Pure. */
import { isIPv4, isIPv6 } from 'node:net'
import type { EntriesSpec, NumberSpec, ParamSpec, TextSpec } from './spec.ts'

type Entries = Readonly<Record<string, string>>

export interface Rule {
  /** True if the value can be sent as it is. An empty text never can. */
  readonly holds: (value: unknown) => boolean
  /** The rule in words, to be followed by what was found. */
  readonly wanted: string
  /** Only for a map: what is left of it. */
  readonly mend?: (entries: Entries, strict: boolean) => Mended
}

/** `broken`: name and fault of an entry that rejects the hit. `kept` is undefined where no entry is left. */
type Mended = { readonly broken: string } | { readonly kept: Entries | undefined; readonly dropped: readonly string[] }

export const ruleOf = (spec: ParamSpec): Rule => {
  switch (spec.kind) {
    case 'number':
      return numberRule(spec)
    case 'text':
      return textRule(spec)
    case 'entries':
      return entriesRule(spec)
  }
}

const numberRule = ({ min, max }: NumberSpec): Rule => ({
  holds: (value) => typeof value === 'number' && value >= min && value <= max && Number.isInteger(value),
  wanted: `wants a whole number from ${min} to ${max}`,
})

const textRule = (spec: TextSpec): Rule => {
  const { minLength = 1, maxLength = Number.POSITIVE_INFINITY, format, oneOf } = spec
  if (oneOf !== undefined) {
    const allowed = new Set<unknown>(oneOf)
    return { holds: (value) => allowed.has(value), wanted: `wants one of ${oneOf.join(', ')}` }
  }
  if (format !== undefined) {
    const isAddress = format === 'ipv4' ? isIPv4 : isIPv6
    return {
      // An IPv6 zone (`fe80::1%eth0`) means something on the machine that wrote it only, and is no part of an address.
      holds: (value) => typeof value === 'string' && value.length <= maxLength && isAddress(value) && !value.includes('%'),
      wanted: `wants a valid ${format} address of at most ${maxLength} characters`,
    }
  }
  if (minLength === maxLength) {
    return { holds: (value) => isTextOf(value, minLength, maxLength), wanted: `wants a text of exactly ${maxLength} characters` }
  }
  const bound = maxLength === Number.POSITIVE_INFINITY ? 'at least 1 character' : `1 to ${maxLength} characters`
  return { holds: (value) => isTextOf(value, minLength, maxLength), wanted: `wants a text of ${bound}` }
}

const entriesRule = ({ minLength, maxLength }: EntriesSpec): Rule => {
  const isEntry = (name: string, value: unknown) => isTextOf(name, minLength, maxLength) && isTextOf(value, minLength, maxLength)
  const wanted = `wants names and values of ${minLength} to ${maxLength} characters`
  return {
    holds: (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
      const entries = value as Readonly<Record<string, unknown>>
      let count = 0
      for (const name in entries) {
        if (!isEntry(name, entries[name])) return false
        count++
      }
      return count > 0
    },
    wanted: 'wants a map of texts',
    mend: (entries, strict) => {
      // Without a prototype, an entry called `__proto__` is one like any other.
      const kept: Record<string, string> = Object.create(null)
      const dropped: string[] = []
      let left = 0
      for (const name in entries) {
        const value = entries[name]
        if (value === undefined) continue
        if (isEntry(name, value)) {
          kept[name] = value
          left++
        } else if (strict && value !== '') {
          return {
            broken: `${shortened(name)}: ${wanted}, found a name of ${count(codePoints(name), 'character')} and ${found(value)}`,
          }
        } else {
          dropped.push(shortened(name))
        }
      }
      return { kept: left === 0 ? undefined : kept, dropped }
    },
  }
}

/**
 * True for a text of `min` to `max` code points. Half a surrogate pair (an emoji cut in two by a mapping) is no Unicode text:
 * many JSON readers refuse the whole body for it, and with it every other event of the batch.
 */
const isTextOf = (value: unknown, min: number, max: number): boolean => {
  if (typeof value !== 'string') return false
  const units = value.length
  if (units < min || units > 2 * max || !value.isWellFormed()) return false
  // Code points are between half the units and all of them, so most texts need no counting.
  if (units <= max && units >= 2 * min) return true
  const length = codePoints(value)
  return length >= min && length <= max
}

/** Length in Unicode code points, without making an array of them. */
const codePoints = (text: string): number => {
  let length = text.length
  for (let index = 1; index < text.length; index++) {
    if ((text.charCodeAt(index) & 0xfc00) === 0xdc00 && (text.charCodeAt(index - 1) & 0xfc00) === 0xd800) length--
  }
  return length
}

/** What a value is, in words that tell nothing of its content. */
export const found = (value: unknown): string => {
  if (typeof value === 'string') {
    if (value === '') return 'an empty text'
    const length = count(codePoints(value), 'character')
    return value.isWellFormed() ? `a text of ${length}` : `a text of ${length} with half a surrogate pair in it`
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return 'a number that is not finite'
    if (!Number.isInteger(value)) return 'a number with a fraction'
    return 'a number outside of that'
  }
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a map' : `a ${typeof value}`
}

const count = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? '' : 's'}`

/** A name that may be too long for a log line or a header. */
const shortened = (name: string): string => (name.length <= 64 ? name.toWellFormed() : `${name.slice(0, 63).toWellFormed()}…`)
