/** How brokers are tried, and how a connection begins: with the reason at once where trying again would be in vain. */
import type { Admin, Kafka } from 'kafkajs'
import { errorText, StartError } from '../core/errors.ts'
import type { KafkaConnection } from './client.ts'
import { createKafka } from './client.ts'
import type { Credentials, Refusal } from './refusal.ts'
import { causesOf, mismatchRefusal, refusalOf, refusalText, signOf } from './refusal.ts'

export type Reached =
  | { readonly kind: 'reached' }
  | { readonly kind: 'unreachable'; readonly why: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

const REACHED: Reached = { kind: 'reached' }

/** Of a look at one broker before the start. */
const LOOK = { timeoutMs: 3_000, retries: 0 }

/**
 * An admin that is connected. Rejects at once with a StartError where no broker will ever let us in as the configuration stands; while one
 * of them may come or mend itself it is tried with kafkajs's patience, as it is for everything else.
 */
export async function connectAdmin(kafka: Kafka, connection: KafkaConnection): Promise<Admin> {
  await refuseTheHopeless(connection)
  const admin = kafka.admin()
  try {
    await admin.connect()
    return admin
  } catch (error) {
    throw explained(error, connection)
  }
}

/** The error as a StartError, where it says why a broker does not let us in: it may be one that only the other brokers have named. */
export function explained(error: unknown, connection: KafkaConnection): unknown {
  const refusal = refusalOf(error, credentialsOf(connection))
  if (refusal === undefined) return error
  const broker = causesOf(error).flatMap((each) => (each as { broker?: string }).broker ?? [])[0]
  if (broker === undefined || connection.brokers.includes(broker)) return startError(connection.brokers, refusal)
  return new StartError(`${broker}, which the brokers advertise: ${refusalText(refusal)}`)
}

/** Returns as soon as one of the brokers gives hope. */
async function refuseTheHopeless(connection: KafkaConnection): Promise<void> {
  const refused = new Map<string, { refusal: Refusal; brokers: string[] }>()
  const looks = connection.brokers.map(async (broker) => {
    const facts = await reach({ ...connection, patience: LOOK }, broker)
    if (facts.kind !== 'refused' || facts.refusal.isPassing) return
    const text = refusalText(facts.refusal)
    const brokers = [...(refused.get(text)?.brokers ?? []), broker]
    refused.set(text, { refusal: facts.refusal, brokers })
    throw startError(brokers, facts.refusal)
  })
  await Promise.any(looks).catch(() => {
    const errors = [...refused.values()].map(({ refusal, brokers }) => startError(brokers, refusal).message)
    throw new StartError(errors.join('. '))
  })
}

function startError(brokers: readonly string[], refusal: Refusal): StartError {
  const text = refusalText(refusal)
  return new StartError(refusal.at === 'token' ? text : `kafka.brokers ${brokers.join(', ')}: ${text}`)
}

/** Tries one broker by itself; never rejects. */
export async function reach(connection: KafkaConnection, broker: string): Promise<Reached> {
  const quiet = { ...connection, brokers: [broker], onLog: () => undefined }
  const error = await failureOf(quiet)
  if (error === undefined)
    return (await wantsCredentials(quiet)) ? { kind: 'refused', refusal: mismatchRefusal('needs-sasl') } : REACHED
  const refusal = refusalOf(error, credentialsOf(connection)) ?? (isMute(error) ? await mismatchOf(quiet) : undefined)
  return refusal === undefined ? { kind: 'unreachable', why: wordsOf(error) } : { kind: 'refused', refusal }
}

async function failureOf(connection: KafkaConnection): Promise<unknown> {
  const admin = createKafka(connection).admin()
  try {
    await admin.connect()
    return undefined
  } catch (error) {
    return error
  } finally {
    // Not waited for: it may hang where the broker is gone.
    admin.disconnect().catch(() => undefined)
  }
}

function credentialsOf({ ssl, sasl }: KafkaConnection): Credentials {
  return { mechanism: sasl?.mechanism, certificate: typeof ssl === 'object' ? ssl.own : undefined, now: Date.now() }
}

/** Whether the broker has ended the connection, or says nothing that makes sense: what it does to those who come by the wrong way. */
function isMute(error: unknown): boolean {
  return causesOf(error).some(
    (each) => /ConnectionClosed|RequestTimeout/.test(each.name) || /^(ECONNRESET|ERR_SSL)/.test(signOf(each)),
  )
}

/** Asks by another way. Credentials stay out of it: nobody has been checked there, and nothing is encrypted. */
async function mismatchOf(connection: KafkaConnection): Promise<Refusal | undefined> {
  const bare = { ...connection, sasl: undefined }
  if (connection.ssl !== false)
    return (await failureOf({ ...bare, ssl: false })) === undefined ? mismatchRefusal('has-no-tls') : undefined
  const error = await failureOf({ ...bare, ssl: UNVERIFIED })
  const speaksTls = error === undefined || refusalOf(error, credentialsOf(bare))?.at === 'tls'
  return speaksTls ? mismatchRefusal('needs-tls') : undefined
}

/** Whoever comes without any is let in at first, and turned away with the next request, without a word. */
async function wantsCredentials(connection: KafkaConnection): Promise<boolean> {
  if (connection.sasl !== undefined) return false
  const error = await failureOf({ ...connection, sasl: NO_MECHANISM })
  return causesOf(error).some((each) => (each as { type?: string }).type === 'UNSUPPORTED_SASL_MECHANISM')
}

/** Finds out what is spoken there, and nothing else is told to whoever it is. */
const UNVERIFIED = { own: undefined, current: () => ({ rejectUnauthorized: false }) }

/** A listener with SASL refuses it, one without refuses SASL itself. */
const NO_MECHANISM = { mechanism: 'none', authenticationProvider: () => ({ authenticate: async () => undefined }) }

/** The cause rather than the retrying around it. */
export function wordsOf(error: unknown): string {
  return errorText(causesOf(error).at(-1) ?? error)
}
