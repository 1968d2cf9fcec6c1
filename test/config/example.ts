import type { Config } from '../../src/config/config.ts'
import type { Environment } from '../../src/config/environment.ts'
import { parseConfig } from '../../src/config/load.ts'
import type { ParamRules } from '../../src/config/param-findings.ts'
import { formatProblem } from '../../src/config/problem.ts'

/** A configuration without fault, to be broken line by line. */
export const valid = `kafka:
  brokers: [localhost:9092]
  groupId: sink
  topics: [shop.users, shop.orders]
  startFrom: latest
schemaRegistry:
  url: http://localhost:8081
tracker:
  endpoint: https://tracker-s2s.my.com
  apps:
    - name: shop-android
      idApp: 666
      token: s3cret-android
    - name: shop-vk
      idApp: 667
      token: s3cret-vk
      vkMiniApp: true
mappings:
  - record: com.shop.UserRegistered
    app: shop-android
    method: registration
    params:
      customUserId: userId
`

export interface Given {
  readonly env?: Environment
  readonly directory?: string
  readonly now?: () => number
  /** Absent: the example's parameters are not looked at. */
  readonly params?: ParamRules
}

const load = (text: string, { env = {}, directory = '/nowhere', ...rest }: Given) =>
  parseConfig(text, { file: 'c.yaml', env, directory, ...rest })

/** Every problem as it is printed. */
export function problemsOf(text: string, given: Given = {}): string[] {
  const loaded = load(text, given)
  return 'problems' in loaded ? loaded.problems.map(formatProblem) : []
}

/** What is told beside a configuration without fault. */
export function notesOf(text: string): string[] {
  const loaded = load(text, {})
  return 'notes' in loaded ? loaded.notes.map(formatProblem) : ['it has problems']
}

export function configOf(text: string, given: Given = {}): Config {
  const loaded = load(text, given)
  if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  return loaded.config
}

/** `valid` with one text replaced, which must be there. */
export function broken(from: string, to: string): string {
  if (!valid.includes(from)) throw new Error(`The example has no ${from}`)
  return valid.replace(from, () => to)
}
