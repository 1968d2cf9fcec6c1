import { isDeepStrictEqual } from 'node:util'
import type { Hit } from '../core/hit.ts'
import type { Reject, Skip } from '../core/outcome.ts'
import type { Expected, ParamValues } from './format.ts'

export interface Actual {
  readonly outcome: Hit | Skip | Reject
  readonly dropped: readonly string[]
  readonly problems: readonly string[]
}

/** How the outcome differs from the expected one, a line each; none: the test has passed. */
export function differences(expected: Expected, actual: Actual): string[] {
  const lines = outcomeLines(expected, actual.outcome)
  if (lines.length === 0) return []
  return [
    ...lines,
    ...actual.dropped.map((param) => `dropped: ${param} breaks a rule of the tracker`),
    ...actual.problems.map((problem) => `the mapping does not fit the schema: ${problem}`),
  ]
}

function outcomeLines(expected: Expected, outcome: Actual['outcome']): string[] {
  if (expected.kind !== 'hit') {
    if (outcome.kind === expected.kind && outcome.reason === expected.reason) return []
    return [`expected ${expected.kind}: ${expected.reason}`, `got      ${told(outcome)}`]
  }
  const { app, method, params } = expected.hit
  if (outcome.kind !== 'hit') return [`expected a hit of ${app}, ${method}`, `got      ${told(outcome)}`]
  return [
    ...differing('app', app, outcome.route.app),
    ...differing('method', method, outcome.route.method),
    ...paramLines('', params, JSON.parse(outcome.json) as ParamValues),
  ]
}

function told(outcome: Actual['outcome']): string {
  if (outcome.kind === 'hit') return `a hit of ${outcome.route.app}, ${outcome.route.method}: ${outcome.json}`
  return `${outcome.kind}: ${outcome.reason}${outcome.kind === 'reject' ? `, ${outcome.detail}` : ''}`
}

function paramLines(above: string, expected: ParamValues, got: ParamValues): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(got)])]
  return names.flatMap((name) => {
    const where = `${above}${name}`
    if (!Object.hasOwn(got, name)) return [`${where}: missing, expected ${JSON.stringify(expected[name])}`]
    if (!Object.hasOwn(expected, name)) return [`${where}: extra, got ${JSON.stringify(got[name])}`]
    const [wanted, is] = [expected[name], got[name]]
    return isEntries(wanted) && isEntries(is) ? paramLines(`${where}.`, wanted, is) : differing(where, wanted, is)
  })
}

function differing(where: string, expected: unknown, got: unknown): string[] {
  if (isDeepStrictEqual(expected, got)) return []
  return [`${where}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`]
}

function isEntries(value: unknown): value is ParamValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
