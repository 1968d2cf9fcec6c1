import type { BrokerExtras } from './starting.ts'

/** A broker that is controller as well. */
export interface Node {
  /** Counted from 1. */
  readonly id: number
  readonly brokerPort: number
  readonly controllerPort: number
  /** `host:port` of the extra ones, by name. */
  readonly listeners: Readonly<Record<string, string>>
}

export interface NodePlace {
  readonly node: Node
  /** The whole cluster, this node among it. */
  readonly nodes: readonly Node[]
  readonly dataFolder: string
  readonly extras: BrokerExtras
}

/** One of one or three nodes, as small as it goes and reachable from this machine only. */
export function brokerProperties({ node, nodes, dataFolder, extras }: NodePlace): string {
  const listeners = Object.entries({ PLAINTEXT: `127.0.0.1:${node.brokerPort}`, ...node.listeners })
    .map(([name, address]) => `${name}://${address}`)
    .join(',')
  const protocols = Object.entries({ CONTROLLER: 'PLAINTEXT', PLAINTEXT: 'PLAINTEXT', ...extras.listeners })
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    'controller.quorum.voters': nodes.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`).join(','),
    listeners: `${listeners},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    'advertised.listeners': listeners,
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': protocols.map(([name, protocol]) => `${name}:${protocol}`).join(','),
    'log.dirs': dataFolder.replaceAll('\\', '/'),
    ...behaviour,
    ...(nodes.length > 1 ? replicated : {}),
    'num.network.threads': 2,
    'num.io.threads': 2,
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    // The default takes 128 MB of the heap for a cleaner that has next to nothing to clean.
    'log.cleaner.dedupe.buffer.size': 4_194_304,
    ...extras.properties,
  }
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

/** What users of the broker notice, and so the same in Docker. */
export const behaviour: Readonly<Record<string, string | number>> = {
  // A misspelt topic shall fail, as it would in production.
  'auto.create.topics.enable': 'false',
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 1,
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 1000,
}

/** What differs with three nodes: one of them may die, and everything goes on. */
const replicated: Readonly<Record<string, number>> = {
  'default.replication.factor': 3,
  'min.insync.replicas': 2,
  'offsets.topic.replication.factor': 3,
  'transaction.state.log.replication.factor': 3,
  'transaction.state.log.min.isr': 2,
}
