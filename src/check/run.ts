import type { Result, Verdict } from './report.ts'
import { failed } from './report.ts'

export interface Check {
  readonly name: string
  /** Rejects where the facts cannot be had; `cure` says what to do then. */
  readonly run: () => Promise<Verdict>
  readonly cure: string
}

export interface Timing {
  /** Milliseconds, of a clock that only goes forward. */
  readonly now: () => number
  /** Resolves after so many milliseconds. */
  readonly after: (ms: number) => Promise<void>
  readonly timeoutMs: number
}

/** Looks at one thing, in time. Never rejects, so that one check that breaks leaves the others alone. */
export async function runCheck({ name, run, cure }: Check, { now, after, timeoutMs }: Timing): Promise<Result> {
  const start = now()
  const late = after(timeoutMs).then(() => failed(`no answer within ${timeoutMs / 1_000} s`, cure))
  const verdict = await Promise.race([attempt(run, cure), late])
  return { name, ms: now() - start, ...verdict }
}

async function attempt(run: () => Promise<Verdict>, cure: string): Promise<Verdict> {
  try {
    return await run()
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error), cure)
  }
}
