import type { Method, Route } from '../core/hit.ts'
import type { Reject } from '../core/outcome.ts'
import { bindPath, parsePath } from './path.ts'
import type { Binding, Take } from './sources.ts'
import { whyNever } from './sources.ts'
import type { AppChoice } from './spec.ts'
import { nameOf, toText } from './text.ts'

/** Told apart from a reject by its kind. */
export type InternedRoute = Route & { readonly kind: 'route' }

/** One object for each app and method: batches are told apart by it. */
export class Routes {
  readonly #routes = new Map<string, InternedRoute>()

  get(app: string, method: Method): InternedRoute {
    const name = `${method} ${app}`
    const route = this.#routes.get(name) ?? { kind: 'route', app, method }
    this.#routes.set(name, route)
    return route
  }
}

/** Which route an event takes. */
export function bindApp(
  { type, problems }: Binding,
  app: AppChoice,
  routeTo: (app: string) => InternedRoute,
): (event: unknown) => InternedRoute | Reject {
  if (typeof app === 'string') {
    const route = routeTo(app)
    return () => route
  }
  const path = bindPath(type, parsePath(app.field), (types) => toText(types).convert)
  const textOf = path.read as Take<string>
  if (path.types.length === 0) problems.push(`app: the schema has no field ${app.field}`)
  for (const misfit of toText(path.types).misfits) {
    problems.push(`app: ${app.field} is ${nameOf(misfit)}, which has no text that cases could translate`)
  }
  for (const from of Object.keys(app.cases)) {
    const never = whyNever(path.types, app.field, from)
    if (never !== undefined) problems.push(`app: cases.${from}: ${never}`)
  }
  const routes = new Map(Object.entries(app.cases).map(([from, name]) => [from, routeTo(name)]))
  const fallback = app.default === undefined ? undefined : routeTo(app.default)
  const cases = Object.keys(app.cases).join(', ')
  const detail = `app: ${app.field} is none of ${cases}; add a case, or a default`
  const rejected: Reject = { kind: 'reject', reason: 'mapping-failed', detail }
  return (event) => {
    const from = textOf(event)
    return (from === undefined ? undefined : routes.get(from)) ?? fallback ?? rejected
  }
}
