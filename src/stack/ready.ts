import { setTimeout as delay } from 'node:timers/promises'
import type { Addresses } from './addresses.ts'
import { hostAndPort, redacted } from './addresses.ts'
import { brokersUp, coordinatesGroups, makesTopics } from './broker-question.ts'
import { portAnswers } from './ports.ts'
import { StackError } from './stack-error.ts'

const pollMs = 50
const answerMs = 5000
const loopback = '127.0.0.1'

export interface Waiting {
  /** The loopback address when left out. */
  readonly host?: string
  readonly deadlineMs: number
  readonly signal: AbortSignal
}

/** Waits until the broker does what its users need: it would make a topic, and consumer groups have a coordinator. */
export async function brokerReady(port: number, { host = loopback, deadlineMs, signal }: Waiting): Promise<void> {
  const until = performance.now() + deadlineMs
  await poll('Kafka', () => makesTopics(host, port), { until, signal })
  await poll('Kafka', () => coordinatesGroups(host, port), { until, signal })
}

/** Waits until each broker of this machine knows all of them, and they do what their users need. */
export async function clusterReady(ports: readonly number[], { deadlineMs, signal }: Waiting): Promise<void> {
  const until = performance.now() + deadlineMs
  for (const port of ports) {
    await poll('Kafka', async () => (await brokersUp(loopback, port)).length === ports.length, { until, signal })
  }
  const [port = 0] = ports
  await brokerReady(port, { deadlineMs, signal })
}

/** Waits until a broker of this machine is one of its cluster again. */
export async function nodeReady(port: number, id: number, { deadlineMs, signal }: Waiting): Promise<void> {
  const until = performance.now() + deadlineMs
  await poll('Kafka', async () => (await brokersUp(loopback, port)).includes(id), { until, signal })
}

/** Waits until the registry lists its subjects. */
export async function registryReady(registryUrl: string, { deadlineMs, signal }: Waiting): Promise<void> {
  const until = performance.now() + deadlineMs
  await poll('The schema registry', async () => (await statusOf(`${registryUrl}/subjects`, signal)) === 200, { until, signal })
}

/** Given addresses are only tried for an answer: access rights, TLS and topics there are none of the stack's business. */
export async function addressesAnswer({ brokers, registryUrl }: Addresses, signal: AbortSignal): Promise<void> {
  const tries = brokers.map(async (broker) => {
    const { host, port } = hostAndPort(broker)
    return await portAnswers(port, host, answerMs)
  })
  if (!(await Promise.all(tries)).includes(true)) {
    throw new StackError(`No Kafka broker answers at ${brokers.join(', ')}: check MYTRACKER_SINK_BROKERS.`)
  }
  if (registryUrl !== '' && (await statusOf(`${registryUrl}/subjects`, signal)) === undefined) {
    throw new StackError(`No schema registry answers at ${redacted(registryUrl)}: check MYTRACKER_SINK_REGISTRY_URL.`)
  }
}

async function statusOf(url: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    const { href, headers } = withoutCredentials(url)
    const response = await fetch(href, { headers, signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]) })
    await response.body?.cancel()
    return response.status
  } catch {
    return undefined
  }
}

/** fetch refuses URLs with a user name in them; it goes into the header instead. */
function withoutCredentials(url: string): { href: string; headers: Record<string, string> } {
  const parsed = new URL(url)
  const { username, password } = parsed
  parsed.username = ''
  parsed.password = ''
  if (username === '') return { href: parsed.href, headers: {} }
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { href: parsed.href, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } }
}

interface Poll {
  /** On the clock of performance.now(). */
  readonly until: number
  readonly signal: AbortSignal
}

async function poll(what: string, ask: () => Promise<boolean>, { until, signal }: Poll): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    if (await ask()) return
    if (performance.now() > until) throw new StackError(`${what} was started but did not become ready in time.`)
    await delay(pollMs)
  }
}
