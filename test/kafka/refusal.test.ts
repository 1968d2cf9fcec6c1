import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TokenRefused } from '../../src/kafka/oauth-bearer.ts'
import type { Refusal } from '../../src/kafka/refusal.ts'
import { refusalOf } from '../../src/kafka/refusal.ts'
import { TokenError } from '../../src/kafka/token-source.ts'
import { CertificateFault } from '../../src/tls/certificate-set.ts'

/** As kafkajs wraps what it has given up on. */
const wrapped = (fields: object, message = 'something'): Error =>
  new Error('gave up', { cause: Object.assign(new Error(message), fields) })

const NOW = Date.UTC(2026, 10, 29)
const refusal = (error: unknown, validTo?: number): Refusal | undefined => {
  const certificate = validTo === undefined ? undefined : { file: '/etc/client.pem', validTo }
  return refusalOf(error, { mechanism: 'plain', certificate, now: NOW })
}

const alert = (said: string) =>
  `Connection error: 40:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert ${said}:../x.c:918`

test('what may pass by itself is no refusal: a broker that is away, slow, or not up yet', () => {
  for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'ECONNRESET', 'EHOSTUNREACH', 'EAI_AGAIN']) {
    assert.equal(refusal(wrapped({ code }, `Connection error: connect ${code} a:1`)), undefined, code)
  }
  for (const type of ['LEADER_NOT_AVAILABLE', 'REQUEST_TIMED_OUT', 'COORDINATOR_LOAD_IN_PROGRESS']) {
    assert.equal(refusal(wrapped({ type })), undefined, type)
  }
  for (const odd of [undefined, null, 'text', new Error('Connection timeout'), new Error('Closed connection')]) {
    assert.equal(refusal(odd), undefined)
  }
})

test('every way of OpenSSL to say that an authority is unknown is the same mistake', () => {
  const codes = ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_GET_ISSUER_CERT']
  for (const code of [...codes, 'SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT']) {
    assert.match(refusal(wrapped({ code }))?.why ?? '', /an authority that is not trusted here/, code)
  }
})

test('the names that a certificate holds are told', () => {
  const message =
    "Connection error: Hostname/IP does not match certificate's altnames: Host: a. is not in the cert's altnames: DNS:b"
  const told = refusal(wrapped({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, message))?.why
  assert.equal(told, "the broker's certificate is for another name (Host: a. is not in the cert's altnames: DNS:b)")
})

test('an alert is about our certificate, about one that we lack, or about the handshake', () => {
  const code = 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'
  const of = (said: string, validTo?: number) => refusal(wrapped({ code }, alert(said)), validTo)?.why
  assert.equal(of('certificate required'), 'the broker wants a certificate of ours (mutual TLS)')
  assert.equal(of('unknown ca', NOW), 'the broker does not accept our certificate (unknown ca)')
  assert.equal(of('protocol version', NOW), 'the broker ends the TLS handshake (protocol version)')
})

test('files that are of no use are told by the reason, in the words that their reader throws', () => {
  const fault = new CertificateFault('/etc/client.pem, /etc/client.key', 'key values mismatch')
  const told = refusal(wrapped({}, `Failed to connect: ${fault.message}`))
  assert.equal(told?.why, 'our certificate and key cannot be used (key values mismatch)')
})

test('our certificate is said to have expired once it has, with its file and since when', () => {
  const error = wrapped({ code: 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED' }, alert('certificate expired'))
  const accepted = 'the broker does not accept our certificate (certificate expired)'
  // It is the broker's clock that says so.
  assert.equal(refusal(error, NOW)?.why, accepted)
  const expired = refusal(error, NOW - 1)
  assert.equal(expired?.why, `${accepted}: /etc/client.pem expired on 2026-11-28T23:59:59.999Z`)
  assert.equal(expired?.cure, 'renew kafka.ssl.certFile and kafka.ssl.keyFile')
})

test('credentials, mechanisms and tokens are told apart, and only an outage of the token endpoint may pass', () => {
  const said = { name: 'KafkaJSSASLAuthenticationError' }
  const cases: readonly (readonly [Error, Refusal['at'], RegExp, boolean])[] = [
    [wrapped(said, 'SASL PLAIN authentication failed: no such user'), 'sasl', /refuses the credentials \(no such user\)/, false],
    [wrapped({ type: 'UNSUPPORTED_SASL_MECHANISM' }), 'sasl', /does not offer the mechanism plain/, false],
    [wrapped(said, 'SASL PLAIN mechanism is not supported by the server'), 'sasl', /does not offer the mechanism plain/, false],
    [wrapped({ type: 'ILLEGAL_SASL_STATE' }), 'sasl', /takes no credentials/, false],
    [new Error('gave up', { cause: new TokenRefused('invalid_token') }), 'sasl', /refuses the token \(invalid_token\)/, false],
    [new Error('gave up', { cause: new TokenError('it is down', 'wait', true) }), 'token', /^it is down$/, true],
    [new TokenError('it says no', 'mend it', false), 'token', /^it says no$/, false],
  ]
  for (const [error, at, why, isPassing] of cases) {
    const found = refusal(error)
    assert.match(found?.why ?? '', why)
    assert.deepEqual([found?.at, found?.isPassing], [at, isPassing])
  }
})
