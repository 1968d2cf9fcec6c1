import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Cluster } from '../../src/stack/cluster.ts'
import type { BrokerExtras } from '../../src/stack/starting.ts'
import type { Certificates } from './certificates.ts'
import { makeCertificates } from './certificates.ts'
import { javaStack } from './stack.ts'
import { keySet } from './token-endpoint.ts'

export const USER = { name: 'alice', password: 'alice-secret' } as const
/** Tokens and passwords count for so long on the listener BRIEF; then a connection has to prove itself again. */
export const SESSION_MS = 6_000

export interface Secured {
  readonly cluster: Cluster
  /** All connections end, and come again by themselves. */
  readonly restart: () => Promise<void>
  readonly certificates: Certificates
  /** For the files of the tests. */
  readonly directory: string
  /** The address of a listener. */
  readonly at: (name: keyof typeof listeners) => string
}

const listeners = {
  TLS: 'SSL',
  MUTUAL: 'SSL',
  MISNAMED: 'SSL',
  EXPIRED: 'SSL',
  /** All mechanisms but SCRAM-SHA-512. */
  SASL: 'SASL_PLAINTEXT',
  GUARDED: 'SASL_SSL',
  BRIEF: 'SASL_PLAINTEXT',
} as const

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const

/** A broker with every way in, for one test file; undefined where it cannot be had, and `onNone` is told why. */
export async function securedStack(onNone: (why: string) => void): Promise<Secured | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  after(() => rmSync(directory, { recursive: true, force: true }))
  const certificates = makeCertificates(directory)
  if (certificates === undefined) {
    onNone('there is no openssl to make certificates with')
    return undefined
  }
  const report = (line: string) => void process.stderr.write(`${line}\n`)
  const stack = await javaStack({ env: process.env, report, extras: extrasOf(directory, certificates) }, onNone)
  if (stack === undefined) return undefined
  after(() => stack.stop())
  const cluster = await Cluster.connect(stack)
  after(() => cluster.close())
  const restart = async () => {
    await stack.nodes[0]?.stop()
    await stack.nodes[0]?.revive()
  }
  return { cluster, restart, certificates, directory, at: (name) => stack.nodes[0]?.listeners[name] ?? '' }
}

function extrasOf(directory: string, certificates: Certificates): BrokerExtras {
  const keys = join(directory, 'keys.json')
  writeFileSync(keys, keySet())
  const keysUrl = pathToFileURL(keys).href
  const { name, password } = USER
  return {
    listeners,
    jvmFlags: [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${keysUrl}`],
    scramUsers: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map((each) => `${each}=[name=${name},password=${password}]`),
    properties: {
      // What careless consumers would make topics by.
      'auto.create.topics.enable': 'true',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': certificates.broker,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': certificates.ca,
      'listener.name.mutual.ssl.client.auth': 'required',
      'listener.name.mutual.ssl.truststore.location': certificates.clientCa,
      'listener.name.misnamed.ssl.keystore.location': certificates.misnamed,
      'listener.name.expired.ssl.keystore.location': certificates.expired,
      'sasl.enabled.mechanisms': MECHANISMS.join(','),
      'listener.name.sasl.sasl.enabled.mechanisms': MECHANISMS.filter((each) => each !== 'SCRAM-SHA-512').join(','),
      'sasl.oauthbearer.jwks.endpoint.url': keysUrl,
      'sasl.oauthbearer.expected.audience': 'kafka',
      'listener.name.brief.connections.max.reauth.ms': SESSION_MS,
      ...Object.assign({}, ...['sasl', 'guarded', 'brief'].map(loginsOf)),
    },
  }
}

function loginsOf(listener: string): Record<string, string> {
  const security = 'org.apache.kafka.common.security'
  const at = (mechanism: string, key: string) => `listener.name.${listener}.${mechanism}.${key}`
  const scram = `${security}.scram.ScramLoginModule required;`
  return {
    [at('plain', 'sasl.jaas.config')]: `${security}.plain.PlainLoginModule required user_${USER.name}="${USER.password}";`,
    [at('scram-sha-256', 'sasl.jaas.config')]: scram,
    [at('scram-sha-512', 'sasl.jaas.config')]: scram,
    [at('oauthbearer', 'sasl.jaas.config')]: `${security}.oauthbearer.OAuthBearerLoginModule required;`,
    [at('oauthbearer', 'sasl.server.callback.handler.class')]: `${security}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
  }
}
