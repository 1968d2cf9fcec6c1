import { z } from 'zod'
import { didYouMean } from './nearest.ts'

/*
 * The kinds of value the configuration has. Each says in a whole sentence what it wants, since a person reads it beside the line number.
 */

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value as a problem shows it: short, on one line. Never used for secrets. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (isMapping(value)) return 'a mapping'
  if (typeof value !== 'string') return String(value)
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
}

/** What a kind of value says of itself beyond its JSON type, for the generated pages. `from` and `to` are durations as they are written. */
export interface Unit {
  readonly unit: 'duration' | 'bytes' | 'secret' | 'path' | 'address'
  readonly from?: string
  readonly to?: string
  readonly pattern?: string
}

type Complaint = (issue: { readonly input?: unknown }) => string

/** `expected` is what to write instead; `is` completes the sentence about a value that is there but wrong. */
export function complaint(expected: string, is = (input: unknown) => `${shown(input)} is not allowed here`): Complaint {
  return ({ input }) => {
    if (input === undefined) return `is required; ${expected}`
    if (input === null) return `is empty; ${expected}`
    return `${is(input)}; ${expected}`
  }
}

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const durationPattern = /^(0|[1-9]\d{0,9})(ms|s|m|h|d)$/

/** Milliseconds of a text that `durationPattern` has let through. */
function milliseconds(text: string): number {
  const unit = /[a-z]+$/.exec(text)?.[0] as keyof typeof unitMs
  return Number.parseInt(text, 10) * unitMs[unit]
}

function durationFault(input: unknown): string {
  const noUnit = typeof input === 'number' || (typeof input === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(input))
  return noUnit ? `${shown(input)} has no unit` : `${shown(input)} is no duration`
}

interface DurationBounds {
  readonly min: string
  readonly max: string
}

function durationText({ min, max }: DurationBounds) {
  const error = complaint('write a duration like 250ms, 30s, 5m or 24h', durationFault)
  const inBounds = (text: string) => {
    const value = milliseconds(text)
    return value >= milliseconds(min) && value <= milliseconds(max)
  }
  return z
    .string({ error })
    .regex(durationPattern, { error, abort: true })
    .refine(inBounds, {
      error: complaint(`write a duration from ${min} to ${max}`, (input) => `${shown(input)} is out of bounds`),
    })
    .meta({ unit: 'duration', from: min, to: max } satisfies Unit)
}

/** Written `250ms`, `30s`, `5m`, `24h`, `7d`; parsed to milliseconds. */
export function duration(bounds: DurationBounds) {
  return durationText(bounds).transform(milliseconds)
}

/** A duration that keeps its written form too, for a topic is named by it. `delay` is in milliseconds. */
export function namedDuration(bounds: DurationBounds) {
  return durationText(bounds).transform((name) => ({ name, delay: milliseconds(name) }))
}

export function whole({ min, max }: { readonly min: number; readonly max: number }) {
  const error = complaint(`write a whole number from ${min} to ${max}`)
  return z.int({ error }).min(min, { error }).max(max, { error })
}

/** A whole number of bytes. */
export function bytes(bounds: { readonly min: number; readonly max: number }) {
  const error = complaint(`write a whole number of bytes from ${bounds.min} to ${bounds.max}, without a unit`)
  return z
    .int({ error })
    .min(bounds.min, { error })
    .max(bounds.max, { error })
    .meta({ unit: 'bytes' } satisfies Unit)
}

export const flag = () => z.boolean({ error: complaint('write true or false') })

export function choice<const T extends readonly [string, ...string[]]>(values: T) {
  const allowed = values.length === 1 ? values[0] : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`
  return z.enum(values, { error: (issue) => complaint(`write ${allowed}`)(issue) + didYouMean(issue.input, values) })
}

/** `expected` completes "write …". */
export function text(expected: string, pattern?: RegExp) {
  const fault = (input: unknown) =>
    typeof input === 'number' || typeof input === 'boolean' ? `${input} is no text` : textFault(input)
  const error = complaint(`write ${expected}`, fault)
  return pattern === undefined ? z.string({ error }).min(1, { error }) : z.string({ error }).regex(pattern, { error })
}

const textFault = (input: unknown) => (input === '' ? 'is an empty text' : `${shown(input)} is not allowed here`)

/** A secret is never shown, whatever is wrong with it. */
export function secret() {
  const fault = (input: unknown) =>
    typeof input === 'number' || typeof input === 'boolean'
      ? 'is no text but a bare number or true or false'
      : 'is not a text, or an empty one'
  const error = complaint('write it as a text in quotes, or give its file instead', fault)
  return z
    .string({ error })
    .min(1, { error })
    .meta({ unit: 'secret' } satisfies Unit)
}

/** Relative paths start at the configuration's own directory. */
export const filePath = () =>
  text('the path of a file; relative ones start where this configuration stands').meta({ unit: 'path' } satisfies Unit)

function isPlainUrl(input: string): boolean {
  const url = URL.parse(input)
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === ''
  )
}

/** http or https. Credentials in it are refused (and not shown): they would end up in logs. The trailing slash is taken off. */
export function url(example: string) {
  const fault = (input: unknown) =>
    typeof input === 'string' && !input.includes('@') ? `${shown(input)} is no plain URL` : 'is no plain URL'
  const error = complaint(`write one like ${example}, without user, password, query or fragment`, fault)
  return z
    .string({ error })
    .refine(isPlainUrl, { error })
    .meta({ unit: 'address', pattern: '^https?://[^\\s@?#]+$' } satisfies Unit)
    .transform((input) => input.replace(/\/+$/, ''))
}

interface ListBounds {
  readonly min: number
  readonly max: number
}

/** `nouns` says what is listed. */
export function list<T extends z.ZodType>(element: T, nouns: string, { min, max }: ListBounds) {
  const error = complaint(`write a list of ${nouns}`)
  return z
    .array(element, { error })
    .min(min, { error: () => `is an empty list; write at least ${min} of its ${nouns}` })
    .max(max, { error: () => `is too long; write at most ${max} ${nouns}` })
}

/** A mapping with these keys and no others. */
export function section<T extends z.core.$ZodLooseShape>(shape: T, hint = 'write its keys under it') {
  return z.strictObject(shape, { error: complaint(hint) })
}
