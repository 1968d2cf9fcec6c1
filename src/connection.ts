import { readFileSync } from 'node:fs'
import type { AppConfig, Config } from './config/config.ts'
import type { KafkaConnection } from './kafka/client.ts'
import type { TrackerApp } from './tracker/client.ts'

/** What the configuration says of the way to the brokers, with files read. */
export function kafkaConnection({ kafka }: Config, onLog: KafkaConnection['onLog']): KafkaConnection {
  return { brokers: kafka.brokers, clientId: kafka.clientId, ssl: tlsOf(kafka.ssl), sasl: saslOf(kafka.sasl), onLog }
}

function tlsOf(ssl: Config['kafka']['ssl']): KafkaConnection['ssl'] {
  if (typeof ssl === 'boolean') return ssl
  const { caFile, certFile, keyFile } = ssl
  return {
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
    ...(certFile === undefined ? {} : { cert: readFileSync(certFile) }),
    ...(keyFile === undefined ? {} : { key: readFileSync(keyFile) }),
  }
}

function saslOf(sasl: Config['kafka']['sasl']): KafkaConnection['sasl'] {
  if (sasl === undefined) return undefined
  return { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password.read() } as KafkaConnection['sasl']
}

/** The `Authorization` header for the registry, asked for each request so that a changed secret counts at once. */
export function registryAuthorization({ auth }: Config['schemaRegistry']): (() => string) | undefined {
  if (auth === undefined) return undefined
  if ('bearerToken' in auth) return () => `Bearer ${auth.bearerToken.read()}`
  return () => `Basic ${Buffer.from(`${auth.username}:${auth.password.read()}`).toString('base64')}`
}

export function trackerApps(apps: readonly AppConfig[]): TrackerApp[] {
  return apps.map(({ name, idApp, token }) => ({ name, idApp, token: () => token.read(), tokenRefused: () => token.doubt() }))
}
