/** What to think of the registry, the tracker and the clock. */
import type { Verdict } from './report.ts'
import { failed, ok, together, warning } from './report.ts'

export function judgeRegistry(status: number): Verdict {
  if (status >= 200 && status < 300) return ok('answers')
  if (status === 401 || status === 403) {
    return failed(`status ${status}: refused`, 'mend username and password, or the bearer token, of schemaRegistry')
  }
  if (status === 404)
    return failed('status 404: this is no schema registry', "mend schemaRegistry.url; a registry's path belongs into it")
  return failed(`status ${status}`, 'look into the registry; is schemaRegistry.url right?')
}

/** The tracker's answer to `test-app-access`. */
export function judgeApp(status: number): Verdict {
  if (status === 200) return ok('the token fits')
  if (status === 404) return ok('not offered by this tracker; the token was not tried')
  if (status === 401 || status === 403) {
    return failed(
      `status ${status}: the token does not fit`,
      "mend the app's idApp or token; both stand in the tracker's settings of the app",
    )
  }
  if (status === 429) return warning('status 429: too many requests', 'try again later')
  if (status >= 300 && status < 400)
    return failed(`status ${status}: a redirect`, 'mend tracker.endpoint; redirects are not followed')
  return failed(`status ${status}`, 'is tracker.endpoint the tracker? try again later')
}

/** What the registry says of one subject that a mapping may find its record in. */
export type SubjectFacts =
  | { readonly kind: 'absent'; readonly subject: string }
  | { readonly kind: 'unreadable'; readonly subject: string; readonly why: string }
  | {
      readonly kind: 'found'
      readonly subject: string
      readonly version: number
      readonly id: number
      /** Full name of the schema's record. */
      readonly record: string
      /** What the mapping's author should mend, from compiling it against this schema. */
      readonly problems: readonly string[]
    }

/** One mapping against the subjects that it may stand for. */
export function judgeMapping(record: string, subjects: readonly SubjectFacts[]): Verdict {
  if (subjects.length === 0) return warning('no topic is left to it', 'remove it, or one of the mappings before it')
  const found = subjects.filter((each) => each.kind === 'found')
  const matching = found.filter((each) => each.record === record)
  const unreadable = subjects.filter((each) => each.kind === 'unreadable')
  if (matching.length > 0) return together(matching.map(judgeFit))
  if (unreadable.length > 0) {
    return failed(unreadable.map(({ subject, why }) => `${subject}: ${why}`).join('; '), 'look into the registry')
  }
  const others = found.map((each) => `${each.subject} holds ${each.record}`)
  const asked = subjects.map(({ subject }) => subject)
  const told = others.length > 0 ? others.join(', ') : `no subject ${asked.join(' or ')}`
  return failed(
    `not in the registry: ${told}`,
    'mend the record of the mapping, register its schema, or change schemaRegistry.subjects',
  )
}

function judgeFit({ subject, version, id, problems }: Extract<SubjectFacts, { kind: 'found' }>): Verdict {
  const where = `${subject}, version ${version}, id ${id}`
  if (problems.length === 0) return ok(`fits ${where}`)
  return failed(`does not fit ${where}: ${problems.join('; ')}`, 'mend the mapping')
}

/** Who was asked for the time, and by how much this machine's clock is ahead; undefined: it did not say. */
export interface SkewFacts {
  readonly of: string
  readonly aheadMs: number | undefined
}

/** A clock this far off is worth a look. */
const SKEW_WARNING_MS = 60_000
/** Retries are timed by the clocks of several machines: at this, one of them sends what another has just put off. */
const SKEW_FAULT_MS = 600_000

export function judgeClock(facts: readonly SkewFacts[]): Verdict {
  const known = facts.flatMap(({ of, aheadMs }) => (aheadMs === undefined ? [] : [{ of, aheadMs }]))
  if (known.length === 0) return { state: 'not tried', found: 'nobody told the time' }
  return together(known.map(judgeSkew))
}

function judgeSkew({ of, aheadMs }: { readonly of: string; readonly aheadMs: number }): Verdict {
  const off = Math.abs(aheadMs)
  // A Date header is cut to the second.
  if (off < 2_000) return ok(`as that of the ${of}`)
  const told = `${Math.round(off / 1_000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the ${of}`
  if (off <= SKEW_WARNING_MS) return ok(told)
  const cure = 'synchronise the clocks, by NTP for example'
  return off > SKEW_FAULT_MS ? failed(told, cure) : warning(told, cure)
}
