import { z } from 'zod'
import { methods } from '../core/hit.ts'
import { choice, complaint, filePath, flag, list, section, text } from './fields.ts'
import { timeZone } from './time-zone.ts'

/** A constant of the mapping language. */
type Scalar = string | number | boolean

/** A constant. */
interface ValueSource {
  readonly value: Scalar
}

/**
 * A value of the event: `field` is its path, `cases` translates it by its text, `default` stands in where nothing comes of that; `unit`
 * is what a bare number counts that is a time, `zone` is that of a local time.
 */
interface FieldSource {
  readonly field: string
  readonly cases?: Readonly<Record<string, Scalar>>
  readonly default?: Scalar
  readonly unit?: 's' | 'ms' | 'us'
  readonly zone?: string
}

/** Where a parameter comes from; a text is a path into the event. */
type SingleSource = string | ValueSource | FieldSource

/** The same, or the first of several that gives something. */
type Source = SingleSource | { readonly firstOf: readonly SingleSource[] }

/** Tests of a field's text; all that are there must hold. `exists` is of the value itself. */
export interface Condition {
  readonly field: string
  readonly equals?: Scalar
  readonly in?: readonly Scalar[]
  readonly exists?: boolean
  readonly not?: Scalar | readonly Scalar[]
}

/**
 * By the tracker's names of parameters. The value of `customEventParams`, and of no other, may be a mapping of entry names to sources;
 * as a text it is the path of a map in the event.
 */
export type Params = Readonly<Record<string, Source | Readonly<Record<string, Source>>>>

/** An app's name, or a choice of names by a field's text. */
export type AppChoice =
  | string
  | { readonly field: string; readonly cases: Readonly<Record<string, string>>; readonly default?: string }

const pathPattern = /^([^."]+|"[^"]+")(\.([^."]+|"[^"]+"))*$/
const pathWords = 'a path into the event, like a.b.c, a."dotted.key" or a.0'
const path = () => text(pathWords, pathPattern)

const scalarWords = 'write a text, a number, true or false'
/** YAML reads a whole number as the nearest double: beyond 2^53 it would silently be another one. */
const isExact = (value: number) => !Number.isInteger(value) || Number.isSafeInteger(value)
const number = () => z.number().refine(isExact, { error: 'has more digits than a number keeps; write it in quotes' })
const scalar = () => z.union([z.string(), number(), z.boolean()], { error: complaint(scalarWords) })
const cases = <T extends z.ZodType>(result: T) =>
  z.record(z.string(), result, { error: complaint('write a mapping from the texts of the field to results') })

const valueSource = section({ value: scalar().describe('The constant itself.') })

const fieldSource = section({
  field: path().describe('Path of the value in the event.'),
  cases: cases(scalar())
    .exactOptional()
    .describe("Translates the value: its text on the left, the parameter's value on the right."),
  default: scalar().exactOptional().describe('Used where the field is absent, null, or none of the cases.'),
  unit: choice(['s', 'ms', 'us']).exactOptional().describe('What a bare long counts since 1970, where the parameter is a time.'),
  zone: timeZone().exactOptional().describe('The time zone of a local time, as the IANA names it.'),
})

const single = 'write a path into the event, { value: … } or { field: …, cases: …, default: … }'
const sourceWords = 'write a path into the event, { value: … }, { field: …, cases: …, default: … } or { firstOf: […] }'

const firstOfSource = section({
  firstOf: list(z.union([path(), valueSource, fieldSource], { error: complaint(single) }), 'sources', {
    min: 1,
    max: 20,
  }).describe('The first of these that gives something is taken.'),
})

const source = () => z.union([path(), valueSource, fieldSource, firstOfSource], { error: complaint(sourceWords) })

const entries = z.record(z.string(), source(), { error: complaint('write entry names with their sources') })

/** An object rather than a record, since `customEventParams: { value: a.b }` is an entry named `value` and no constant. */
const params = z
  .object(
    {
      customEventParams: z
        .union([path(), entries], { error: complaint('write entry names with their sources, or the path of a map') })
        .exactOptional()
        .describe('Entries of the custom event; their values become texts.'),
    },
    { error: complaint("write the tracker's parameters with their sources") },
  )
  .catchall(source())

const tests = ['equals', 'in', 'exists', 'not'] as const

/** What is written as one condition; all of several must hold. */
const condition = section({
  field: path().describe('Path of the value that is tested.'),
  equals: scalar().exactOptional().describe('Holds where the value has this text.'),
  in: list(scalar(), 'values', { min: 1, max: 1000 }).exactOptional().describe('Holds where the value has one of these texts.'),
  exists: flag().exactOptional().describe('true: holds where there is a value; false: where there is none, or null.'),
  not: z
    .union([scalar(), list(scalar(), 'values', { min: 1, max: 1000 })], { error: complaint('write one value or a list of them') })
    .exactOptional()
    .describe('Holds where the value has none of these texts.'),
})
  // One that tests nothing would hold for every record.
  .refine((written) => tests.some((key) => written[key] !== undefined), {
    error: 'tests nothing; write equals, in, exists or not beside field',
  })
  .refine(({ exists, ...written }) => exists !== false || (written.equals ?? written.in) === undefined, {
    error: 'never holds: what does not exist has no text; remove exists or the other test',
  })

const conditionWords = 'write { field: …, equals | in | exists | not: … } or a list of these'

/** The keys of all three kinds of mapping together; which go with each other is one of the rules. */
export const mappingSchema = section({
  record: text('the Avro full name of a record, like com.shop.users.UserRegistered', /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/).describe(
    'Avro full name of the record that this mapping is for.',
  ),
  topic: text("a topic's name").exactOptional().describe('Only records that first stood in this topic.'),
  when: z
    .union([condition, list(condition, 'conditions', { min: 1, max: 100 })], { error: complaint(conditionWords) })
    .exactOptional()
    .describe('Records for which this does not hold are skipped and counted.'),
  app: z
    .union(
      [
        text("an app's name"),
        section({
          field: path().describe('Path of the value that decides.'),
          cases: cases(text("an app's name")).describe("The value's text on the left, the name of an app on the right."),
          default: text("an app's name").exactOptional().describe('The app where no case matches.'),
        }),
      ],
      { error: complaint("write an app's name, or { field: …, cases: …, default: … }") },
    )
    .exactOptional()
    .describe('Which of tracker.apps the hit belongs to.'),
  method: choice(methods).exactOptional().describe("The tracker's method."),
  params: params.exactOptional().describe("The tracker's parameters by name, each with where its value comes from."),
  module: filePath().exactOptional().describe('A module that exports map(event, context), instead of app, method and params.'),
  skip: z
    .literal(true, { error: complaint('write true, or remove the key') })
    .exactOptional()
    .describe('Records of this name are skipped and counted.'),
})
