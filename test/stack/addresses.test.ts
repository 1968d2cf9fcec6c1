import assert from 'node:assert/strict'
import { test } from 'node:test'
import { givenAddresses, hostAndPort, redacted } from '../../src/stack/addresses.ts'
import { StackError } from '../../src/stack/stack-error.ts'

const registryUrl = 'http://registry.test:8081/apis/ccompat/v7'

test('nothing given, or only emptiness, means that a stack is to be started', () => {
  assert.equal(givenAddresses({ env: {} }), undefined)
  assert.equal(givenAddresses({ env: { MYTRACKER_SINK_BROKERS: ' ,', MYTRACKER_SINK_REGISTRY_URL: ' ' } }), undefined)
})

test('the environment gives brokers, comma separated, and a registry', () => {
  const env = { MYTRACKER_SINK_BROKERS: 'a:9092, b:9093', MYTRACKER_SINK_REGISTRY_URL: `${registryUrl}/` }
  assert.deepEqual(givenAddresses({ env }), { brokers: ['a:9092', 'b:9093'], registryUrl })
})

test('each address that the caller passes goes before that of the environment', () => {
  const env = { MYTRACKER_SINK_BROKERS: 'a:9092', MYTRACKER_SINK_REGISTRY_URL: registryUrl }
  assert.deepEqual(givenAddresses({ env, brokers: ['c:1'] }), { brokers: ['c:1'], registryUrl })
  assert.equal(givenAddresses({ env, registryUrl: 'https://other.test' })?.registryUrl, 'https://other.test')
})

test('brokers without a registry are an error that names the registry', () => {
  assert.throws(() => givenAddresses({ env: { MYTRACKER_SINK_BROKERS: 'a:9092' } }), {
    name: 'StackError',
    message: 'Kafka brokers are given (a:9092) but no schema registry: set MYTRACKER_SINK_REGISTRY_URL too, or give neither.',
  })
})

test('a registry without brokers is an error that names the brokers and no password', () => {
  assert.throws(
    () => givenAddresses({ env: { MYTRACKER_SINK_REGISTRY_URL: 'http://user:secret@registry.test:8081' } }),
    (error: Error) => /set MYTRACKER_SINK_BROKERS too/.test(error.message) && !error.message.includes('secret'),
  )
})

test('brokers alone are enough when no registry is wanted, and a registry of the environment is passed over', () => {
  const env = { MYTRACKER_SINK_BROKERS: 'a:9092' }
  assert.deepEqual(givenAddresses({ env, registry: false }), { brokers: ['a:9092'], registryUrl: '' })
  assert.equal(givenAddresses({ env: { MYTRACKER_SINK_REGISTRY_URL: registryUrl }, registry: false }), undefined)
})

test('an address that cannot be one is refused', () => {
  for (const broker of ['a', 'a:', ':9092', 'a:0', 'a:65536', 'a:9092/x', '::1:9092']) {
    assert.throws(() => hostAndPort(broker), StackError, broker)
  }
  const env = { MYTRACKER_SINK_BROKERS: 'a:9092', MYTRACKER_SINK_REGISTRY_URL: 'registry.test:8081' }
  assert.throws(() => givenAddresses({ env }), /must be an http:\/\/ or https:\/\/ URL/)
})

test('host and port are taken apart, IPv6 included', () => {
  assert.deepEqual(hostAndPort('kafka.test:9092'), { host: 'kafka.test', port: 9092 })
  assert.deepEqual(hostAndPort('[::1]:9092'), { host: '::1', port: 9092 })
})

test('a URL is shown without user name and password, even one that cannot be parsed', () => {
  assert.equal(redacted('http://user:secret@registry.test:8081/v7'), 'http://registry.test:8081/v7')
  assert.equal(redacted('http://user:secret@registry.test:port'), 'http://registry.test:port')
})
