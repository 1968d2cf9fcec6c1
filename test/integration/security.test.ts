import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import { startSimulator } from '../../src/simulator/server.ts'
import { encodeScored, scoredSchema, writeGameConfig } from '../support/game.ts'
import type { Secured } from '../support/secured-stack.ts'
import { securedStack, USER } from '../support/secured-stack.ts'
import { serving } from '../support/serving.ts'
import { SinkProcess, until } from '../support/sink-process.ts'
import { CLIENT, TokenEndpoint } from '../support/token-endpoint.ts'

let reason = ''
const secured = (await securedStack((why) => {
  reason = why
})) as Secured
const skip = secured === undefined && reason

const TOPIC = 'secured-scores'
const { ca, cert, key } = secured?.certificates ?? {}
const ssl = `, ssl: { caFile: ${ca} }`
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
