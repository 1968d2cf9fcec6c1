import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import { Broker } from '../../src/kafka/broker.ts'
import { createKafka } from '../../src/kafka/client.ts'
import { reach } from '../../src/kafka/way-in.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { checked, toldOf } from '../support/checking.ts'
import { CliProcess } from '../support/cli-process.ts'
import { encodeScored, scoredSchema, writeGameConfig } from '../support/game.ts'
import { gate } from '../support/gate.ts'
import { setScramPassword } from '../support/scram-users.ts'
import type { Secured } from '../support/secured-stack.ts'
import { securedStack, USER } from '../support/secured-stack.ts'
import { closedPort, serving } from '../support/serving.ts'
import type { LogLine } from '../support/sink-process.ts'
import { SinkProcess, until } from '../support/sink-process.ts'
import { TokenEndpoint } from '../support/token-endpoint.ts'
import type { Mistake, Way } from '../support/ways-in.ts'
import { bearer, password, waysOf } from '../support/ways-in.ts'

let reason = ''
const secured = (await securedStack((why) => {
  reason = why
})) as Secured
const skip = secured === undefined && reason

const TOPIC = 'secured-scores'
const { ssl, mutual, mistakes } = waysOf(secured?.certificates)

async function produced(topic: string, id: string): Promise<void> {
  const { cluster } = secured
  const schemaId = await cluster.register(`${topic}-value`, scoredSchema)
  await cluster.produce(topic, [{ partition: 0, key: 'p', value: encodeScored(schemaId, { id, player: 'p' }) }])
}

async function topicWithOne(topic: string): Promise<string> {
  await secured.cluster.createTopic(topic, 1)
  await produced(topic, '1')
  return topic
}

if (secured !== undefined) await topicWithOne(TOPIC)

let groups = 0

/** kafkajs's own attempts are warnings. */
const isComplaint = ({ level }: LogLine) => level === 'warn' || level === 'error'

function configFile(t: TestContext, [listener, kafka]: Way, trackerUrl: string, topic = TOPIC): string {
  groups += 1
  const { cluster, directory, at } = secured
  const groupId = `secured-${groups}`
  t.diagnostic(`${groupId}: ${listener}${kafka}`)
  return writeGameConfig(cluster, directory, { topic, groupId, trackerUrl, brokers: [at(listener)], kafka })
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

/** What `run` ends with at once, before kafkajs tries anything again, and what `check --online` names. */
async function refused(t: TestContext, [, way, check, [why, cure]]: Mistake): Promise<void> {
  const file = configFile(t, way, 'http://127.0.0.1:1')
  const broker = secured.at(way[0])
  const sink = new SinkProcess(t, file)
  const { code, checks } = await checked(t, file)
  assert.equal(code, 1)
  const about = ([each]: readonly unknown[]) => String(each).startsWith('broker ') || each === 'authentication'
  assert.deepEqual(toldOf(checks, 'failed').filter(about), [[check === 'broker' ? `broker ${broker}` : check, why, cure]])
  assert.equal(await sink.exited(), 1)
  const errors = sink.log.filter(isComplaint).map(({ msg, error }) => [msg, error])
  const where = why.startsWith('kafka.sasl.tokenEndpoint') ? '' : `kafka.brokers ${broker}: `
  assert.deepEqual(errors, [['cannot start', `${where}${why}; ${cure}`]])
}

describe('a mistake ends the start at once, and is named with what to change', { skip, concurrency: 2 }, () => {
  for (const mistake of mistakes) test(mistake[0], (t) => refused(t, mistake))

  test('a token that the broker refuses', async (t) => {
    const issuer = new TokenEndpoint()
    issuer.isForeign = true
    const cure = 'compare issuer, audience and scope with what the brokers expect, and mend kafka.sasl or the token endpoint'
    const way: Way = ['SASL', bearer(await serving(t, issuer.answer))]
    await refused(t, [t.name, way, 'authentication', ['the broker refuses the token (invalid_token)', cure]])
  })

  test('a client that the token endpoint refuses', async (t) => {
    const url = await serving(t, new TokenEndpoint().answer)
    const said = [
      `kafka.sasl.tokenEndpoint ${url} answers 401 invalid_client`,
      'mend kafka.sasl.clientId and its secret',
    ] as const
    await refused(t, [t.name, ['SASL', bearer(url, 'wrong')], 'authentication', said])
  })
})

test('an address that the brokers advertise, and that their certificate does not hold, ends the start', { skip }, async (t) => {
  const address = secured.at('MISNAMED')
  const file = configFile(t, ['MISNAMED', ssl], 'http://127.0.0.1:1')
  writeFileSync(file, readFileSync(file, 'utf8').replace(address, address.replace('127.0.0.1', 'localhost')))
  const sink = new SinkProcess(t, file)
  const { checks } = await checked(t, file)
  const why = "the broker's certificate is for another name (IP: 127.0.0.1 is not in the cert's list)"
  const advertised = toldOf(checks, 'failed').find(([name]) => name === 'cluster')
  assert.match(advertised?.[1] ?? '', /altnames: IP: 127.0.0.1/)
  assert.equal(await sink.exited(), 1)
  const error = String(sink.log.find(({ msg }) => msg === 'cannot start')?.error)
  assert.ok(error.startsWith(`${address}, which the brokers advertise: ${why}; `), error)
})

describe('tokens', { skip, concurrency: 3 }, () => {
  test('an endpoint that is down is asked again for some seconds, then it ends the start', async (t) => {
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

  test('the start goes on once the endpoint is back', async (t) => {
    const issuer = new TokenEndpoint()
    issuer.outages = 3
    await delivers(t, ['SASL', bearer(await serving(t, issuer.answer))])
    assert.equal(issuer.outages, 0)
  })

  test('tokens and sessions are renewed in time while it runs: no connection is lost over four tokens', async (t) => {
    const topic = await topicWithOne('token-scores')
    const issuer = new TokenEndpoint()
    // Two seconds, then it is no longer handed out; the connections prove themselves again every three.
    issuer.lifeSeconds = 12
    const tracker = await startSimulator({ journal: 'hits' })
    t.after(() => tracker.stop())
    const sink = new SinkProcess(t, configFile(t, ['BRIEF', bearer(await serving(t, issuer.answer))], tracker.url, topic))
    await until('what is there is delivered', () => tracker.journal.hits.length === 1)
    const said = sink.log.length
    for (let number = 2; number <= 4; number += 1) {
      await until(`token ${number} is asked for`, () => issuer.tokens >= number)
      await produced(topic, String(number))
      await until(`record ${number} is delivered`, () => tracker.journal.hits.length === number)
    }
    assert.deepEqual(sink.log.slice(said).filter(isComplaint), [])
    assert.equal(await sink.end('SIGTERM'), 0)
  })
})

test('a password that is changed on the brokers and in its file counts from the next connection on', { skip }, async (t) => {
  const { cluster, directory, restart } = secured
  const [broker = ''] = cluster.stack.brokers
  const file = join(directory, 'password')
  const change = async (value: string) => {
    await setScramPassword(broker, 'bob', value)
    writeFileSync(file, `${value}\n`)
  }
  await change('first')
  const topic = await topicWithOne('password-scores')
  const tracker = await startSimulator({ journal: 'hits' })
  t.after(() => tracker.stop())
  const sasl = `, sasl: { mechanism: scram-sha-256, username: bob, passwordFile: "${file}" }`
  const sink = new SinkProcess(t, configFile(t, ['SASL', sasl], tracker.url, topic))
  await until('what is there is delivered', () => tracker.journal.hits.length === 1)
  await change('second')
  await restart()
  await produced(topic, '2')
  await until('the new record is delivered', () => tracker.journal.hits.length === 2)
  assert.equal(await sink.end('SIGTERM'), 0)
})

test('a connection that fails half-way leaves nothing connected', { skip }, async (t) => {
  const [broker = ''] = secured.cluster.stack.brokers
  // The look at the broker comes twice; that and the admin get through, the producer does not.
  const { address, open, came } = await gate(t, broker, 3)
  const connection = { brokers: [address], clientId: 'half-way', ssl: false, sasl: undefined, onLog: () => undefined }
  await assert.rejects(Broker.connect({ ...connection, patience: { timeoutMs: 1_000, retries: 0 } }))
  assert.equal(came(), 4)
  await until('all connections have ended', () => open.size === 0, 5_000)
})

test('a password that is meant for TLS never leaves without it, not even to find out what is wrong', { skip }, async (t) => {
  const { address, sent } = await gate(t, secured.at('SASL'))
  const sasl = { mechanism: 'plain', username: USER.name, password: USER.password } as const
  const patience = { timeoutMs: 1_000, retries: 0 }
  const connection = { brokers: [address], clientId: 'careful', sasl, onLog: () => undefined, patience }
  const reached = await reach({ ...connection, ssl: true }, address)
  assert.equal(reached.kind === 'refused' && reached.refusal.why, 'the broker does not speak TLS on this port')
  assert.equal(Buffer.concat(sent).includes(USER.password), false)
  await reach({ ...connection, ssl: false }, address)
  assert.equal(Buffer.concat(sent).includes(USER.password), true)
})

describe('where brokers make whatever topic is asked for', { skip }, () => {
  const topicsOf = async () => await secured.cluster.admin.listTopics()

  test('they do', async () => {
    const options = { brokers: secured.cluster.stack.brokers, clientId: 'careless', ssl: false, sasl: undefined }
    const producer = createKafka({ ...options, onLog: () => undefined }).producer({ allowAutoTopicCreation: true })
    await producer.connect()
    await producer.send({ topic: 'made-by-asking', messages: [{ value: 'v' }] })
    await producer.disconnect()
    assert.ok((await topicsOf()).includes('made-by-asking'))
  })

  test('a topic that is missing ends the start with a sentence, and nothing makes it', async (t) => {
    const file = configFile(t, ['TLS', ssl], 'http://127.0.0.1:1', 'nowhere')
    for (const flags of [[], ['--dry-run']]) {
      const sink = new SinkProcess(t, file, ...flags)
      assert.equal(await sink.exited(), 1)
      const sentence = 'kafka.topics: nowhere not found on the brokers; create the topic or mend its name'
      assert.equal(sink.log.find(({ msg }) => msg === 'cannot start')?.error, sentence)
    }
    const found = toldOf((await checked(t, file)).checks, 'failed')
    assert.ok(found.some(([name]) => name === 'topic nowhere'))
    const place = ['--topic', 'nowhere', '--partition', '0', '--offset', '0']
    assert.equal((await new CliProcess(t, ['explain', '--config', file, ...place]).ended()).code, 1)
    assert.equal((await new CliProcess(t, ['dead-letters', 'list', '--config', file]).ended()).code, 1)
    assert.deepEqual(
      (await topicsOf()).filter((topic) => topic === 'nowhere'),
      [],
    )
  })

  test('a topic that is deleted while it is read stays away', async (t) => {
    const topic = await topicWithOne('deleted-scores')
    const tracker = await startSimulator({ journal: 'hits' })
    t.after(() => tracker.stop())
    const sink = new SinkProcess(t, configFile(t, ['TLS', ssl], tracker.url, topic))
    await until('the record is delivered', () => tracker.journal.hits.length === 1)
    await secured.cluster.admin.deleteTopics({ topics: [topic] })
    const said = sink.log.length
    await until('it has asked for the topic', () => sink.log.slice(said).some(({ kafka }) => /topic/.test(String(kafka))))
    assert.equal((await topicsOf()).includes(topic), false)
    await sink.end('SIGTERM')
    assert.equal((await topicsOf()).includes(topic), false)
  })
})
