// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the configuration's own variables.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { broken, configOf, valid } from './example.ts'

describe('a configuration that says nothing about it', () => {
  const { kafka, schemaRegistry, tracker, mappings, ...rest } = configOf(valid)

  it('has the defaults of the contract, durations in milliseconds', () => {
    assert.deepEqual(rest, {
      unmapped: 'dead-letter',
      invalidParams: 'drop',
      batch: { maxEvents: 20, maxBytes: 10_000, linger: 250 },
      delivery: {
        ordering: 'key',
        maxInFlight: 64,
        maxInFlightPerPartition: 8,
        requestsPerSecond: 0,
        windowEvents: 2000,
        windowBytes: 33_554_432,
        commitInterval: 250,
        drainTimeout: 20_000,
      },
      breaker: { failures: 10, probeAfter: 5000 },
      retry: {
        inPlace: { attempts: 4, delay: 250, maxDelay: 5000 },
        tiers: [
          { name: '30s', delay: 30_000 },
          { name: '5m', delay: 300_000 },
          { name: '30m', delay: 1_800_000 },
        ],
        giveUp: 86_400_000,
        createTopics: true,
        replicationFactor: -1,
        retention: 604_800_000,
      },
      deadLetters: { brake: 0.5, retention: 2_592_000_000 },
      http: { host: '0.0.0.0', port: 8080 },
      log: { level: 'info' },
    })
  })

  it('connects to Kafka, the registry and the tracker as the contract says', () => {
    assert.deepEqual(kafka, {
      brokers: ['localhost:9092'],
      groupId: 'sink',
      topics: ['shop.users', 'shop.orders'],
      startFrom: 'latest',
      clientId: 'sink',
      ssl: false,
      sessionTimeout: 30_000,
      rebalanceTimeout: 60_000,
      maxBytesPerPartition: 262_144,
      maxBytesPerFetch: 2_097_152,
    })
    assert.deepEqual(schemaRegistry, { url: 'http://localhost:8081', subjects: 'topic' })
    assert.equal(tracker.timeout, 10_000)
    assert.deepEqual(
      tracker.apps.map(({ vkMiniApp }) => vkMiniApp),
      [false, true],
    )
    assert.equal(mappings.length, 1)
  })

  it('needs no mappings', () => {
    assert.deepEqual(configOf(valid.slice(0, valid.indexOf('mappings:'))).mappings, [])
  })
})

describe('a written value', () => {
  it('may be a moment to start from, which becomes milliseconds', () => {
    const at = (text: string) => configOf(broken('latest', text)).kafka.startFrom
    assert.equal(at('2026-01-31T02:00:00+02:00'), Date.UTC(2026, 0, 31))
    assert.equal(at('earliest'), 'earliest')
  })

  it('loses the slash at the end of an address', () => {
    assert.equal(configOf(broken('tracker-s2s.my.com', 'proxy/tracker//')).tracker.endpoint, 'https://proxy/tracker')
  })

  it('may be shared by an alias', () => {
    const text = broken('token: s3cret-android', 'token: &token "${TOKEN}"').replace('token: s3cret-vk', 'token: *token')
    assert.deepEqual(
      configOf(text, { env: { TOKEN: '42' } }).tracker.apps.map(({ token }) => token.read()),
      ['42', '42'],
    )
  })

  it('keeps what a mapping says', () => {
    const params = `params:
      customUserId: user."dotted.key".0
      idGender: { field: gender, cases: { 1: 2, MALE: 1 }, default: 0 }
      customEventName: { value: paid }
      customEventParams: properties`
    const text = broken('params:\n      customUserId: userId', params)
    assert.deepEqual(configOf(`${text}  - record: com.shop.OrderViewed\n    topic: shop.orders\n    skip: true\n`).mappings, [
      {
        record: 'com.shop.UserRegistered',
        app: 'shop-android',
        method: 'registration',
        params: {
          customUserId: 'user."dotted.key".0',
          idGender: { field: 'gender', cases: { 1: 2, MALE: 1 }, default: 0 },
          customEventName: { value: 'paid' },
          customEventParams: 'properties',
        },
      },
      { record: 'com.shop.OrderViewed', topic: 'shop.orders', skip: true },
    ])
  })

  it('proves who we are in one of two ways to the registry', () => {
    const auth = (lines: string) => configOf(broken(':8081', `:8081\n${lines}`)).schemaRegistry.auth
    const basic = auth('  username: u\n  password: p')
    assert.ok(basic !== undefined && 'username' in basic)
    assert.equal(basic.password.read(), 'p')
    const bearer = auth('  bearerToken: t')
    assert.ok(bearer !== undefined && 'bearerToken' in bearer)
    assert.equal(bearer.bearerToken.read(), 't')
  })
})

describe('a file', () => {
  it('that is not there is a problem', () => {
    assert.deepEqual(loadConfig('/nowhere/c.yaml', {}), {
      problems: [
        {
          file: '/nowhere/c.yaml',
          line: 1,
          column: 1,
          key: '',
          message: "the file cannot be read: ENOENT: no such file or directory, open '/nowhere/c.yaml'",
        },
      ],
    })
  })

  it('names other files from where it stands', () => {
    const directory = mkdtempSync(join(tmpdir(), 'config-'))
    try {
      writeFileSync(join(directory, 'ca.pem'), 'pem')
      writeFileSync(join(directory, 'c.yaml'), broken('my.com', 'my.com\n  caFile: ca.pem'))
      const loaded = loadConfig(join(directory, 'c.yaml'), {})
      assert.equal('config' in loaded ? loaded.config.tracker.caFile : loaded.problems, join(directory, 'ca.pem'))
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
