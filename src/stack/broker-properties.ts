export interface BrokerPlace {
  readonly brokerPort: number
  readonly controllerPort: number
  readonly dataFolder: string
}

/** One node that is broker and controller, as small as it goes and reachable from this machine only. */
export function brokerProperties({ brokerPort, controllerPort, dataFolder }: BrokerPlace): string {
  const listener = `PLAINTEXT://127.0.0.1:${brokerPort}`
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `${listener},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': listener,
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': dataFolder.replaceAll('\\', '/'),
    ...behaviour,
    'num.network.threads': 2,
    'num.io.threads': 2,
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    // The default takes 128 MB of the heap for a cleaner that has next to nothing to clean.
    'log.cleaner.dedupe.buffer.size': 4_194_304,
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
