import { resolve } from 'node:path'
import type { Surroundings } from './files.ts'
import type { AppChoice, Condition, Params } from './mapping-schema.ts'
import type { Written } from './schema.ts'
import { Secret } from './secrets.ts'

type WrittenSasl = NonNullable<Written['kafka']['sasl']>
type WrittenMapping = Written['mappings'][number]

interface PasswordSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  readonly password: Secret
}

export interface OauthSasl {
  readonly mechanism: 'oauthbearer'
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly clientSecret: Secret
  readonly scope?: string
  /** Absolute path. */
  readonly caFile?: string
}

type Sasl = PasswordSasl | OauthSasl

/** `true` and `false`, or absolute paths of PEM files; certFile and keyFile come together. */
type Ssl = boolean | { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string }

/** `startFrom` is a moment in milliseconds since the epoch, where it is no word. Time-outs in milliseconds. */
type KafkaConfig = Omit<Written['kafka'], 'clientId' | 'ssl' | 'sasl'> & { clientId: string; ssl: Ssl; sasl?: Sasl }

interface SchemaRegistryConfig {
  /** Without a slash at its end. */
  readonly url: string
  readonly auth?: { readonly username: string; readonly password: Secret } | { readonly bearerToken: Secret }
  /** Absolute path. */
  readonly caFile?: string
  readonly subjects: Written['schemaRegistry']['subjects']
}

export interface AppConfig {
  readonly name: string
  readonly idApp: number
  readonly token: Secret
  readonly vkMiniApp: boolean
}

/** `endpoint` without a slash at its end; `timeout` in milliseconds; `caFile` an absolute path. */
type TrackerConfig = Omit<Written['tracker'], 'apps'> & { apps: readonly AppConfig[] }

interface Matching {
  readonly record: string
  readonly topic?: string
  readonly when?: Condition | readonly Condition[]
}

interface HitMapping extends Matching {
  readonly app: AppChoice
  readonly method: NonNullable<WrittenMapping['method']>
  readonly params: Params
}

interface ModuleMapping extends Matching {
  /** Absolute path. */
  readonly module: string
}

interface SkipMapping extends Matching {
  readonly skip: true
}

export type MappingConfig = HitMapping | ModuleMapping | SkipMapping

/**
 * What an operator has written, checked, complete with defaults. It has no room for what this version refuses: a feature that is built
 * gets its place here. Durations are milliseconds, sizes bytes, paths absolute, secrets `Secret`.
 */
export type Config = Omit<Written, 'kafka' | 'schemaRegistry' | 'tracker' | 'mappings'> & {
  kafka: KafkaConfig
  schemaRegistry: SchemaRegistryConfig
  tracker: TrackerConfig
  mappings: readonly MappingConfig[]
}

/** Makes the written configuration the program's. To be called with what the checks have found no fault in. */
export function bindConfig(written: Written, surroundings: Surroundings): Config {
  const { kafka, schemaRegistry, tracker, mappings } = written
  const { clientId = kafka.groupId, ssl, sasl, ...brokers } = kafka
  const { apps, ...endpoint } = absolute(tracker, surroundings)
  return {
    ...written,
    kafka: {
      ...brokers,
      clientId,
      ssl: typeof ssl === 'boolean' ? ssl : absolute(ssl, surroundings),
      ...(sasl === undefined ? {} : { sasl: bindSasl(sasl, surroundings) }),
    },
    schemaRegistry: bindRegistry(schemaRegistry, surroundings),
    tracker: {
      ...endpoint,
      apps: apps.map(({ name, idApp, token, tokenFile, vkMiniApp }) => ({
        name,
        idApp,
        token: bindSecret(token, tokenFile, surroundings),
        vkMiniApp,
      })),
    },
    mappings: mappings.map((mapping) => bindMapping(mapping, surroundings)),
  }
}

/** The same with its files' paths absolute. */
function absolute<T extends object>(owner: T, { directory }: Surroundings): T {
  const paths = Object.entries(owner).map(([key, value]) => [
    key,
    typeof value === 'string' && ['caFile', 'certFile', 'keyFile'].includes(key) ? resolve(directory, value) : value,
  ])
  return Object.fromEntries(paths) as T
}

function bindSecret(text: string | undefined, file: string | undefined, { directory, now }: Surroundings): Secret {
  if (text !== undefined) return Secret.fromText(text)
  if (file === undefined) throw unchecked('a secret has neither a text nor a file')
  return Secret.fromFile(resolve(directory, file), now)
}

function bindSasl(sasl: WrittenSasl, surroundings: Surroundings): Sasl {
  if (sasl.mechanism === 'oauthbearer') {
    const { clientSecret, clientSecretFile, ...rest } = absolute(sasl, surroundings)
    return { ...rest, clientSecret: bindSecret(clientSecret, clientSecretFile, surroundings) }
  }
  const { mechanism, username, password, passwordFile } = sasl
  return { mechanism, username, password: bindSecret(password, passwordFile, surroundings) }
}

function bindRegistry(written: Written['schemaRegistry'], surroundings: Surroundings): SchemaRegistryConfig {
  const { username, password, passwordFile, bearerToken, bearerTokenFile, ...rest } = absolute(written, surroundings)
  if (username !== undefined) return { ...rest, auth: { username, password: bindSecret(password, passwordFile, surroundings) } }
  if ((bearerToken ?? bearerTokenFile) === undefined) return rest
  return { ...rest, auth: { bearerToken: bindSecret(bearerToken, bearerTokenFile, surroundings) } }
}

function bindMapping(mapping: WrittenMapping, { directory }: Surroundings): MappingConfig {
  const { record, topic, when, app, method, params, module, skip } = mapping
  const matching = { record, ...(topic === undefined ? {} : { topic }), ...(when === undefined ? {} : { when }) }
  if (skip === true) return { ...matching, skip }
  if (module !== undefined) return { ...matching, module: resolve(directory, module) }
  if (app === undefined || method === undefined || params === undefined) {
    throw unchecked('a mapping is neither a hit nor a module nor skip')
  }
  // `undefined` as the value of a key, which the type allows for, is nothing that YAML can write.
  return { ...matching, app, method, params: params as Params }
}

/** Binding is for configurations without any finding; this one had some that went unseen. */
const unchecked = (what: string) => new Error(`The configuration was not checked before it was bound: ${what}.`)
