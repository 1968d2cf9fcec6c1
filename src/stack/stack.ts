/** A real Kafka broker and a real schema registry, for demo, bench and tests. */

import { errorText } from '../core/errors.ts'
import { givenAddresses, redacted } from './addresses.ts'
import type { Env } from './cache.ts'
import { dockerAnswers, startInDocker } from './docker.ts'
import { findJava, mavenAnswers, missingPackages, startOnJava } from './java.ts'
import { addressesAnswer } from './ready.ts'
import { NoWayError, StackError } from './stack-error.ts'
import type { BrokerExtras, StackNode, Starting } from './starting.ts'

export interface Stack {
  readonly brokers: string[]
  /** Base URL of the Confluent API, without trailing slash. Empty when no registry was asked for. */
  readonly registryUrl: string
  readonly how: 'given' | 'docker' | 'java'
  /** The brokers that can be killed one by one: those on Java. */
  readonly nodes: readonly StackNode[]
  /** Resolves when everything that was started is gone. May be called more than once. Given addresses are left alone. */
  stop(): Promise<void>
}

export interface StackOptions {
  /** `host:port`; goes before MYTRACKER_SINK_BROKERS. */
  brokers?: string[]
  /** Goes before MYTRACKER_SINK_REGISTRY_URL. */
  registryUrl?: string
  /** Progress, a sentence a line. */
  report: (line: string) => void
  /** Ends the start, not the started stack. */
  signal?: AbortSignal
  /** Whether a registry is wanted as well; true when left out. */
  registry?: boolean
  /** Three brokers, each topic on all of them unless it asks for less, are started on Java only; one when left out. */
  nodes?: 1 | 3
  /** Brokers with these are started on Java only. */
  extras?: BrokerExtras
  env: Env
}

const ways =
  'start Docker, or install Java 17 or later and Maven, or set MYTRACKER_SINK_BROKERS and MYTRACKER_SINK_REGISTRY_URL to a broker and a registry of your own'

/**
 * Takes the addresses that are given, else starts containers if a Docker daemon answers, else JVMs. Throws StackError with one
 * sentence on what to do (NoWayError when nothing here could start such a stack), and the signal's reason when aborted.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { env, report, registry = true, nodes = 1, extras, signal = new AbortController().signal } = options
  const starting: Starting = { env, report, registry, nodes, extras, signal }
  const given = givenAddresses(options)
  if (given !== undefined) {
    const wanted = onlyOnJava(starting)
    if (wanted !== undefined) {
      throw new StackError(
        `Kafka brokers are given (${given.brokers.join(', ')}), but ${wanted} wanted: give none, and they are started on Java.`,
      )
    }
    await addressesAnswer(given, signal)
    report(
      `using the broker at ${given.brokers.join(', ')}${registry ? ` and the registry at ${redacted(given.registryUrl)}` : ''}`,
    )
    return { ...given, how: 'given', nodes: [], stop: async () => undefined }
  }
  const startedAt = performance.now()
  const stack = await start(starting)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  report(
    `ready after ${seconds} s: broker${nodes > 1 ? 's' : ''} ${stack.brokers.join(', ')}${registry ? `, registry ${stack.registryUrl}` : ''}`,
  )
  return stack
}

/** What neither given addresses nor Docker have, in words. */
function onlyOnJava({ nodes, extras }: Starting): string | undefined {
  if (nodes > 1) return `${nodes} that may be killed are`
  return extras === undefined ? undefined : 'listeners or settings of their own are'
}

async function start(starting: Starting): Promise<Stack> {
  const { env, report, nodes, signal } = starting
  let dockerFailed = ''
  const isOnlyOnJava = onlyOnJava(starting) !== undefined
  if (!isOnlyOnJava && (await dockerAnswers(env))) {
    try {
      return { ...(await startInDocker(starting)), how: 'docker' }
    } catch (error) {
      signal.throwIfAborted()
      // Often an image that cannot be pulled. Java may do where Docker did not.
      dockerFailed = `Docker could not start the stack (${errorText(error)}). `
      report(`${dockerFailed}Trying Java.`)
    }
  }
  const java = await findJava(env)
  if (java === undefined) {
    if (isOnlyOnJava) {
      throw new NoWayError(
        `${nodes > 1 ? nodes : 'Such'} Kafka brokers can be started on Java only: install Java 17 or later and Maven.`,
      )
    }
    throw new NoWayError(`${dockerFailed}There is no way to a Kafka broker here: ${ways}.`)
  }
  const missing = await missingPackages(starting)
  if (missing.length > 0 && !(await mavenAnswers(env))) {
    const titles = missing.map(({ title }) => title).join(' and ')
    const otherwise = isOnlyOnJava ? '' : `, or ${ways}`
    throw new NoWayError(`${dockerFailed}Java is here, but not Maven, which fetches ${titles} once: install Maven${otherwise}.`)
  }
  return { ...(await startOnJava(java, starting)), how: 'java' }
}
