import type { Env } from './cache.ts'

/** A broker that was started here. */
export interface StackNode {
  /** As the brokers' metadata names it. */
  readonly id: number
  /** `host:port` */
  readonly broker: string
  /** SIGKILL. Resolves when it is gone; its data stays. */
  kill(): Promise<void>
  /** SIGTERM: it hands over what it leads, and ends. Resolves when it is gone; its data stays. */
  stop(): Promise<void>
  /** Starts it again. Resolves when the cluster has taken it back, which is not yet in sync. */
  revive(): Promise<void>
}

/** What each way of starting is given. */
export interface Starting {
  readonly env: Env
  readonly registry: boolean
  readonly nodes: 1 | 3
  readonly report: (line: string) => void
  readonly signal: AbortSignal
}

/** What each way of starting answers. */
export interface Started {
  readonly brokers: string[]
  readonly registryUrl: string
  /** Those that can be killed one by one. */
  readonly nodes: readonly StackNode[]
  stop(): Promise<void>
}
