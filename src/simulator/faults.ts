import { STATUS_CODES } from 'node:http'
import type { Draws } from './chance.ts'
import { delayOf, drawn } from './chance.ts'
import type { FaultPlanText, PlanAction, PlanRule } from './plan-format.ts'
import { singleParameter } from './rules.ts'

/** What a request meets instead of the ordinary answer. */
export type Fault =
  /**
   * Answered so, after `delayMs`. Nothing of the request is kept, unless the status is 200: then only the look of the answer changes,
   * and a request that breaks a rule gets its ordinary refusal.
   */
  | {
      readonly status: number
      readonly body?: string
      readonly headers?: Readonly<Record<string, string>>
      readonly delayMs?: number
      /** The connection ends in the middle of the body. */
      readonly cut?: true
    }
  /** The ordinary answer, late. The hits count as accepted on arrival, as they would with a tracker that is slow to answer. */
  | { readonly delayMs: number }
  /** The connection is reset, `before` or `after` the hits were accepted. */
  | { readonly reset: 'before' | 'after' }
  /** Never answered, nothing kept. */
  | { readonly hang: true }
  /** Accepted and never answered: to the sender no different from `hang`. */
  | { readonly acceptThenHang: true }

/** What a fault can be chosen by. */
export interface FaultRequest {
  /** Counted from 1. */
  readonly number: number
  readonly method: string | undefined
  readonly idApp: string | undefined
  /** Undefined where the body holds none. */
  readonly events: readonly unknown[] | undefined
}

/** What `GET /_/faults` tells of a rule. */
export interface RuleCounts {
  /** Requests that its app, method and event chose. */
  readonly chosen: number
  /** Requests that met one of its faults. */
  readonly met: number
}

/** A plan at work. Rules are asked in order; the first that has a fault for a request decides. */
export class FaultPlan {
  readonly #seed: number
  readonly #startedAt: number
  readonly #rules: { readonly rule: PlanRule; chosen: number; met: number }[]

  /** `startedAt`: what `seconds` count from, milliseconds since the epoch. */
  constructor(text: FaultPlanText, startedAt: number) {
    this.#seed = text.seed
    this.#startedAt = startedAt
    this.#rules = text.rules.map((rule) => ({ rule, chosen: 0, met: 0 }))
  }

  /** `now`: the request's arrival, milliseconds since the epoch. */
  next(request: FaultRequest, now: number): Fault | undefined {
    let fault: Fault | undefined
    for (const [place, state] of this.#rules.entries()) {
      if (!chooses(state.rule.when, request)) continue
      // Counted whether or not a rule before this one decides: what stands above must not shift the numbers below.
      state.chosen++
      if (fault !== undefined || !this.#isDue(state.rule.when, state.chosen, now)) continue
      const draws = { seed: this.#seed, rule: place, request: state.chosen }
      const action = picked(state.rule.do, draws)
      if (action === undefined) continue
      state.met++
      fault = faultOf(action, draws, now)
    }
    return fault
  }

  counts(): RuleCounts[] {
    return this.#rules.map(({ chosen, met }) => ({ chosen, met }))
  }

  #isDue({ requests, seconds, every }: PlanRule['when'], count: number, now: number): boolean {
    const elapsed = (now - this.#startedAt) / 1_000
    if (requests !== undefined && (count < (requests.from ?? 0) || count > (requests.to ?? Number.POSITIVE_INFINITY)))
      return false
    if (seconds !== undefined && (elapsed < (seconds.from ?? 0) || elapsed >= (seconds.to ?? Number.POSITIVE_INFINITY)))
      return false
    return every === undefined || count % every === 0
  }
}

function chooses({ app, method, event }: PlanRule['when'], { idApp, method: called, events }: FaultRequest): boolean {
  if (app !== undefined && !app.includes(idApp ?? '')) return false
  if (method !== undefined && !(method as string[]).includes(called ?? '')) return false
  if (event === undefined) return true
  const wanted = Object.entries(event)
  return (events ?? []).some((each) => wanted.every(([name, values]) => isOneOf(values, singleParameter(each, name))))
}

/** Numbers come as numbers and as texts, and mean the same. */
function isOneOf(values: readonly string[], value: unknown): boolean {
  return (typeof value === 'string' || typeof value === 'number') && values.includes(String(value))
}

/** Which draw of a request decides what. */
const pickDraw = 0
const delayDraw = 1

function picked(actions: readonly PlanAction[], draws: Draws): PlanAction | undefined {
  let left = drawn(draws, pickDraw)
  return actions.find(({ share = 1 }) => {
    left -= share
    return left < 0
  })
}

function faultOf(action: PlanAction, draws: Draws, now: number): Fault {
  const { status, reset, hang } = action
  if (reset !== undefined) return { reset }
  if (hang !== undefined) return hang === 'before' ? { hang: true } : { acceptThenHang: true }
  const delayMs = action.delayMs === undefined ? undefined : delayOf(action.delayMs, draws, delayDraw)
  if (status === undefined) return { delayMs: delayMs ?? 0 }
  const body = action.html ? errorPage(status) : action.body
  const headers = { ...(action.html ? { 'content-type': 'text/html' } : {}), ...retryAfter(action, now), ...action.headers }
  return {
    status,
    ...(body === undefined ? {} : { body }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(action.cut ? { cut: true } : {}),
  }
}

function retryAfter({ retryAfter }: PlanAction, now: number): Record<string, string> {
  if (retryAfter?.seconds !== undefined) return { 'retry-after': String(retryAfter.seconds) }
  if (retryAfter?.date === undefined) return {}
  return { 'retry-after': new Date(now + retryAfter.date * 1_000).toUTCString() }
}

/** What a proxy shows in place of the tracker's answer. */
function errorPage(status: number): string {
  const title = `${status} ${STATUS_CODES[status] ?? 'Error'}`
  return `<html>\n<head><title>${title}</title></head>\n<body>\n<center><h1>${title}</h1></center>\n</body>\n</html>\n`
}
