import type { Env } from './cache.ts'

/** What the brokers have beyond the one plain listener; on Java only. */
export interface BrokerExtras {
  /** The protocol by the listener's name, which may be the same. Each gets a port of its own. */
  readonly listeners?: Readonly<Record<string, 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'>>
  /** Of `server.properties`; they go before ours. */
  readonly properties?: Readonly<Record<string, string | number>>
  readonly jvmFlags?: readonly string[]
  /** As the broker's own tool takes them: `SCRAM-SHA-256=[name=alice,password=secret]`. */
  readonly scramUsers?: readonly string[]
}

/** A broker that was started here. */
export interface StackNode {
  /** As the brokers' metadata names it. */
  readonly id: number
  /** `host:port` */
  readonly broker: string
  /** `host:port` of the extra listeners, by name. */
  readonly listeners: Readonly<Record<string, string>>
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
  readonly extras: BrokerExtras | undefined
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
