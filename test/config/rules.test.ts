// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the configuration's own variables.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { broken, notesOf, problemsOf, valid } from './example.ts'

const appended = (lines: string) => `${valid}${lines}\n`
const app = (text: string) => broken('app: shop-android', `app: ${text}`)

/** Titles, configurations and what they print. */
const cases: readonly (readonly [string, string, ...string[]])[] = [
  [
    'two apps of one name',
    broken('shop-vk', 'shop-android'),
    'c.yaml:14:7 tracker.apps[1].name: shop-android is already the name of tracker.apps[0]; write another one',
  ],
  [
    'two apps of one id',
    broken('idApp: 667', 'idApp: 666'),
    'c.yaml:15:7 tracker.apps[1].idApp: 666 is already the idApp of tracker.apps[0]; write another one',
  ],
  [
    'a mapping to an app that is not there',
    app('shop-androd'),
    'c.yaml:20:5 mappings[0].app: there is no app "shop-androd" in tracker.apps; known are shop-android, shop-vk; did you mean "shop-android"?',
  ],
  [
    'a case and a default of apps that are not there',
    app('{ field: x, cases: { A: shop-vk, B: shop-x }, default: other }'),
    'c.yaml:20:43 mappings[0].app.cases.B: there is no app "shop-x" in tracker.apps; known are shop-android, shop-vk; did you mean "shop-vk"?',
    'c.yaml:20:56 mappings[0].app.default: there is no app "other" in tracker.apps; known are shop-android, shop-vk',
  ],
  [
    'a topic listed twice',
    broken('shop.orders', 'shop.users'),
    'c.yaml:4:24 kafka.topics[1]: shop.users is listed twice; remove one of the two',
  ],
  [
    'a retry topic of our own as a source',
    broken('shop.orders', 'sink.retry.30s'),
    "c.yaml:4:24 kafka.topics[1]: sink.retry.30s is one of this group's own topics; list only topics that others write to",
  ],
  [
    'our own dead letters as a source',
    broken('shop.orders', 'sink.dead-letter'),
    "c.yaml:4:24 kafka.topics[1]: sink.dead-letter is one of this group's own topics; list only topics that others write to",
  ],
  ["another group's dead letters as a source", broken('shop.orders', 'other.dead-letter')],
  [
    'a window smaller than a batch',
    appended('delivery: { windowEvents: 19 }'),
    'c.yaml:24:13 delivery.windowEvents: 19 records do not fill a batch of 20; write at least batch.maxEvents',
  ],
  ['a window as large as a batch', appended('delivery: { windowEvents: 20 }')],
  ['a small window for a small batch', appended('delivery: { windowEvents: 5 }\nbatch: { maxEvents: 5 }')],
  [
    'more under way for a partition than for the process',
    appended('delivery:\n  maxInFlight: 4'),
    'c.yaml:24:1 delivery.maxInFlightPerPartition: 8 is more than the whole process may have under way; write at most delivery.maxInFlight (4)',
  ],
  [
    'a partition larger than a fetch',
    broken('startFrom: latest', 'startFrom: latest\n  maxBytesPerFetch: 4096'),
    'c.yaml:1:1 kafka.maxBytesPerPartition: 262144 is more than a whole fetch; write at most kafka.maxBytesPerFetch (4096)',
  ],
  [
    'tiers that fall',
    appended('retry: { tiers: [5m, 30s] }'),
    'c.yaml:24:22 retry.tiers[1]: 30s is not longer than 5m before it; write rising durations',
  ],
  [
    'tiers that are the same in other words',
    appended('retry: { tiers: [60s, 1m] }'),
    'c.yaml:24:23 retry.tiers[1]: 1m is not longer than 60s before it; write rising durations',
  ],
  ['no tiers', appended('retry: { tiers: [] }'), 'c.yaml:24:10 retry.tiers: is an empty list; write at least 1 of its durations'],
  [
    'a delay above its maximum',
    appended('retry: { inPlace: { delay: 6s } }'),
    'c.yaml:24:21 retry.inPlace.delay: is longer than retry.inPlace.maxDelay; write at most that',
  ],
  [
    'a topic that drops records before they are due',
    appended('retry: { retention: 30m }'),
    'c.yaml:24:10 retry.retention: is not longer than the wait of the last tier, 30m; write more than that',
  ],
  [
    'no copies of a topic',
    appended('retry: { replicationFactor: 0 }'),
    "c.yaml:24:10 retry.replicationFactor: 0 is not allowed here; write 1 or more copies, or -1 for the broker's default",
  ],
  [
    'a mapping without method',
    broken('    method: registration\n', ''),
    'c.yaml:19:5 mappings[0].method: is required; a mapping has app, method and params, or skip: true, or a module',
  ],
  [
    'a skipped record with parameters',
    broken('    app: shop-android\n    method: registration\n', '    skip: true\n'),
    'c.yaml:21:5 mappings[0].params: does not go with skip; remove one of the two',
  ],
  [
    'a mapping behind one that takes all its records',
    appended('  - record: com.shop.UserRegistered\n    topic: shop.users\n    skip: true'),
    'c.yaml:24:5 mappings[1].record: is never reached: mappings[0] already takes these records; remove one of the two',
  ],
  [
    'a mapping behind one for each topic',
    broken('app: shop-android', 'topic: shop.users\n    app: shop-android').concat(
      '  - { record: com.shop.UserRegistered, topic: shop.orders, skip: true }\n  - { record: com.shop.UserRegistered, skip: true }\n',
    ),
    'c.yaml:26:7 mappings[2].record: is never reached: earlier mappings already take these records of every topic; remove one of them',
  ],
  [
    'a mapping for a topic that is not read',
    broken('app: shop-android', 'topic: shop.user\n    app: shop-android'),
    'c.yaml:20:5 mappings[0].topic: shop.user is none of kafka.topics, so this mapping never matches; list it there, or write one of shop.users, shop.orders; did you mean "shop.users"?',
  ],
  [
    'a broker listed twice',
    broken('[localhost:9092]', '[a:1, b:1, a:1]'),
    'c.yaml:2:23 kafka.brokers[2]: a:1 is listed twice; remove one of the two',
  ],
  [
    'a port that is none',
    broken('[localhost:9092]', '[a:0, b:70000]'),
    'c.yaml:2:13 kafka.brokers[0]: 0 is no port; write one from 1 to 65535',
    'c.yaml:2:18 kafka.brokers[1]: 70000 is no port; write one from 1 to 65535',
  ],
  [
    'a window smaller than a fetch',
    appended('delivery: { windowBytes: 1000000 }'),
    'c.yaml:24:13 delivery.windowBytes: 1000000 bytes do not hold one fetch; write at least kafka.maxBytesPerFetch (2097152)',
  ],
  [
    'a rebalance shorter than a session',
    broken('startFrom: latest', 'startFrom: latest\n  sessionTimeout: 2m'),
    'c.yaml:1:1 kafka.rebalanceTimeout: is shorter than kafka.sessionTimeout; write at least 120s',
  ],
  ['a rebalance as long as a session', broken('startFrom: latest', 'startFrom: latest\n  sessionTimeout: 60s')],
  [
    'a linger longer than half of a session',
    appended('batch: { linger: 16s }'),
    'c.yaml:24:10 batch.linger: is longer than half of kafka.sessionTimeout; write at most 15s',
  ],
  ['a linger as long as half of a session', appended('batch: { linger: 15s }')],
  [
    'an end before the last tier',
    appended('retry: { giveUp: 29m }'),
    'c.yaml:24:10 retry.giveUp: is shorter than the wait of the last tier, 30m; write at least that, or remove the tier',
  ],
  [
    'a mapping behind one for a topic',
    broken('app: shop-android', 'topic: shop.users\n    app: shop-android').concat(
      '  - record: com.shop.UserRegistered\n    skip: true\n',
    ),
  ],
]

describe('keys that do not go together are refused, at one of them', () => {
  for (const [title, text, ...prints] of cases) {
    it(title, () => assert.deepEqual(problemsOf(text), prints))
  }
})

const told: readonly (readonly [string, string, ...string[]])[] = [
  [
    'an app that no mapping names',
    valid,
    'c.yaml:14:7 tracker.apps[1].name: no mapping names shop-vk; only canonical records can go to it',
  ],
  ['apps where no mapping names any', valid.slice(0, valid.indexOf('mappings:'))],
  ['an app that a case names', app('{ field: x, cases: { A: shop-vk }, default: shop-android }')],
  [
    'a drain shorter than an attempt',
    `${app('{ field: x, cases: { A: shop-vk }, default: shop-android }')}delivery: { drainTimeout: 9s }\n`,
    'c.yaml:24:13 delivery.drainTimeout: is shorter than tracker.timeout: leaving may give up on a request that only is slow, and its events come again',
  ],
  [
    'secrets in the open',
    app('{ field: x, cases: { A: shop-vk }, default: shop-android }')
      .replace('https://tracker-s2s.my.com', 'http://tracker.example.com')
      .replace('http://localhost:8081', 'http://registry.example.com\n  bearerToken: t')
      .replace('startFrom: latest', 'startFrom: latest\n  sasl: { mechanism: plain, username: u, password: p }'),
    'c.yaml:6:11 kafka.sasl.mechanism: plain without kafka.ssl sends the password unencrypted',
    'c.yaml:8:3 schemaRegistry.url: http sends the credentials unencrypted',
    'c.yaml:11:3 tracker.endpoint: http sends the tokens unencrypted',
  ],
  [
    'tokens for the brokers in the open',
    app('{ field: x, cases: { A: shop-vk }, default: shop-android }').replace(
      'startFrom: latest',
      'startFrom: latest\n  sasl: { mechanism: oauthbearer, tokenEndpoint: "http://auth.example.com", clientId: c, clientSecret: s }',
    ),
    'c.yaml:6:11 kafka.sasl.mechanism: oauthbearer without kafka.ssl sends the tokens unencrypted',
    'c.yaml:6:35 kafka.sasl.tokenEndpoint: http sends the client secret and the tokens unencrypted',
  ],
  [
    'SCRAM without TLS',
    app('{ field: x, cases: { A: shop-vk }, default: shop-android }').replace(
      'startFrom: latest',
      'startFrom: latest\n  sasl: { mechanism: scram-sha-512, username: u, password: p }',
    ),
    'c.yaml:6:11 kafka.sasl.mechanism: scram-sha-512 without kafka.ssl leaves the records unencrypted, and who listens may guess a weak password',
  ],
  [
    'encrypted brokers and a token endpoint on this machine',
    app('{ field: x, cases: { A: shop-vk }, default: shop-android }').replace(
      'startFrom: latest',
      'startFrom: latest\n  ssl: true\n  sasl: { mechanism: oauthbearer, tokenEndpoint: "http://localhost:8180", clientId: c, clientSecret: s }',
    ),
  ],
]

describe('what works and is still worth a look is told beside the configuration', () => {
  for (const [title, text, ...prints] of told) {
    it(title, () => assert.deepEqual(notesOf(text), prints))
  }
})

describe('all problems of a file', () => {
  it('are listed in one run, in the order of its lines', () => {
    const text = broken('shop.orders', 'shop.users')
      .replace('startFrom: latest', 'startFrom: lately')
      .replace('idApp: 667', 'idApp: 666')
      .replace('token: s3cret-android', 'tokenFile: missing')
      .replace('app: shop-android', 'app: shop-ios')
      .replace('registration', 'registratio')
      .concat('batch: { linger: 1, maxEvents: "${EVENTS}" }\nhttp: {}\nhttp: {}\ndelivery: { windowEvents: 3, maxInflight: 1 }\n')
    assert.deepEqual(
      problemsOf(text).map((line) => line.split(': ')[0]),
      [
        'c.yaml:4:24 kafka.topics[1]',
        'c.yaml:5:3 kafka.startFrom',
        'c.yaml:13:7 tracker.apps[0].tokenFile',
        'c.yaml:15:7 tracker.apps[1].idApp',
        'c.yaml:20:5 mappings[0].app',
        'c.yaml:21:5 mappings[0].method',
        'c.yaml:24:10 batch.linger',
        'c.yaml:24:21 batch.maxEvents',
        'c.yaml:26:1 http',
        'c.yaml:27:30 delivery.maxInflight',
      ],
    )
  })

  it('are not hidden by one in the same section', () => {
    const text = appended('delivery: { windowEvents: 3, maxInflight: 1 }\nbatch: { linger: soon }')
    assert.deepEqual(
      problemsOf(text).map((line) => line.split(': ')[0]),
      ['c.yaml:24:13 delivery.windowEvents', 'c.yaml:24:30 delivery.maxInflight', 'c.yaml:25:10 batch.linger'],
    )
  })

  it('are found behind an alias, where its anchor stands', () => {
    const text = app('&choice { field: x, cases: { A: nowhere } }')
    const aliased = `${text}  - record: com.shop.UserLeft\n    app: *choice\n    method: login\n    params: {}\n`
    assert.deepEqual(
      problemsOf(aliased).map((line) => line.split(': ')[0]),
      ['c.yaml:20:39 mappings[0].app.cases.A', 'c.yaml:20:39 mappings[1].app.cases.A'],
    )
  })

  it('do not blame a mapping for an app whose name could not be understood', () => {
    assert.deepEqual(problemsOf(broken('name: shop-android', 'name: 5')), [
      'c.yaml:11:7 tracker.apps[0].name: 5 is no text; write a name of your choice for the app',
    ])
  })
})
