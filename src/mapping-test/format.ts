/** What a file of mapping tests may hold. */
import { z } from 'zod'
import { findingsOf } from '../config/issues.ts'
import type { Finding } from '../config/problem.ts'
import type { Method } from '../core/hit.ts'
import { methods } from '../core/hit.ts'
import type { Reason, SkipReason } from '../core/outcome.ts'
import { reasons } from '../core/outcome.ts'

export type ParamValues = Readonly<Record<string, unknown>>

export interface ExpectedHit {
  readonly app: string
  readonly method: Method
  readonly params: ParamValues
}

export type Expected =
  | { readonly kind: 'hit'; readonly hit: ExpectedHit }
  | { readonly kind: 'skip'; readonly reason: SkipReason }
  | { readonly kind: 'reject'; readonly reason: Reason }

/** Where the schema of the event comes from: the record's name tells, or the test does. */
export type SchemaChoice = { readonly record: string } | { readonly file: string } | { readonly subject: string }

export interface MappingTest {
  readonly name: string
  readonly schema: SchemaChoice
  readonly topic: string | undefined
  /** Of the Kafka record, epoch ms. */
  readonly timestamp: number
  /** Plain JSON; null: a record without value. */
  readonly event: unknown
  readonly expected: Expected
}

/** Of a record whose test does not say: 2026-01-01T00:00:00Z. */
export const TIMESTAMP = 1_767_225_600_000

const skipReasons = ['tombstone', 'filtered', 'skipped', 'unmapped'] as const satisfies readonly SkipReason[]

const NO_TIME = 'must be epoch milliseconds or an ISO time with its offset, as 2026-01-31T12:00:00Z'

const text = (what: string) => z.string(`must be ${what}`).min(1, `must be ${what}`)
const word = <T extends string>(words: readonly T[]) => z.enum(words, `must be one of ${words.join(', ')}`)

const hitSchema = z.strictObject(
  {
    app: text('the name of an app'),
    method: word(methods),
    params: z.record(z.string(), z.unknown(), 'must be a mapping of parameters'),
  },
  'must be a mapping with app, method and params',
)

const testSchema = z.strictObject(
  {
    name: text('a text that says what is tested'),
    record: text('an Avro full name').optional(),
    schema: z
      .strictObject(
        { file: text('the path of an .avsc file').optional(), subject: text('a subject of the registry').optional() },
        'must be { file: PATH } or { subject: NAME }',
      )
      .optional(),
    topic: text('the name of a topic').optional(),
    timestamp: z.union([z.int(NO_TIME), z.iso.datetime({ offset: true, error: NO_TIME })], NO_TIME).optional(),
    event: z.unknown().optional(),
    hit: hitSchema.optional(),
    skip: word(skipReasons).optional(),
    reject: word(reasons).optional(),
  },
  'must be a mapping with name, record or schema, event, and hit, skip or reject',
)

const fileSchema = z.strictObject(
  { tests: z.array(testSchema, 'must be a list of tests') },
  'must be a mapping with a list of tests, as in tests: [...]',
)

type Written = z.output<typeof testSchema>

/** The tests, or all that is wrong with the file. */
export function parseTests(
  value: unknown,
): { readonly tests: readonly MappingTest[] } | { readonly findings: readonly Finding[] } {
  const parsed = fileSchema.safeParse(value)
  if (!parsed.success) return { findings: findingsOf(fileSchema, parsed.error.issues) }
  const findings = parsed.data.tests.flatMap((test, place) => findingsIn(test).map((finding) => under(place, finding)))
  return findings.length > 0 ? { findings } : { tests: parsed.data.tests.map(bind) }
}

function under(place: number, { path, message }: Finding): Finding {
  return { path: ['tests', place, ...path], message }
}

/** What no single key can say of itself. */
function findingsIn(test: Written): Finding[] {
  const findings: Finding[] = []
  const { record, schema, hit, skip, reject } = test
  if (!Object.hasOwn(test, 'event')) findings.push({ path: [], message: 'event is missing; null is a record without value' })
  const schemas = [record, schema].filter((each) => each !== undefined)
  if (schemas.length !== 1) findings.push({ path: [], message: 'needs either record or schema' })
  if (schema !== undefined && (schema.file === undefined) === (schema.subject === undefined)) {
    findings.push({ path: ['schema'], message: 'must be { file: PATH } or { subject: NAME }' })
  }
  const ends = [hit, skip, reject].filter((each) => each !== undefined)
  if (ends.length !== 1) findings.push({ path: [], message: 'needs one of hit, skip and reject' })
  return findings
}

function bind({ name, record, schema, topic, timestamp = TIMESTAMP, event, hit, skip, reject }: Written): MappingTest {
  return {
    name,
    schema: choiceOf(record, schema),
    topic,
    timestamp: typeof timestamp === 'string' ? Date.parse(timestamp) : timestamp,
    event,
    expected: expectedOf(hit, skip, reject),
  }
}

function choiceOf(record: string | undefined, schema: Written['schema']): SchemaChoice {
  if (record !== undefined) return { record }
  return schema?.file === undefined ? { subject: schema?.subject ?? '' } : { file: schema.file }
}

function expectedOf(hit: Written['hit'], skip: Written['skip'], reject: Written['reject']): Expected {
  if (hit !== undefined) return { kind: 'hit', hit }
  if (skip !== undefined) return { kind: 'skip', reason: skip }
  return { kind: 'reject', reason: reject as Reason }
}
