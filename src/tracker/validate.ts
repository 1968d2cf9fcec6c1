/** Whether a hit keeps every rule of the tracker's documentation. Compiled once per method and options; pure. */
import type { Method } from '../core/hit.ts'
import type { Reject } from '../core/outcome.ts'
import type { Rule } from './rule.ts'
import { found, ruleOf } from './rule.ts'
import { methodSpecs, methodTakes, paramNames, paramSpecs, vkMiniAppRequired } from './spec.ts'

export type ParamValue = string | number | Readonly<Record<string, string>>

/** A hit's parameters by name. `undefined` is the same as absent. Never changed in place. */
export type Params = Readonly<Record<string, ParamValue | undefined>>

export interface ValidHit {
  readonly kind: 'valid'
  /** The very object that came in where nothing had to be dropped. */
  readonly params: Params
  /** Names of what was left out, `customEventParams.<name>` for an entry; the shared empty list where nothing was. */
  readonly dropped: readonly string[]
}

/** `valid`, or a reject with reason `invalid-hit`. */
export type Validation = ValidHit | Reject

export interface ValidatorOptions {
  readonly method: Method
  /** The app's platform is VK Mini Apps: `customPlatformUserId` and `vkPlatform` are required too. */
  readonly vkMiniApp: boolean
  /** What becomes of an optional parameter, or an entry of `customEventParams`, that breaks a rule. */
  readonly invalidParams: 'drop' | 'reject'
}

export type Validator = (params: Params) => Validation

const nothingDropped: readonly string[] = Object.freeze([])

/** Options as tables. */
interface Plan {
  readonly method: Method
  readonly rules: ReadonlyMap<string, Rule>
  readonly required: readonly string[]
  readonly oneRequiredOf: readonly string[]
  /** A broken optional parameter rejects the hit. */
  readonly strict: boolean
}

const planOf = ({ method, vkMiniApp, invalidParams }: ValidatorOptions): Plan => {
  const required = [...methodSpecs[method].required, ...(vkMiniApp ? vkMiniAppRequired : [])]
  const rules = paramNames.filter((name) => methodTakes(method, name)).map((name) => [name, ruleOf(paramSpecs[name])] as const)
  return {
    method,
    rules: new Map<string, Rule>(rules),
    required,
    oneRequiredOf: methodSpecs[method].oneRequiredOf,
    strict: invalidParams === 'reject',
  }
}

/**
 * Makes the validator of one method. What it does with
 * - a required parameter or `eventTimestamp` that breaks a rule: rejects, in every mode. A hit without its time would get the time of receipt;
 * - an optional parameter that breaks a rule: as `invalidParams` says. So with one the method does not know;
 * - an optional parameter, or an entry's value, that is an empty text: drops it in every mode. Producers write "no value" so;
 * - a map without entries, or without any that could stay: leaves it out.
 */
export const compileValidator = (options: ValidatorOptions): Validator => {
  const plan = planOf(options)
  const { rules } = plan
  return (params) => {
    for (const name in params) {
      const value = params[name]
      if (value === undefined) continue
      const rule = rules.get(name)
      // The first thing amiss leaves the fast path, which allocates nothing but the result.
      if (rule === undefined || !rule.holds(value)) return mend(plan, params)
    }
    return incomplete(plan, params) ?? { kind: 'valid', params, dropped: nothingDropped }
  }
}

/** Copies what keeps the rules, or rejects. Apart from the fast path: few hits come here. */
const mend = (plan: Plan, params: Params): Validation => {
  const kept: Record<string, ParamValue> = {}
  const dropped: string[] = []
  for (const name in params) {
    const value = params[name]
    if (value === undefined) continue
    const rule = plan.rules.get(name)
    if (rule?.holds(value)) {
      kept[name] = value
      continue
    }
    if (rule?.mend !== undefined && isMap(value)) {
      const mended = rule.mend(value, plan.strict)
      if ('broken' in mended) return invalid(`${name}.${mended.broken}`)
      if (mended.kept !== undefined) kept[name] = mended.kept
      for (const entry of mended.dropped) dropped.push(`${name}.${entry}`)
      continue
    }
    const rejected = fault(plan, name, value)
    if (rejected !== undefined) return rejected
    dropped.push(name)
  }
  return incomplete(plan, kept) ?? { kind: 'valid', params: kept, dropped: dropped.length === 0 ? nothingDropped : dropped }
}

/** The reject that a broken parameter causes; undefined where it is only dropped. */
const fault = (plan: Plan, name: string, value: ParamValue): Reject | undefined => {
  const rule = plan.rules.get(name)
  if (rule === undefined) return plan.strict ? invalid(`${name}: is no parameter of ${plan.method}`) : undefined
  const isRequired = plan.required.includes(name)
  if (isRequired && value === '') return invalid(`${name}: is required, found an empty text`)
  if (!isRequired && name !== 'eventTimestamp' && (value === '' || !plan.strict)) return undefined
  return invalid(`${name}: ${rule.wanted}, found ${found(value)}`)
}

/** The reject for what is missing; judged on what is left after the drops. */
const incomplete = (plan: Plan, params: Params): Reject | undefined => {
  for (const name of plan.required) {
    if (params[name] === undefined) return invalid(`${name}: is required for ${plan.method}, found nothing`)
  }
  const { oneRequiredOf } = plan
  if (oneRequiredOf.length === 0) return undefined
  for (const name of oneRequiredOf) {
    if (params[name] !== undefined) return undefined
  }
  return invalid(`${plan.method} needs one of ${oneRequiredOf.join(', ')} that keeps its rule, found none`)
}

const isMap = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const invalid = (detail: string): Reject => ({ kind: 'reject', reason: 'invalid-hit', detail: detail.slice(0, 1000) })
