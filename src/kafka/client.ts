import type { ConnectionOptions } from 'node:tls'
import type { Kafka, SASLOptions } from 'kafkajs'
import kafkajs from 'kafkajs'
import { repairKafkajs } from './repairs.ts'

export interface KafkaConnection {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl: boolean | ConnectionOptions
  readonly sasl: SASLOptions | undefined
  /** What kafkajs has to say. Most of its INFO is noise: it reports every pause. */
  readonly onLog: (level: 'error' | 'warn' | 'debug', message: string, fields: Readonly<Record<string, unknown>>) => void
}

/** One for each consumer: consumers of one `Kafka` share the map of committed offsets of their group. */
export function createKafka({ brokers, clientId, ssl, sasl, onLog }: KafkaConnection): Kafka {
  repairKafkajs()
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    ssl,
    ...(sasl === undefined ? {} : { sasl }),
    connectionTimeout: 5_000,
    // Dead peers are noticed by this alone; the default of 30 s takes three minutes to give up.
    requestTimeout: 10_000,
    logCreator: () => (entry) => {
      const { message, timestamp: _timestamp, ...fields } = entry.log
      onLog(LEVELS[entry.level] ?? 'debug', message, fields)
    },
  })
}

const LEVELS: Readonly<Record<number, 'error' | 'warn'>> = { [kafkajs.logLevel.ERROR]: 'error', [kafkajs.logLevel.WARN]: 'warn' }
