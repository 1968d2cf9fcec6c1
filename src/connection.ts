import type { AppConfig, Config, OauthSasl } from './config/config.ts'
import type { KafkaConnection } from './kafka/client.ts'
import { oauthBearer } from './kafka/oauth-bearer.ts'
import { TokenSource } from './kafka/token-source.ts'
import type { CertificateWatch } from './tls/certificate-files.ts'
import { CertificateFiles } from './tls/certificate-files.ts'
import type { TrackerApp } from './tracker/client.ts'

/** What the configuration says of the way to the brokers; one for all clients of a process, which share certificates and tokens. */
export function kafkaConnection({ kafka }: Config, onLog: KafkaConnection['onLog'], watch?: CertificateWatch): KafkaConnection {
  const { brokers, clientId, ssl, sasl } = kafka
  const encryption = typeof ssl === 'boolean' ? ssl : new CertificateFiles(ssl, watch)
  return { brokers, clientId, ssl: encryption, sasl: saslOf(sasl, watch), onLog }
}

function saslOf(sasl: Config['kafka']['sasl'], watch: CertificateWatch | undefined): KafkaConnection['sasl'] {
  if (sasl === undefined) return undefined
  if (sasl.mechanism === 'oauthbearer') {
    const source = tokenSource(sasl, watch)
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

function tokenSource(sasl: OauthSasl, watch: CertificateWatch | undefined): TokenSource {
  const { tokenEndpoint: endpoint, clientId, clientSecret, scope } = sasl
  const certificates = new CertificateFiles({ caFile: sasl.caFile }, watch)
  return new TokenSource({ endpoint, clientId, clientSecret: () => clientSecret.read(), scope, certificates, now: Date.now })
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
