import { z } from 'zod'

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

const delayMs = z.int().min(0).max(600_000)

const planEntry = z
  .strictObject({
    method: z.string(),
    idApp: z.union([z.string(), z.int()]).transform(String),
    times: z.int().min(1),
    everyNth: z.int().min(1),
    status: z.int().min(200).max(599),
    body: z.string(),
    headers: z.record(z.string(), z.string()),
    delayMs,
    reset: z.enum(['before', 'after']),
    hang: z.literal(true),
    acceptThenHang: z.literal(true),
  })
  .partial()
  .transform((entry, context): FaultPlanEntry => {
    const fault = faultOf(entry)
    if (fault === undefined) {
      context.addIssue(
        'exactly one of status, reset, hang, acceptThenHang, or delayMs alone; body and headers only beside status',
      )
      return z.NEVER
    }
    return { fault, method: entry.method, idApp: entry.idApp, times: entry.times, everyNth: entry.everyNth }
  })

/** One line of a plan: which requests, how many of them, and what they meet. */
interface FaultPlanEntry {
  readonly fault: Fault
  /** Only requests of this method, of this app. */
  readonly method: string | undefined
  readonly idApp: string | undefined
  /** At most so many; undefined: for ever. */
  readonly times: number | undefined
  /** Each nth of the requests that come as far as this entry. */
  readonly everyNth: number | undefined
}

interface FaultFields {
  readonly status?: number | undefined
  readonly body?: string | undefined
  readonly headers?: Record<string, string> | undefined
  readonly delayMs?: number | undefined
  readonly reset?: 'before' | 'after' | undefined
  readonly hang?: true | undefined
  readonly acceptThenHang?: true | undefined
}

function faultOf(fields: FaultFields): Fault | undefined {
  const { status, body, headers, delayMs, reset, hang, acceptThenHang } = fields
  const silent = [reset, hang, acceptThenHang].filter((action) => action !== undefined).length
  const answers = [status, body, headers, delayMs].filter((field) => field !== undefined).length
  if (silent > 1 || (silent === 1 && answers > 0)) return undefined
  if (reset !== undefined) return { reset }
  if (hang) return { hang }
  if (acceptThenHang) return { acceptThenHang }
  if (status === undefined) return delayMs !== undefined && answers === 1 ? { delayMs } : undefined
  return {
    status,
    ...(body === undefined ? {} : { body }),
    ...(headers === undefined ? {} : { headers }),
    ...(delayMs === undefined ? {} : { delayMs }),
  }
}

export type ParsedFaultPlan =
  | { readonly kind: 'plan'; readonly plan: FaultPlan }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] }

/** Reads a plan as it stands in a file or in `POST /_/faults`: a list of entries. */
export function parseFaultPlan(json: unknown): ParsedFaultPlan {
  const parsed = z.array(planEntry).max(1000).safeParse(json)
  if (parsed.success) return { kind: 'plan', plan: new FaultPlan(parsed.data) }
  return {
    kind: 'invalid',
    problems: parsed.error.issues.map((issue) => `${['plan', ...issue.path].join('.')}: ${issue.message}`),
  }
}

/** Entries are asked in order; the first that is due takes the request, and later ones do not see it. */
export class FaultPlan {
  readonly #entries: { readonly entry: FaultPlanEntry; seen: number; used: number }[]

  constructor(entries: readonly FaultPlanEntry[]) {
    this.#entries = entries.map((entry) => ({ entry, seen: 0, used: 0 }))
  }

  next(request: FaultRequest): Fault | undefined {
    for (const state of this.#entries) {
      const { fault, method, idApp, times, everyNth } = state.entry
      if (times !== undefined && state.used >= times) continue
      if (method !== undefined && method !== request.method) continue
      if (idApp !== undefined && idApp !== request.idApp) continue
      state.seen++
      if (everyNth !== undefined && state.seen % everyNth !== 0) continue
      state.used++
      return fault
    }
    return undefined
  }
}
