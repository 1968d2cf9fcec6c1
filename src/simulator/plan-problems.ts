import type { z } from 'zod'

type Issue = z.core.$ZodIssue
type Path = readonly (string | number)[]

/** One mistake in a plan or a list of apps. */
export interface PlanProblem {
  /** Names of mappings, places in lists (from 0). */
  readonly path: Path
  /** What is wrong, and what to write instead. */
  readonly message: string
}

/** `rules[0].do.status: what is wrong, and what to write instead` */
export function formatPlanProblem({ path, message }: PlanProblem): string {
  const place = path.map((segment) => (typeof segment === 'number' ? `[${segment}]` : `.${segment}`)).join('')
  return place === '' ? message : `${place.replace(/^\./, '')}: ${message}`
}

interface Found extends PlanProblem {
  /** A key that the format does not have. */
  readonly isUnknownKey?: true
}

/** One problem for each place. Values under the keys of `secrets` are not shown. */
export function problemsOf(issues: readonly Issue[], written: unknown, secrets: readonly string[] = []): PlanProblem[] {
  const show = (path: Path): string => found(written, path, secrets.includes(String(path.at(-1))))
  const all = flattened(issues, [], show)
  const textOf = (path: Path): string => JSON.stringify(path)
  // Where a key is misspelt, the mapping around it lacks what was meant; to say that, too, would help nobody.
  const misspelt = new Set(all.flatMap(({ path, isUnknownKey }) => (isUnknownKey ? [textOf(path.slice(0, -1))] : [])))
  const problems = new Map<string, PlanProblem>()
  for (const { path, message } of all) {
    // A value of a wrong kind breaks other rules as well.
    if (!problems.has(textOf(path)) && !misspelt.has(textOf(path))) problems.set(textOf(path), { path, message })
  }
  return [...problems.values()]
}

function flattened(issues: readonly Issue[], above: Path, show: (path: Path) => string): Found[] {
  return issues.flatMap((issue): Found[] => {
    const path = [...above, ...issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)))]
    const { message } = issue
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: [...path, key], message, isUnknownKey: true }))
    if (issue.code === 'invalid_key') return [{ path, message: issue.issues[0]?.message ?? message }]
    if (issue.code === 'invalid_union') {
      const meant = issue.errors.find((alternative) => alternative.every(isOfItsKind))
      if (meant !== undefined) return flattened(meant, path, show)
    }
    const isSentence = issue.code === 'custom' && !message.startsWith('write ')
    return [{ path, message: isSentence ? message : `${show(path)}; ${message}` }]
  })
}

/** Whether an alternative has its mistakes further in, as a mapping with one wrong value has: then it is what was meant. */
function isOfItsKind({ path, code }: Issue): boolean {
  return path.length > 0 || code === 'unrecognized_keys' || code === 'custom'
}

function found(written: unknown, path: Path, isSecret: boolean): string {
  let value: unknown = written
  for (const segment of path)
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[segment] : undefined
  if (value === undefined) return 'is missing'
  if (isSecret) return 'this will not do'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list will not do' : 'this list will not do'
  if (typeof value === 'object' && value !== null) return 'this mapping will not do'
  const text = JSON.stringify(value)
  return `${text.length > 40 ? `${text.slice(0, 40)}…` : text} will not do`
}
