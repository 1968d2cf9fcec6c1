import type { ParamRules } from './config/param-findings.ts'
import type { Method } from './core/hit.ts'
import { methodSpecs, methodTakes, paramNames, vkMiniAppRequired } from './tracker/spec.ts'

const rulesOf = (method: Method) => ({
  takes: paramNames.filter((name) => methodTakes(method, name)),
  required: methodSpecs[method].required,
  oneRequiredOf: methodSpecs[method].oneRequiredOf,
})

/** What a configuration's mappings are held against before there is any event: the tracker's own table. */
export const paramRules: ParamRules = {
  methods: { registration: rulesOf('registration'), login: rulesOf('login'), customEvent: rulesOf('customEvent') },
  vkMiniAppRequired,
}
