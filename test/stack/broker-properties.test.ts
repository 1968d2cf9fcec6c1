import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokerProperties } from '../../src/stack/broker-properties.ts'

const nodes = [1, 2, 3].map((id) => ({ id, brokerPort: 9000 + id, controllerPort: 9100 + id, listeners: {} }))
const [first, second] = nodes as [(typeof nodes)[0], (typeof nodes)[0]]

test('a node that is alone votes for itself and keeps one copy of everything', () => {
  const properties = read(brokerProperties({ node: first, nodes: [first], dataFolder: 'C:\\data', extras: {} }))
  assert.equal(properties.get('node.id'), '1')
  assert.equal(properties.get('controller.quorum.voters'), '1@127.0.0.1:9101')
  assert.equal(properties.get('listeners'), 'PLAINTEXT://127.0.0.1:9001,CONTROLLER://127.0.0.1:9101')
  assert.equal(properties.get('advertised.listeners'), 'PLAINTEXT://127.0.0.1:9001')
  assert.equal(properties.get('log.dirs'), 'C:/data')
  assert.equal(properties.get('offsets.topic.replication.factor'), '1')
  assert.equal(properties.has('min.insync.replicas'), false)
})

test('each of three nodes names all voters and listens on its own ports', () => {
  const properties = read(brokerProperties({ node: second, nodes, dataFolder: '/data', extras: {} }))
  assert.equal(properties.get('node.id'), '2')
  assert.equal(properties.get('controller.quorum.voters'), '1@127.0.0.1:9101,2@127.0.0.1:9102,3@127.0.0.1:9103')
  assert.equal(properties.get('listeners'), 'PLAINTEXT://127.0.0.1:9002,CONTROLLER://127.0.0.1:9102')
  assert.equal(properties.get('advertised.listeners'), 'PLAINTEXT://127.0.0.1:9002')
})

test('three nodes keep three copies and write to two: one may die', () => {
  const properties = read(brokerProperties({ node: first, nodes, dataFolder: '/data', extras: {} }))
  for (const name of ['default', 'offsets.topic', 'transaction.state.log']) {
    assert.equal(properties.get(`${name}.replication.factor`), '3', name)
  }
  assert.equal(properties.get('min.insync.replicas'), '2')
  assert.equal(properties.get('transaction.state.log.min.isr'), '2')
  assert.equal(properties.get('auto.create.topics.enable'), 'false')
})

test('an extra listener is advertised with its protocol, and extra properties go before ours', () => {
  const extras = { listeners: { GUARDED: 'SASL_SSL' }, properties: { 'auto.create.topics.enable': 'true' } } as const
  const node = { ...first, listeners: { GUARDED: '127.0.0.1:9201' } }
  const properties = read(brokerProperties({ node, nodes: [node], dataFolder: '/data', extras }))
  assert.equal(properties.get('advertised.listeners'), 'PLAINTEXT://127.0.0.1:9001,GUARDED://127.0.0.1:9201')
  assert.equal(properties.get('listeners'), 'PLAINTEXT://127.0.0.1:9001,GUARDED://127.0.0.1:9201,CONTROLLER://127.0.0.1:9101')
  assert.equal(properties.get('listener.security.protocol.map'), 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,GUARDED:SASL_SSL')
  assert.equal(properties.get('auto.create.topics.enable'), 'true')
})

/** No property may stand twice, so this loses none. */
function read(text: string): Map<string, string> {
  const lines = text.trimEnd().split('\n')
  const properties = new Map(lines.map((line) => line.split(/=(.*)/, 2) as [string, string]))
  assert.equal(properties.size, lines.length)
  return properties
}
