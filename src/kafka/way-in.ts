/** How brokers are tried, and how a connection begins: with the reason at once where trying again would be in vain. */
import type { Admin, Kafka } from 'kafkajs'
import { errorText, StartError } from '../core/errors.ts'
import type { KafkaConnection } from './client.ts'
import { createKafka } from './client.ts'
import type { Credentials, Mismatch, Refusal } from './refusal.ts'
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
    const refusal = refusalOf(error, credentialsOf(connection))
    throw refusal === undefined ? error : startError(connection.brokers, refusal)
  }
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
  // Without credentials, only a further request shows whether the broker wants some.
  const error = await failureOf(quiet, async (admin) => quiet.sasl ?? (await admin.describeCluster()))
  if (error === undefined) return REACHED
  const refusal = refusalOf(error, credentialsOf(connection)) ?? (isMute(error) ? await mismatchOf(quiet) : undefined)
  return refusal === undefined ? { kind: 'unreachable', why: wordsOf(error) } : { kind: 'refused', refusal }
}

async function failureOf(connection: KafkaConnection, use: (admin: Admin) => unknown = () => undefined): Promise<unknown> {
  const admin = createKafka(connection).admin()
  try {
    await admin.connect()
    await use(admin)
    return undefined
  } catch (error) {
    return error
  } finally {
    // Not waited for: it may hang where the broker is gone.
    admin.disconnect().catch(() => undefined)
  }
}

function credentialsOf({ ssl, sasl }: KafkaConnection): Credentials {
  return { mechanism: sasl?.mechanism, hasCertificate: typeof ssl === 'object' && ssl.cert !== undefined }
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
  const found = async (): Promise<Mismatch | undefined> => {
    if (connection.ssl === false) {
      const error = await failureOf({ ...bare, ssl: { rejectUnauthorized: false } })
      if (error === undefined || refusalOf(error, credentialsOf(bare))?.at === 'tls') return 'needs-tls'
    } else if ((await failureOf({ ...bare, ssl: false })) === undefined) return 'has-no-tls'
    if (connection.sasl !== undefined) return undefined
    const asked = await failureOf({ ...connection, sasl: NO_MECHANISM })
    return causesOf(asked).some((each) => (each as { type?: string }).type === 'UNSUPPORTED_SASL_MECHANISM')
      ? 'needs-sasl'
      : undefined
  }
  const mismatch = await found()
  return mismatch === undefined ? undefined : mismatchRefusal(mismatch)
}

/** A listener with SASL refuses it, one without refuses SASL itself. */
const NO_MECHANISM = { mechanism: 'none', authenticationProvider: () => ({ authenticate: async () => undefined }) }

/** The cause rather than the retrying around it. */
export function wordsOf(error: unknown): string {
  return errorText(causesOf(error).at(-1) ?? error)
}
