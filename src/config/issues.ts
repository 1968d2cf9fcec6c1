import type { z } from 'zod'
import { didYouMean } from './nearest.ts'
import type { Finding, Path } from './problem.ts'
import { keysAt } from './schema-tree.ts'

type Issue = z.core.$ZodIssue

const pathOf = (path: readonly PropertyKey[]): Path =>
  path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment))

const weight = (issues: readonly Issue[]) =>
  issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0)

/** Whether the value is of another kind altogether, as a text where a mapping is described. */
const isOtherKind = (issues: readonly Issue[]) =>
  issues.some(({ path, code }) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value'))

/** The alternative that was probably meant: of the right kind and nearest to it; undefined where two are equally near. */
function meant(alternatives: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const ranked = alternatives.filter((issues) => !isOtherKind(issues)).sort((a, b) => weight(a) - weight(b))
  const [first, second] = ranked
  if (first === undefined) return undefined
  return second !== undefined && weight(second) === weight(first) ? undefined : first
}

function unknownKey(key: string, known: readonly string[]): string {
  const guess = didYouMean(key, known)
  return `is not a known key${guess === '' ? `; known here: ${known.join(', ')}` : guess}`
}

function unknownKeys(schema: z.core.$ZodType, path: Path, keys: readonly string[]): Finding[] {
  const known = keysAt(schema, path)
  return keys.map((key) => ({ path: [...path, key], message: unknownKey(key, known) }))
}

/** Keys that no alternative has: where none was clearly meant, they are what is wrong. */
function strays(schema: z.core.$ZodType, path: Path, alternatives: readonly (readonly Issue[])[]): string[] {
  const known = keysAt(schema, path)
  const unrecognized = alternatives
    .flat()
    .flatMap((issue) => (issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : []))
  return [...new Set(unrecognized)].filter((key) => !known.includes(key))
}

/** zod's issues as findings: one for each unknown key, and for a union those of the alternative that was meant. */
export function findingsOf(schema: z.core.$ZodType, issues: readonly Issue[], above: Path = []): Finding[] {
  return issues.flatMap((issue) => {
    const path = [...above, ...pathOf(issue.path)]
    if (issue.code === 'unrecognized_keys') return unknownKeys(schema, path, issue.keys)
    if (issue.code !== 'invalid_union') return [{ path, message: issue.message }]
    const alternative = meant(issue.errors)
    if (alternative !== undefined) return findingsOf(schema, alternative, path)
    const keys = strays(schema, path, issue.errors)
    return keys.length > 0 ? unknownKeys(schema, path, keys) : [{ path, message: issue.message }]
  })
}
