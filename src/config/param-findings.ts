import type { Method } from '../core/hit.ts'
import { isMapping } from './fields.ts'
import { didYouMean } from './nearest.ts'
import type { Finding } from './problem.ts'
import type { WrittenDraft } from './rules.ts'
import { namedApps } from './rules.ts'

interface MethodRules {
  /** Every parameter that the method knows. */
  readonly takes: readonly string[]
  readonly required: readonly string[]
  /** At least one of these must be there; empty: none need be. */
  readonly oneRequiredOf: readonly string[]
}

/** What the tracker takes. This room does not know the tracker, and is told. */
export interface ParamRules {
  readonly methods: Readonly<Record<Method, MethodRules>>
  /** What an app of VK Mini Apps requires besides. */
  readonly vkMiniAppRequired: readonly string[]
}

type Mapping = NonNullable<WrittenDraft['mappings']>[number]

/**
 * Parameters that the tracker does not know, and mappings all of whose hits it would refuse for want of one. `written` is the raw
 * configuration: a draft loses the names of parameters whose sources are broken.
 */
export function paramFindings(written: Readonly<Record<string, unknown>>, draft: WrittenDraft, rules: ParamRules): Finding[] {
  const mappings: readonly unknown[] = Array.isArray(written.mappings) ? written.mappings : []
  return mappings.flatMap((mapping, place) => {
    if (!isMapping(mapping) || !isMapping(mapping.params)) return []
    const path = ['mappings', place, 'params']
    const names = Object.keys(mapping.params)
    const understood = draft.mappings?.[place]
    const unknown = unknownParams(names, understood?.method, rules)
    // A misspelt name is probably the missing one: one mistake, one sentence.
    const found = unknown.length > 0 ? unknown : missingParams(names, understood, draft, rules)
    return found.map((finding) => ({ ...finding, path: [...path, ...finding.path] }))
  })
}

/** Where the method itself could not be understood, a parameter of any method is a known one. */
function unknownParams(names: readonly string[], method: Method | undefined, { methods }: ParamRules): Finding[] {
  const all = Object.entries(methods)
  const takes = method === undefined ? all.flatMap(([, each]) => each.takes) : methods[method].takes
  return names
    .filter((name) => !takes.includes(name))
    .map((name) => {
      const message = `is no parameter of ${method ?? 'the tracker'}`
      const others = all.filter(([, each]) => each.takes.includes(name)).map(([other]) => other)
      if (others.length > 0) return { path: [name], message: `${message}, only of ${others.join(' and ')}; remove it` }
      const guess = didYouMean(name, takes)
      return { path: [name], message: `${message}${guess === '' ? `; known here: ${[...new Set(takes)].join(', ')}` : guess}` }
    })
}

function missingParams(names: readonly string[], mapping: Mapping, draft: WrittenDraft, rules: ParamRules): Finding[] {
  const method = mapping?.method
  if (method === undefined) return []
  const { required, oneRequiredOf } = rules.methods[method]
  const source = 'write the path of its value in the event, or { value: … }'
  const missing = (wanted: readonly string[], by: string): Finding[] =>
    wanted.filter((name) => !names.includes(name)).map((name) => ({ path: [name], message: `is required for ${by}; ${source}` }))
  const one = oneRequiredOf.length === 0 || oneRequiredOf.some((name) => names.includes(name))
  return [
    ...missing(required, method),
    ...(one ? [] : [{ path: [], message: `${method} needs one of ${oneRequiredOf.join(', ')}; write one of them` }]),
    ...(isForVkOnly(mapping, draft) ? missing(rules.vkMiniAppRequired, 'an app with vkMiniApp: true') : []),
  ]
}

/** Where only some of the apps are on VK Mini Apps, `when` may keep their records from this mapping. */
function isForVkOnly(mapping: Mapping, { tracker }: WrittenDraft): boolean {
  const apps = namedApps(mapping, []).map(({ name }) => tracker?.apps?.find((app) => app?.name === name))
  return apps.length > 0 && apps.every((app) => app?.vkMiniApp === true)
}
