/** The ways into the secured stack as a configuration writes them, and what can be wrong with them. */
import type { Certificates } from './certificates.ts'
import type { Secured } from './secured-stack.ts'
import { USER } from './secured-stack.ts'
import { CLIENT } from './token-endpoint.ts'

/** The listener, and what the configuration says of the way to it. */
export type Way = readonly [listener: Parameters<Secured['at']>[0], kafka: string]

/** What is wrong, the way in, which check fails, and what that and the failing start say: what was found, what to do. */
export type Mistake = readonly [name: string, way: Way, check: 'broker' | 'authentication', said: readonly [string, string]]

export const password = (mechanism: string, value: string = USER.password) =>
  `, sasl: { mechanism: ${mechanism}, username: ${USER.name}, password: ${value} }`

export const bearer = (endpoint: string, secret: string = CLIENT.secret) =>
  `, sasl: { mechanism: oauthbearer, tokenEndpoint: "${endpoint}", clientId: ${CLIENT.id}, clientSecret: ${secret} }`

const INVALID = 'Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256'
const PAIR = 'kafka.ssl.certFile and kafka.ssl.keyFile'

const SAID = {
  untrusted: [
    "the broker's certificate is signed by an authority that is not trusted here",
    'write the PEM file of that authority as kafka.ssl.caFile',
  ],
  misnamed: [
    "the broker's certificate is for another name (IP: 127.0.0.1 is not in the cert's list)",
    'write a name that it holds in kafka.brokers, or have it issued for this one',
  ],
  expired: ["the broker's certificate has expired", 'renew it on the broker, or set the clock of this machine'],
  wantsOurs: ['the broker wants a certificate of ours (mutual TLS)', `write it and its key as ${PAIR}`],
  stranger: [
    'the broker does not accept our certificate (certificate unknown)',
    `write one that an authority of the brokers has signed as ${PAIR}`,
  ],
  unusable: ['our certificate and key cannot be used (key values mismatch)', `mend ${PAIR}`],
  tls: ['the broker speaks TLS on this port', 'write kafka.ssl, or the port of a listener without TLS'],
  noTls: ['the broker does not speak TLS on this port', 'remove kafka.ssl, or write the port of its TLS listener'],
  sasl: ['the broker lets nobody in on this port without credentials', 'write kafka.sasl, or the port of another listener'],
  noSasl: ['the broker takes no credentials on this port', 'remove kafka.sasl, or write the port of its SASL listener'],
  plain: [
    'the broker refuses the credentials (Authentication failed: Invalid username or password)',
    'mend kafka.sasl.username and its password, or the user on the brokers',
  ],
  scram: [
    `the broker refuses the credentials (${INVALID})`,
    'mend kafka.sasl.username and its password, or the user on the brokers',
  ],
  mechanism: [
    'the broker does not offer the mechanism scram-sha-512 on this port',
    'write another kafka.sasl.mechanism, or enable this one there',
  ],
} as const

interface Ways {
  readonly ssl: string
  readonly mutual: string
  readonly mistakes: readonly Mistake[]
}

export function waysOf(certificates: Partial<Certificates> = {}): Ways {
  const { ca, cert, key, strangerCert, strangerKey, outdatedCert, outdatedKey, outdatedSince } = certificates
  const outdated = [
    `the broker does not accept our certificate (certificate unknown): ${outdatedCert} expired on ${outdatedSince}`,
    `renew ${PAIR}`,
  ] as const
  const ssl = `, ssl: { caFile: ${ca} }`
  const pair = (certFile: string | undefined, keyFile: string | undefined) =>
    `, ssl: { caFile: ${ca}, certFile: ${certFile}, keyFile: ${keyFile} }`
  const mistakes: readonly Mistake[] = [
    ['an unknown authority', ['TLS', ', ssl: true'], 'broker', SAID.untrusted],
    ['a certificate for another name', ['MISNAMED', ssl], 'broker', SAID.misnamed],
    ['a certificate that has expired', ['EXPIRED', ssl], 'broker', SAID.expired],
    ['no certificate of ours', ['MUTUAL', ssl], 'broker', SAID.wantsOurs],
    ['one of ours that a stranger has signed', ['MUTUAL', pair(strangerCert, strangerKey)], 'broker', SAID.stranger],
    ['one of ours that has expired', ['MUTUAL', pair(outdatedCert, outdatedKey)], 'broker', outdated],
    ['a key of another certificate', ['MUTUAL', pair(cert, strangerKey)], 'broker', SAID.unusable],
    ['no TLS to a port that wants it', ['TLS', ''], 'broker', SAID.tls],
    ['no TLS to a port that wants mutual TLS', ['MUTUAL', ''], 'broker', SAID.tls],
    ['a password, but no TLS, to a port that wants both', ['GUARDED', password('plain')], 'broker', SAID.tls],
    ['TLS to a port that does not speak it', ['SASL', ssl + password('plain')], 'broker', SAID.noTls],
    ['no credentials where some are wanted', ['GUARDED', ssl], 'authentication', SAID.sasl],
    ['credentials where none are taken', ['TLS', ssl + password('plain')], 'authentication', SAID.noSasl],
    ['a wrong password with plain', ['SASL', password('plain', 'wrong')], 'authentication', SAID.plain],
    ['a wrong password with SCRAM', ['SASL', password('scram-sha-256', 'wrong')], 'authentication', SAID.scram],
    ['a mechanism that the listener does not offer', ['SASL', password('scram-sha-512')], 'authentication', SAID.mechanism],
  ]
  return { ssl, mutual: pair(cert, key), mistakes }
}
