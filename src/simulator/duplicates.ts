import { hash } from 'node:crypto'
import type { AcceptedHit } from './journal.ts'
import { singleParameter } from './rules.ts'

/** One event that was accepted more than once. */
interface Repeated {
  readonly times: number
  /** The requests that brought it, in order of arrival. */
  readonly requests: readonly number[]
  readonly idApp: string
  readonly method: string
  readonly params: AcceptedHit['params']
}

/** What `GET /_/duplicates` answers. */
export interface Duplicates {
  /** Hits that were compared. */
  readonly hits: number
  readonly distinct: number
  /** Hits beyond the first of each event: what a sender has sent in vain. */
  readonly again: number
  /** The first thousand, in the order of their first arrival. */
  readonly repeated: readonly Repeated[]
  readonly repeatedNotListed: number
}

const repeatedMax = 1_000

/**
 * Events are the same where app, method and all parameters are, alone or in a batch; with `by`, where app and that parameter are, and
 * hits without it are left out.
 */
export function duplicatesOf(hits: readonly AcceptedHit[], by?: string): Duplicates {
  const firsts = new Map<string, number>()
  const repeats = new Map<number, number[]>()
  let compared = 0
  for (const [place, hit] of hits.entries()) {
    const identity = by === undefined ? wholeIdentity(hit) : identityBy(hit, by)
    if (identity === undefined) continue
    compared++
    const first = firsts.get(identity)
    if (first === undefined) firsts.set(identity, place)
    else repeats.set(first, [...(repeats.get(first) ?? [first]), place])
  }
  const listed = [...repeats].sort(([a], [b]) => a - b).slice(0, repeatedMax)
  return {
    hits: compared,
    distinct: firsts.size,
    again: compared - firsts.size,
    repeated: listed.map(([first, places]) => repeatedFrom(hits, first, places)),
    repeatedNotListed: repeats.size - listed.length,
  }
}

function repeatedFrom(hits: readonly AcceptedHit[], first: number, places: readonly number[]): Repeated {
  const { idApp, method, params } = hits[first] as AcceptedHit
  const requests = places.map((place) => (hits[place] as AcceptedHit).request)
  return { times: places.length, requests, idApp, method, params }
}

/** Hashed, since a million texts beside the journal's own would take as much memory again. */
function wholeIdentity({ idApp, method, params }: AcceptedHit): string {
  const event = JSON.stringify([idApp, method.replace(/Batch$/, ''), params], (_, value: unknown) => inOrder(value))
  return hash('sha1', event, 'base64')
}

function identityBy({ idApp, params }: AcceptedHit, by: string): string | undefined {
  const value = singleParameter(params, by)
  return value === undefined ? undefined : JSON.stringify([idApp, String(value)])
}

/** Objects are the same whatever the order of their names. */
function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
