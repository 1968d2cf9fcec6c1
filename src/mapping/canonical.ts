import type { Method } from '../core/hit.ts'
import { methodTakes, paramNames } from '../tracker/spec.ts'
import type { AppChoice, HitSpec } from './spec.ts'

/** The records of `schemas/`: their fields are the tracker's parameters by name, so nobody needs to map them. */
const CANONICAL: Readonly<Record<string, Method>> = {
  'mytracker.Registration': 'registration',
  'mytracker.Login': 'login',
  'mytracker.CustomEvent': 'customEvent',
}

/** The mapping of a canonical record; undefined: it is none. */
export function canonicalMapping(record: string, apps: readonly { readonly name: string }[]): HitSpec | undefined {
  const method = CANONICAL[record]
  if (method === undefined) return undefined
  const params = Object.fromEntries(paramNames.filter((name) => methodTakes(method, name)).map((name) => [name, name]))
  const cases = Object.fromEntries(apps.map(({ name }) => [name, name]))
  const [only] = apps
  const app: AppChoice = { field: 'app', cases, ...(apps.length === 1 && only !== undefined ? { default: only.name } : {}) }
  return { record, app, method, params }
}
