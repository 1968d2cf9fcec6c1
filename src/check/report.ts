/** What a check came to. A warning and what could not be tried are no faults of their own. */
export type State = 'ok' | 'warning' | 'failed' | 'not tried'

/** The judgement of one check's facts. */
export interface Verdict {
  readonly state: State
  /** What was found, a phrase. */
  readonly found: string
  /** What to do; where there is something to do. */
  readonly cure?: string
}

export interface Result extends Verdict {
  /** What was looked at, like `topic shop.users`. */
  readonly name: string
  /** How long it took. */
  readonly ms: number
}

export const ok = (found: string): Verdict => ({ state: 'ok', found })
export const warning = (found: string, cure: string): Verdict => ({ state: 'warning', found, cure })
export const failed = (found: string, cure: string): Verdict => ({ state: 'failed', found, cure })
export const notTried = (found: string): Verdict => ({ state: 'not tried', found })

const rank: Readonly<Record<State, number>> = { ok: 0, 'not tried': 1, warning: 2, failed: 3 }

/** Several judgements of one thing as one: the worst decides, and only what is amiss is told, unless nothing is. */
export function together(verdicts: readonly Verdict[]): Verdict {
  const worst = verdicts.reduce((most, { state }) => Math.max(most, rank[state]), 0)
  const told = worst === 0 ? verdicts : verdicts.filter(({ state }) => state !== 'ok')
  const state = told.find((each) => rank[each.state] === worst)?.state ?? 'ok'
  const cures = told.flatMap(({ cure }) => (cure === undefined ? [] : [cure]))
  const found = told.map((each) => each.found).join('; ')
  return cures.length === 0 ? { state, found } : { state, found, cure: [...new Set(cures)].join('; ') }
}

/** `failed     topic shop.users, 12 ms: not found; create it` */
export function resultLine({ name, state, ms, found, cure }: Result): string {
  return `${state.padEnd(9)} ${name}, ${Math.round(ms)} ms: ${found}${cure === undefined ? '' : `; ${cure}`}`
}

export function hasFault(results: readonly Result[]): boolean {
  return results.some(({ state }) => state === 'failed')
}

export function summaryLine(results: readonly Result[]): string {
  const count = (state: State) => results.filter((each) => each.state === state).length
  const states = (['failed', 'warning', 'not tried'] as const).filter((state) => count(state) > 0)
  return [`${count('ok')} ok`, ...states.map((state) => `${count(state)} ${state}`)].join(', ')
}
