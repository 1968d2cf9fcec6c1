import type { Env } from './cache.ts'
import { StackError } from './stack-error.ts'

export interface Addresses {
  readonly brokers: string[]
  /** Empty when only a broker was asked for. */
  readonly registryUrl: string
}

export interface Wanted {
  readonly brokers?: string[]
  readonly registryUrl?: string
  readonly registry?: boolean
  readonly env: Env
}

/**
 * The addresses that the caller or the environment gives, or undefined when neither names any. What the caller passes
 * goes before the environment, each address for itself. Half a stack is an error and not a reason to start the other
 * half: ids in a registry mean nothing to records written with another.
 */
export function givenAddresses({ env, registry = true, ...options }: Wanted): Addresses | undefined {
  const brokers = clean(options.brokers ?? (env.MYTRACKER_SINK_BROKERS ?? '').split(','))
  const registryUrl = registry ? (options.registryUrl ?? env.MYTRACKER_SINK_REGISTRY_URL ?? '').trim() : ''
  if (brokers.length === 0 && registryUrl === '') return undefined
  if (brokers.length === 0) {
    throw new StackError(
      `A schema registry is given (${redacted(registryUrl)}) but no Kafka broker: set MYTRACKER_SINK_BROKERS too (host:port, comma separated), or give neither.`,
    )
  }
  if (registry && registryUrl === '') {
    throw new StackError(
      `Kafka brokers are given (${brokers.join(', ')}) but no schema registry: set MYTRACKER_SINK_REGISTRY_URL too, or give neither.`,
    )
  }
  for (const broker of brokers) hostAndPort(broker)
  if (registry && !/^https?:$/.test(protocolOf(registryUrl))) {
    throw new StackError('The address of the schema registry (MYTRACKER_SINK_REGISTRY_URL) must be an http:// or https:// URL.')
  }
  return { brokers, registryUrl: registryUrl.replace(/\/+$/, '') }
}

/** `host:port` taken apart; IPv6 hosts stand in brackets. */
export function hostAndPort(broker: string): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(broker) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || port < 1 || port > 65_535) {
    throw new StackError(`The broker address "${broker}" (MYTRACKER_SINK_BROKERS) must look like host:port.`)
  }
  return { host, port }
}

/** A URL as it may be shown: without user name and password. */
export function redacted(url: string): string {
  if (!URL.canParse(url)) return url.replace(/\/\/[^/@]*@/, '//')
  const parsed = new URL(url)
  return `${parsed.protocol}//${parsed.host}${parsed.pathname.replace(/\/$/, '')}`
}

function clean(brokers: readonly string[]): string[] {
  return brokers.map((broker) => broker.trim()).filter((broker) => broker !== '')
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : ''
}
