import type { Stage } from './stage.ts'

export interface Scenario {
  readonly name: string
  /** What happens, for the table. */
  readonly title: string
  readonly nodes: 1 | 3
  /** `none`: not one; `bounded`: as many as the scenario has allowed for; `reported`: as many as there are. */
  readonly twice: 'none' | 'bounded' | 'reported'
  /** Whether keys keep their order; `reported` where records are parked, which may come after later ones. Default: they do. */
  readonly order?: 'reported'
  /** Default 6. */
  readonly partitions?: number
  /** One player in five is of the other app. */
  readonly twoApps?: boolean
  /** Lines of the sink's configuration, at its top level. */
  readonly config?: readonly string[]
  /** Answers a remark for the table, or an empty text. The feed runs, or is begun in here; it ends afterwards. */
  readonly play: (stage: Stage) => Promise<string>
}
