import { isMapping } from './fields.ts'
import type { Finding, Path } from './problem.ts'

/** A key whose behaviour is described but not built. It is refused, for whoever writes it counts on it. */
interface Later {
  /** Segments of the key's path; `*` is any one. */
  readonly at: string
  /** What this version does not do. */
  readonly sentence: string
  /** Whether writing this value is honest: it asks for nothing that is missing. */
  readonly accepts?: (value: unknown) => boolean
}

const isOff = (value: unknown) => value === 'off'

export const later: readonly Later[] = [
  { at: 'breaker', sentence: 'this version has no breaker yet; remove the key or write off', accepts: isOff },
  {
    at: 'deadLetters.brake',
    sentence: 'this version has no brake on dead letters yet; remove the key or write off',
    accepts: isOff,
  },
  {
    at: 'delivery.requestsPerSecond',
    sentence: 'this version does not limit requests per second yet; remove the key or write 0',
    accepts: (value) => value === 0,
  },
]

interface Match {
  readonly path: Path
  readonly value: unknown
}

function matches(value: unknown, segments: readonly string[], path: Path = []): Match[] {
  const [segment, ...rest] = segments
  if (segment === undefined) return [{ path, value }]
  const fits = (key: string) => segment === '*' || segment === key
  if (Array.isArray(value)) {
    return segment === '*' ? value.flatMap((item: unknown, place) => matches(item, rest, [...path, place])) : []
  }
  if (!isMapping(value)) return []
  return Object.entries(value).flatMap(([key, child]) => (fits(key) ? matches(child, rest, [...path, key]) : []))
}

/** What the written configuration asks for that this version cannot do. Defaults that nobody wrote are no such thing. */
export function laterFindings(written: unknown): Finding[] {
  return later.flatMap(({ at, sentence, accepts }) =>
    matches(written, at.split('.'))
      .filter(({ value }) => accepts?.(value) !== true)
      .map(({ path }) => ({ path, message: sentence })),
  )
}
