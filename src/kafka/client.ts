import type { Kafka, Mechanism, Producer, SASLOptions } from 'kafkajs'
import kafkajs from 'kafkajs'
import { repairKafkajs } from './repairs.ts'
import type { Encryption } from './socket-factory.ts'
import { socketFactoryOf } from './socket-factory.ts'

export interface KafkaConnection {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl: Encryption
  readonly sasl: SASLOptions | Mechanism | undefined
  /** For one who looks and leaves; left out: as a service needs it. */
  readonly patience?: { readonly timeoutMs: number; readonly retries: number }
  /** What kafkajs has to say. Most of its INFO is noise: it reports every pause. */
  readonly onLog: (level: 'error' | 'warn' | 'debug', message: string, fields: Readonly<Record<string, unknown>>) => void
}

/** One for each consumer: consumers of one `Kafka` share the map of committed offsets of their group. */
export function createKafka({ brokers, clientId, ssl, sasl, onLog, patience }: KafkaConnection): Kafka {
  repairKafkajs()
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    ssl: ssl !== false,
    socketFactory: socketFactoryOf(ssl),
    ...(sasl === undefined ? {} : { sasl }),
    connectionTimeout: patience?.timeoutMs ?? 5_000,
    ...(patience === undefined ? {} : { authenticationTimeout: patience.timeoutMs, retry: { retries: patience.retries } }),
    // With kafkajs's 10 s, a session of 10 s would be renewed with each request, which brokers refuse more often than once a second.
    reauthenticationThreshold: 3_000,
    // Dead peers are noticed by this alone; the default of 30 s takes three minutes to give up.
    requestTimeout: patience?.timeoutMs ?? 10_000,
    logCreator: () => (entry) => {
      const { message, timestamp: _timestamp, ...fields } = entry.log
      onLog(LEVELS[entry.level] ?? 'debug', message, fields)
    },
  })
}

/** Of the side topics. Sends over it go through `sendToPartition`. */
export function createProducer(kafka: Kafka): Producer {
  return kafka.producer({
    allowAutoTopicCreation: false,
    // After a rejected send an idempotent kafkajs producer can swallow the next one as a duplicate.
    idempotent: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    metadataMaxAge: 30_000,
  })
}

const LEVELS: Readonly<Record<number, 'error' | 'warn'>> = { [kafkajs.logLevel.ERROR]: 'error', [kafkajs.logLevel.WARN]: 'warn' }
