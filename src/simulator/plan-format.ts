import { z } from 'zod'
import type { Delay } from './chance.ts'
import type { PlanProblem } from './plan-problems.ts'
import { problemsOf } from './plan-problems.ts'
import { callNames, isSingleParameter } from './rules.ts'

/** A plan as it is written: which requests meet what. Plain data, good for any number of runs. */
export type FaultPlanText = z.output<typeof planFormat>
export type PlanRule = FaultPlanText['rules'][number]
export type PlanAction = PlanRule['do'][number]

export type ParsedFaultPlan =
  | { readonly kind: 'plan'; readonly plan: FaultPlanText }
  | { readonly kind: 'invalid'; readonly problems: readonly PlanProblem[] }

/** Reads a plan as it stands in a file or in `POST /_/faults`; tells all its mistakes at once. */
export function parseFaultPlan(value: unknown): ParsedFaultPlan {
  const parsed = planFormat.safeParse(value)
  if (parsed.success) return { kind: 'plan', plan: parsed.data }
  return { kind: 'invalid', problems: problemsOf(parsed.error.issues, value) }
}

const delayMsMax = 600_000

function whole(min: number, max: number) {
  const says = `write a whole number from ${min} to ${max}`
  return z.int(says).min(min, says).max(max, says)
}

function real(above: number, max: number) {
  const says = `write a number above ${above}, up to ${max}`
  return z.number(says).gt(above, says).max(max, says)
}

function fields<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape).join(', ')
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? `is not a known key; known here: ${known}` : `write a mapping of ${known}`,
  })
}

function oneOrMore<One extends z.ZodType>(one: One, says: string) {
  return z.union([one, z.array(one, says).min(1, says)], says).transform((value) => [value].flat() as z.output<One>[])
}

const ms = whole(0, delayMsMax)
const scalar = z.union([z.string(), z.number(), z.boolean()], 'write a text, a number or a truth value').transform(String)

const range = fields({ from: whole(0, 1_000_000_000).optional(), to: whole(0, 1_000_000_000).optional() }).refine(
  ({ from, to }) => (from ?? to) !== undefined && (from ?? 0) <= (to ?? Number.POSITIVE_INFINITY),
  'write from, to, or both, with from no greater than to',
)

const when = fields({
  app: oneOrMore(scalar, 'write an idApp or a list of them').optional(),
  method: oneOrMore(z.enum(callNames, `write one of ${callNames.join(', ')}`), 'write a method or a list of them').optional(),
  event: z
    .record(
      z
        .string()
        .refine(
          isSingleParameter,
          'is no parameter with a single value; one of customEventParams is written customEventParams.NAME',
        ),
      oneOrMore(scalar, 'write a value or a list of them'),
      'write a mapping from parameters to values, as in { customUserId: "13" }',
    )
    .optional(),
  requests: range.optional(),
  seconds: range.optional(),
  every: whole(1, 1_000_000_000).optional(),
})

const isAscending = ({ min, median, max }: { min?: number; median?: number; max: number }): boolean => (min ?? median ?? 0) <= max
const ascending = 'write a max that is not below the other times'

const delay = z.union(
  [
    ms,
    fields({
      uniform: fields({ min: ms, max: ms }).refine(isAscending, ascending).optional(),
      logNormal: fields({ median: ms, sigma: real(0, 5), max: ms })
        .refine(isAscending, ascending)
        .optional(),
      pareto: fields({ min: ms, shape: real(0, 100), max: ms })
        .refine(isAscending, ascending)
        .optional(),
    }).transform((value, context): Delay => {
      const { uniform, logNormal, pareto } = value
      if (Object.keys(value).length !== 1) context.addIssue('write exactly one of uniform, logNormal, pareto')
      if (logNormal !== undefined) return { logNormal }
      return pareto !== undefined ? { pareto } : { uniform: uniform ?? { min: 0, max: 0 } }
    }),
  ],
  `write milliseconds from 0 to ${delayMsMax}, or one of { uniform }, { logNormal }, { pareto }`,
)

const retryAfter = fields({ seconds: whole(0, 86_400).optional(), date: whole(0, 86_400).optional() }).refine(
  ({ seconds, date }) => (seconds === undefined) !== (date === undefined),
  'write seconds or date',
)

const kept = z.enum(['before', 'after'], 'write before or after: before or after the events are accepted')

/** Of these an answer is made; they mean nothing without a status. */
const besideStatus = ['body', 'html', 'headers', 'retryAfter', 'cut'] as const

const action = fields({
  share: real(0, 1).optional(),
  status: whole(200, 599).optional(),
  body: z.string('write a text').optional(),
  html: z.literal(true, 'write true, or leave it out').optional(),
  headers: z.record(z.string(), z.string('write a text'), 'write a mapping from names to texts').optional(),
  retryAfter: retryAfter.optional(),
  cut: z.literal(true, 'write true, or leave it out').optional(),
  delayMs: delay.optional(),
  reset: kept.optional(),
  hang: kept.optional(),
}).superRefine((value, context) => {
  const misplace = (key: string, message: string): void => context.addIssue({ code: 'custom', path: [key], message })
  const { status, reset, hang, delayMs } = value
  const silences = [reset, hang].filter((each) => each !== undefined).length
  if (status === undefined && silences === 0 && delayMs === undefined) context.addIssue('write status, delayMs, reset or hang')
  if (silences === 2) misplace('hang', 'stands beside reset; keep one of the two')
  if (silences > 0 && status !== undefined)
    misplace('status', 'stands beside reset or hang, which never answer; keep one of the two')
  if (silences > 0 && delayMs !== undefined)
    misplace('delayMs', 'stands beside reset or hang, which never answer; keep one of the two')
  for (const key of besideStatus) {
    if (value[key] !== undefined && status === undefined) misplace(key, 'has a meaning only beside status; write a status, too')
  }
  if (value.body !== undefined && value.html) misplace('html', 'stands beside body; keep one of the two')
})

const actions = oneOrMore(action, 'write an action, or a list of actions with shares').superRefine((list, context) => {
  const unshared = list.length > 1 ? list.findIndex(({ share }) => share === undefined) : -1
  if (unshared >= 0) context.addIssue({ code: 'custom', path: [unshared], message: 'has no share; among several each needs one' })
  const sum = list.reduce((total, { share = 0 }) => total + share, 0)
  if (sum > 1 + 1e-9) context.addIssue(`has shares that add up to ${+sum.toFixed(6)}; write shares of 1 at most in all`)
})

const planFormat = fields({
  seed: whole(0, 4_294_967_295).default(1),
  rules: z
    .array(fields({ when: when.default({}), do: actions }), 'write a list of rules, as in [{ do: { status: 500 } }]')
    .max(1_000, 'write at most 1000 rules'),
})
