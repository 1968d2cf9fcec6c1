import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import { startSimulator } from '../../src/simulator/server.ts'
import { checked, toldOf } from '../support/checking.ts'
import { encodeScored, scoredSchema, writeGameConfig } from '../support/game.ts'
import type { Secured } from '../support/secured-stack.ts'
import { securedStack, USER } from '../support/secured-stack.ts'
import { closedPort, serving } from '../support/serving.ts'
import { SinkProcess, until } from '../support/sink-process.ts'
import { CLIENT, TokenEndpoint } from '../support/token-endpoint.ts'

let reason = ''
const secured = (await securedStack((why) => {
  reason = why
})) as Secured
const skip = secured === undefined && reason

const TOPIC = 'secured-scores'
const { ca, cert, key } = secured?.certificates ?? {}
const { strangerCert, strangerKey } = secured?.certificates ?? {}
const ssl = `, ssl: { caFile: ${ca} }`
const stranger = `, ssl: { caFile: ${ca}, certFile: ${strangerCert}, keyFile: ${strangerKey} }`
const mutual = `, ssl: { caFile: ${ca}, certFile: ${cert}, keyFile: ${key} }`

const password = (mechanism: string, value: string = USER.password) =>
  `, sasl: { mechanism: ${mechanism}, username: ${USER.name}, password: ${value} }`

const bearer = (endpoint: string, secret: string = CLIENT.secret) =>
  `, sasl: { mechanism: oauthbearer, tokenEndpoint: "${endpoint}", clientId: ${CLIENT.id}, clientSecret: ${secret} }`

if (secured !== undefined) {
  const { cluster } = secured
  await cluster.createTopic(TOPIC, 1)
  const schemaId = await cluster.register(`${TOPIC}-value`, scoredSchema)
  await cluster.produce(TOPIC, [{ partition: 0, key: 'p', value: encodeScored(schemaId, { id: '1', player: 'p' }) }])
}

/** The listener, and what the configuration says of the way to it. */
type Way = readonly [listener: Parameters<Secured['at']>[0], kafka: string]

let groups = 0

function configFile(t: TestContext, [listener, kafka]: Way, trackerUrl: string): string {
  groups += 1
  const { cluster, directory, at } = secured
  const groupId = `secured-${groups}`
  t.diagnostic(`${groupId}: ${listener}${kafka}`)
  return writeGameConfig(cluster, directory, { topic: TOPIC, groupId, trackerUrl, brokers: [at(listener)], kafka })
}

async function delivers(t: TestContext, way: Way): Promise<void> {
  const tracker = await startSimulator({ journal: 'hits' })
  t.after(() => tracker.stop())
  const sink = new SinkProcess(t, configFile(t, way, tracker.url))
  await until('the record is delivered', () => tracker.journal.hits.length === 1)
  assert.equal(await sink.end('SIGTERM'), 0)
}

describe('each way in delivers through a real listener', { skip, concurrency: 2 }, () => {
  test('TLS', (t) => delivers(t, ['TLS', ssl]))
  test('mutual TLS', (t) => delivers(t, ['MUTUAL', mutual]))
  test('plain', (t) => delivers(t, ['SASL', password('plain')]))
  test('SCRAM-SHA-256', (t) => delivers(t, ['SASL', password('scram-sha-256')]))
  test('SCRAM-SHA-512 over TLS', (t) => delivers(t, ['GUARDED', ssl + password('scram-sha-512')]))
  test('OAUTHBEARER', async (t) => {
    const endpoint = await serving(t, new TokenEndpoint().answer)
    await delivers(t, ['SASL', bearer(endpoint)])
  })
  test('OAUTHBEARER over TLS', async (t) => {
    const endpoint = await serving(t, new TokenEndpoint().answer)
    await delivers(t, ['GUARDED', ssl + bearer(endpoint)])
  })
})

/** What `run` ends with at once, before kafkajs tries anything again, and what \`check --online\` names. */
async function refused(t: TestContext, way: Way, name: 'broker' | 'authentication', why: string, cure: string): Promise<void> {
  const file = configFile(t, way, 'http://127.0.0.1:1')
  const broker = secured.at(way[0])
  const sink = new SinkProcess(t, file)
  const { code, checks } = await checked(t, file)
  assert.equal(code, 1)
  const about = ([each]: readonly unknown[]) => String(each).startsWith('broker ') || each === 'authentication'
  assert.deepEqual(toldOf(checks, 'failed').filter(about), [[name === 'broker' ? `broker ${broker}` : name, why, cure]])
  assert.equal(await sink.exited(), 1)
  const errors = sink.log.filter(({ level }) => level === 'error').map(({ msg, error }) => [msg, error])
  const where = why.startsWith('kafka.sasl.tokenEndpoint') ? '' : `kafka.brokers ${broker}: `
  assert.deepEqual(errors, [['cannot start', `${where}${why}; ${cure}`]])
}

const OWN_CERTIFICATE = 'write it and its key as kafka.ssl.certFile and kafka.ssl.keyFile'
const ANOTHER_CERTIFICATE = 'write one that an authority of the brokers has signed as kafka.ssl.certFile and kafka.ssl.keyFile'
const CREDENTIALS = 'mend kafka.sasl.username and its password, or the user on the brokers'
const INVALID_SCRAM = 'Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256'

/** A test's name, the way in, which check fails, what it finds, what to do. */
const mistakes: readonly (readonly [string, Way, 'broker' | 'authentication', string, string])[] = [
  [
    'an unknown authority',
    ['TLS', ', ssl: true'],
    'broker',
    "the broker's certificate is signed by an authority that is not trusted here",
    'write the PEM file of that authority as kafka.ssl.caFile',
  ],
  [
    'a certificate for another name',
    ['MISNAMED', ssl],
    'broker',
    "the broker's certificate is for another name (IP: 127.0.0.1 is not in the cert's list)",
    'write a name that it holds in kafka.brokers, or have it issued for this one',
  ],
  [
    'a certificate that has expired',
    ['EXPIRED', ssl],
    'broker',
    "the broker's certificate has expired",
    'renew it on the broker, or set the clock of this machine',
  ],
  ['no certificate of ours', ['MUTUAL', ssl], 'broker', 'the broker wants a certificate of ours (mutual TLS)', OWN_CERTIFICATE],
  [
    'a certificate of ours that nobody has signed whom the brokers know',
    ['MUTUAL', stranger],
    'broker',
    'the broker does not accept our certificate (certificate unknown)',
    ANOTHER_CERTIFICATE,
  ],
  [
    'a key that belongs to another certificate',
    ['MUTUAL', `, ssl: { caFile: ${ca}, certFile: ${cert}, keyFile: ${strangerKey} }`],
    'broker',
    'our certificate and key cannot be used (key values mismatch)',
    'mend kafka.ssl.certFile and kafka.ssl.keyFile',
  ],
  [
    'no TLS to a port that wants it',
    ['TLS', ''],
    'broker',
    'the broker speaks TLS on this port',
    'write kafka.ssl, or the port of a listener without TLS',
  ],
  [
    'no TLS to a port that wants mutual TLS',
    ['MUTUAL', ''],
    'broker',
    'the broker speaks TLS on this port',
    'write kafka.ssl, or the port of a listener without TLS',
  ],
  [
    'TLS to a port that does not speak it',
    ['SASL', ssl + password('plain')],
    'broker',
    'the broker does not speak TLS on this port',
    'remove kafka.ssl, or write the port of its TLS listener',
  ],
  [
    'no credentials where some are wanted',
    ['GUARDED', ssl],
    'authentication',
    'the broker lets nobody in on this port without credentials',
    'write kafka.sasl, or the port of another listener',
  ],
  [
    'credentials where none are taken',
    ['TLS', ssl + password('plain')],
    'authentication',
    'the broker takes no credentials on this port',
    'remove kafka.sasl, or write the port of its SASL listener',
  ],
  [
    'a wrong password with plain',
    ['SASL', password('plain', 'wrong')],
    'authentication',
    'the broker refuses the credentials (Authentication failed: Invalid username or password)',
    CREDENTIALS,
  ],
  [
    'a wrong password with SCRAM',
    ['SASL', password('scram-sha-256', 'wrong')],
    'authentication',
    `the broker refuses the credentials (${INVALID_SCRAM})`,
    CREDENTIALS,
  ],
  [
    'a mechanism that the listener does not offer',
    ['SASL', password('scram-sha-512')],
    'authentication',
    'the broker does not offer the mechanism scram-sha-512 on this port',
    'write another kafka.sasl.mechanism, or enable this one there',
  ],
]

describe('a mistake ends the start at once, and is named with what to change', { skip, concurrency: 2 }, () => {
  for (const [name, ...mistake] of mistakes) test(name, (t) => refused(t, ...mistake))

  test('a token that the broker refuses', async (t) => {
    const issuer = new TokenEndpoint()
    issuer.isForeign = true
    const cure = 'compare issuer, audience and scope with what the brokers expect, and mend kafka.sasl or the token endpoint'
    const way: Way = ['SASL', bearer(await serving(t, issuer.answer))]
    await refused(t, way, 'authentication', 'the broker refuses the token (invalid_token)', cure)
  })

  test('a client that the token endpoint refuses', async (t) => {
    const url = await serving(t, new TokenEndpoint().answer)
    const why = `kafka.sasl.tokenEndpoint ${url} answers 401 invalid_client`
    await refused(t, ['SASL', bearer(url, 'wrong')], 'authentication', why, 'mend kafka.sasl.clientId and its secret')
  })
})

describe('a token endpoint that is down is asked again', { skip, concurrency: 2 }, () => {
  test('for some seconds, then it ends the start', async (t) => {
    const port = await closedPort()
    const file = configFile(t, ['SASL', bearer(`http://127.0.0.1:${port}/token`)], 'http://127.0.0.1:1')
    const sink = new SinkProcess(t, file)
    const why = `kafka.sasl.tokenEndpoint http://127.0.0.1:${port}/token cannot be asked: connect ECONNREFUSED 127.0.0.1:${port}`
    const cure = 'mend it, its caFile or the way to it'
    const { checks } = await checked(t, file)
    assert.deepEqual(toldOf(checks, 'failed')[0], ['authentication', why, cure])
    assert.equal(await sink.exited(), 1)
    assert.equal(sink.log.find(({ msg }) => msg === 'cannot start')?.error, `${why}; ${cure}`)
  })

  test('and the start goes on once it is back', async (t) => {
    const issuer = new TokenEndpoint()
    issuer.outages = 3
    await delivers(t, ['SASL', bearer(await serving(t, issuer.answer))])
    assert.equal(issuer.outages, 0)
  })
})
