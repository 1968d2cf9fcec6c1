import type { OwnCertificate } from '../tls/certificate-set.ts'
import { TokenRefused } from './oauth-bearer.ts'
import { TokenError } from './token-source.ts'

/** Why we are not let in, and what to change. */
export interface Refusal {
  /** What is in the way: the encryption, the credentials, or the server that issues tokens. */
  readonly at: 'tls' | 'sasl' | 'token'
  readonly why: string
  readonly cure: string
  /** Whether it may pass by itself. */
  readonly isPassing: boolean
}

/** What we come with. */
export interface Credentials {
  readonly mechanism: string | undefined
  readonly certificate: OwnCertificate | undefined
  /** Epoch ms. */
  readonly now: number
}

/** How the listener and the configuration do not go together; seen from what the listener answers to another way in. */
export type Mismatch = 'needs-tls' | 'has-no-tls' | 'needs-sasl'

/** Undefined where the error says nothing of encryption or credentials: a broker that is away, most often. Pure. */
export function refusalOf(error: unknown, credentials: Credentials): Refusal | undefined {
  for (const each of causesOf(error)) {
    const refusal = tokenRefusal(each) ?? saslRefusal(each, credentials) ?? tlsRefusal(each, credentials)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

export function mismatchRefusal(mismatch: Mismatch): Refusal {
  return MISMATCHES[mismatch]
}

/** For a person to read. */
export function refusalText({ why, cure }: Refusal): string {
  return `${why}; ${cure}`
}

/** From the outermost to the first cause. */
export function causesOf(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : []
}

/** What Node and OpenSSL call it; empty where they do not. */
export function signOf(error: Error): string {
  return String((error as { code?: unknown }).code ?? '')
}

const tls = (why: string, cure: string): Refusal => ({ at: 'tls', why, cure, isPassing: false })
const sasl = (why: string, cure: string): Refusal => ({ at: 'sasl', why, cure, isPassing: false })

const MISMATCHES: Readonly<Record<Mismatch, Refusal>> = {
  'needs-tls': tls('the broker speaks TLS on this port', 'write kafka.ssl, or the port of a listener without TLS'),
  'has-no-tls': tls('the broker does not speak TLS on this port', 'remove kafka.ssl, or write the port of its TLS listener'),
  'needs-sasl': sasl(
    'the broker lets nobody in on this port without credentials',
    'write kafka.sasl, or the port of another listener',
  ),
}

function tokenRefusal(error: Error): Refusal | undefined {
  if (error instanceof TokenError) return { at: 'token', why: error.why, cure: error.cure, isPassing: error.retriable }
  if (!(error instanceof TokenRefused)) return undefined
  const cure = 'compare issuer, audience and scope with what the brokers expect, and mend kafka.sasl or the token endpoint'
  return sasl(`the broker refuses the token (${error.message})`, cure)
}

function saslRefusal(error: Error, { mechanism = '' }: Credentials): Refusal | undefined {
  const { type } = error as { type?: string }
  if (type === 'ILLEGAL_SASL_STATE') {
    return sasl('the broker takes no credentials on this port', 'remove kafka.sasl, or write the port of its SASL listener')
  }
  if (type === 'UNSUPPORTED_SASL_MECHANISM' || /mechanism is not supported/.test(error.message)) {
    const cure = 'write another kafka.sasl.mechanism, or enable this one there'
    return sasl(`the broker does not offer the mechanism ${mechanism} on this port`, cure)
  }
  if (type !== 'SASL_AUTHENTICATION_FAILED' && error.name !== 'KafkaJSSASLAuthenticationError') return undefined
  const said = error.message.replace(/^SASL .* authentication failed: /, '')
  return sasl(
    `the broker refuses the credentials (${said})`,
    'mend kafka.sasl.username and its password, or the user on the brokers',
  )
}

const UNTRUSTED =
  /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|(DEPTH_ZERO_)?SELF_SIGNED_CERT(_IN_CHAIN)?|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE)$/

function tlsRefusal(error: Error, credentials: Credentials): Refusal | undefined {
  const { message } = error
  const sign = signOf(error)
  if (UNTRUSTED.test(sign)) {
    return tls(
      "the broker's certificate is signed by an authority that is not trusted here",
      'write the PEM file of that authority as kafka.ssl.caFile',
    )
  }
  if (sign === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const [, detail = ''] = /altnames: (.*)$/.exec(message) ?? []
    return tls(
      `the broker's certificate is for another name (${detail.replace(/[:\s]*$/, '')})`,
      'write a name that it holds in kafka.brokers, or have it issued for this one',
    )
  }
  if (sign === 'CERT_HAS_EXPIRED' || sign === 'CERT_NOT_YET_VALID') {
    const when = sign === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet'
    return tls(`the broker's certificate ${when}`, 'renew it on the broker, or set the clock of this machine')
  }
  const [, unusable] = /^Failed to connect: certificates cannot be used: (.*)$/.exec(message) ?? []
  if (unusable !== undefined) {
    return tls(`our certificate and key cannot be used (${unusable})`, 'mend kafka.ssl.certFile and kafka.ssl.keyFile')
  }
  const [, alert] = /alert ([\w ]+?)(:|$)/.exec(message) ?? []
  return sign.startsWith('ERR_SSL') && alert !== undefined ? alertRefusal(alert, credentials) : undefined
}

/** What the broker says before it ends a handshake. */
function alertRefusal(alert: string, { certificate, now }: Credentials): Refusal {
  if (!/certificate|unknown ca/i.test(alert)) {
    const cure = 'compare TLS versions and ciphers of both sides, and whether the broker wants kafka.ssl.certFile'
    return tls(`the broker ends the TLS handshake (${alert})`, cure)
  }
  if (certificate === undefined) {
    return tls(
      'the broker wants a certificate of ours (mutual TLS)',
      'write it and its key as kafka.ssl.certFile and kafka.ssl.keyFile',
    )
  }
  const why = `the broker does not accept our certificate (${alert})`
  if (certificate.validTo < now) {
    const since = new Date(certificate.validTo).toISOString()
    return tls(`${why}: ${certificate.file} expired on ${since}`, 'renew kafka.ssl.certFile and kafka.ssl.keyFile')
  }
  return tls(why, 'write one that an authority of the brokers has signed as kafka.ssl.certFile and kafka.ssl.keyFile')
}
