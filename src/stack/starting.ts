import type { Env } from './cache.ts'

/** What each way of starting is given. */
export interface Starting {
  readonly env: Env
  readonly registry: boolean
  readonly report: (line: string) => void
  readonly signal: AbortSignal
}

/** What each way of starting answers. */
export interface Started {
  readonly brokers: string[]
  readonly registryUrl: string
  stop(): Promise<void>
}
