import { readFileSync } from 'node:fs'
import type { AppConfig, Config, OauthSasl } from './config/config.ts'
import type { KafkaConnection } from './kafka/client.ts'
import { oauthBearer } from './kafka/oauth-bearer.ts'
import { TokenSource } from './kafka/token-source.ts'
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
  if (sasl.mechanism === 'oauthbearer') {
    const source = tokenSource(sasl)
    return oauthBearer(() => source.get())
  }
  const { mechanism, username, password } = sasl
  // kafkajs looks for the password whenever a connection authenticates: a changed one counts from the next connection on.
  return {
    mechanism,
    username,
    get password() {
      return password.read()
    },
  } as KafkaConnection['sasl']
}

/** All clients of a configuration share a token. */
const tokenSources = new WeakMap<OauthSasl, TokenSource>()

function tokenSource(sasl: OauthSasl): TokenSource {
  const { tokenEndpoint: endpoint, clientId, clientSecret, scope, caFile } = sasl
  const found = tokenSources.get(sasl)
  if (found !== undefined) return found
  const made = new TokenSource({ endpoint, clientId, clientSecret: () => clientSecret.read(), scope, caFile, now: Date.now })
  tokenSources.set(sasl, made)
  return made
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
