import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { paramRules } from '../../src/param-rules.ts'
import { broken, problemsOf, valid } from './example.ts'

interface Case {
  readonly title: string
  readonly text: string
  readonly prints: string | readonly string[]
}

/** Lines put after the last one of the example, which is line 23. */
const appended = (lines: string) => `${valid}${lines}\n`
const sasl = (text: string) => broken('startFrom: latest', `startFrom: latest\n  sasl: ${text}`)
const source = (text: string) => broken('customUserId: userId', `customUserId: ${text}`)

const values: readonly Case[] = [
  {
    title: 'a duration without unit',
    text: appended('batch:\n  linger: 250'),
    prints: 'c.yaml:25:3 batch.linger: 250 has no unit; write a duration like 250ms, 30s, 5m or 24h',
  },
  {
    title: 'a duration without unit, in quotes',
    text: appended('batch:\n  linger: "250"'),
    prints: 'c.yaml:25:3 batch.linger: "250" has no unit; write a duration like 250ms, 30s, 5m or 24h',
  },
  {
    title: 'a word for a duration',
    text: appended('batch:\n  linger: soon'),
    prints: 'c.yaml:25:3 batch.linger: "soon" is no duration; write a duration like 250ms, 30s, 5m or 24h',
  },
  {
    title: 'a duration out of bounds',
    text: appended('delivery: { drainTimeout: 1h }'),
    prints: 'c.yaml:24:13 delivery.drainTimeout: "1h" is out of bounds; write a duration from 100ms to 10m',
  },
  {
    title: 'more events than the tracker takes',
    text: appended('batch: { maxEvents: 21 }'),
    prints: 'c.yaml:24:10 batch.maxEvents: 21 is not allowed here; write a whole number from 1 to 20',
  },
  {
    title: 'more bytes than the tracker takes',
    text: appended('batch: { maxBytes: 10001 }'),
    prints:
      'c.yaml:24:10 batch.maxBytes: 10001 is not allowed here; write a whole number of bytes from 200 to 10000, without a unit',
  },
  {
    title: 'a size with a unit',
    text: appended('batch: { maxBytes: 1kB }'),
    prints:
      'c.yaml:24:10 batch.maxBytes: "1kB" is not allowed here; write a whole number of bytes from 200 to 10000, without a unit',
  },
  {
    title: 'part of an event',
    text: appended('batch: { maxEvents: 1.5 }'),
    prints: 'c.yaml:24:10 batch.maxEvents: 1.5 is not allowed here; write a whole number from 1 to 20',
  },
  { title: 'a section without keys', text: appended('batch:'), prints: 'c.yaml:24:1 batch: is empty; write its keys under it' },
  {
    title: 'a list for a section',
    text: appended('batch: []'),
    prints: 'c.yaml:24:1 batch: a list is not allowed here; write its keys under it',
  },
  {
    title: 'one broker that is no list',
    text: broken('[localhost:9092]', 'localhost:9092'),
    prints: 'c.yaml:2:3 kafka.brokers: "localhost:9092" is not allowed here; write a list of brokers, each host:port',
  },
  {
    title: 'a broker without port',
    text: broken('[localhost:9092]', '[a:1, localhost]'),
    prints: 'c.yaml:2:18 kafka.brokers[1]: "localhost" is not allowed here; write host:port',
  },
  {
    title: 'no topics',
    text: broken('[shop.users, shop.orders]', '[]'),
    prints: 'c.yaml:4:3 kafka.topics: is an empty list; write at least 1 of its topics',
  },
  {
    title: 'a start that is no time',
    text: broken('latest', '2026-01-01'),
    prints:
      'c.yaml:5:3 kafka.startFrom: "2026-01-01" is not allowed here; write earliest, latest or an ISO time with its zone, like 2026-01-31T00:00:00Z',
  },
  {
    title: 'an address without protocol',
    text: broken('https://tracker-s2s.my.com', 'tracker-s2s.my.com'),
    prints:
      'c.yaml:9:3 tracker.endpoint: "tracker-s2s.my.com" is no plain URL; write one like https://tracker-s2s.my.com, without user, password, query or fragment',
  },
  {
    title: 'an address with a password, which is not printed',
    text: broken('localhost:8081', 'me:s3cret@localhost:8081'),
    prints:
      'c.yaml:7:3 schemaRegistry.url: is no plain URL; write one like http://localhost:8081, without user, password, query or fragment',
  },
  {
    title: 'a misspelt method',
    text: broken('registration', 'registraton'),
    prints:
      'c.yaml:21:5 mappings[0].method: "registraton" is not allowed here; write registration, login or customEvent; did you mean "registration"?',
  },
  {
    title: 'a token of bare digits, which is not printed',
    text: broken('s3cret-vk', '0123456'),
    prints:
      'c.yaml:16:7 tracker.apps[1].token: is no text but a bare number or true or false; write it as a text in quotes, or give its file instead',
  },
  {
    title: 'a word for true',
    text: broken('startFrom: latest', 'startFrom: latest\n  ssl: yes'),
    prints: 'c.yaml:6:3 kafka.ssl: "yes" is not allowed here; write true, false or { caFile: …, certFile: …, keyFile: … }',
  },
  {
    title: 'a misspelt mechanism',
    text: sasl('{ mechanism: plian, username: u, password: p }'),
    prints:
      'c.yaml:6:11 kafka.sasl.mechanism: "plian" is not allowed here; write plain, scram-sha-256, scram-sha-512 or oauthbearer; did you mean "plain"?',
  },
]

const more: readonly Case[] = [
  {
    title: 'a topic whose name is only dots',
    text: broken('shop.orders', '..'),
    prints:
      'c.yaml:4:24 kafka.topics[1]: ".." is not allowed here; write a topic\'s name: letters, digits, dot, dash and underscore, at most 249',
  },
  {
    title: 'a topic with a blank',
    text: broken('shop.orders', 'shop orders'),
    prints:
      'c.yaml:4:24 kafka.topics[1]: "shop orders" is not allowed here; write a topic\'s name: letters, digits, dot, dash and underscore, at most 249',
  },
  {
    title: 'a record that is no Avro name',
    text: broken('com.shop.UserRegistered', 'com.shop/UserRegistered'),
    prints:
      'c.yaml:19:5 mappings[0].record: "com.shop/UserRegistered" is not allowed here; write the Avro full name of a record, like com.shop.users.UserRegistered',
  },
  {
    title: 'a misspelt ordering',
    text: appended('delivery: { ordering: keys }'),
    prints: 'c.yaml:24:13 delivery.ordering: "keys" is not allowed here; write key or none; did you mean "key"?',
  },
  {
    title: 'a level that is none',
    text: appended('log: { level: warning }'),
    prints: 'c.yaml:24:8 log.level: "warning" is not allowed here; write trace, debug, info, warn, error or fatal',
  },
  {
    title: 'a tier without unit',
    text: appended('retry: { tiers: [30s, 300] }'),
    prints: 'c.yaml:24:23 retry.tiers[1]: 300 has no unit; write a duration like 250ms, 30s, 5m or 24h',
  },
  {
    title: 'what becomes of unmapped records, in other words',
    text: appended('unmapped: drop'),
    prints: 'c.yaml:24:1 unmapped: "drop" is not allowed here; write dead-letter or skip',
  },
  {
    title: 'a start that is empty',
    text: broken('startFrom: latest', 'startFrom:'),
    prints:
      'c.yaml:5:3 kafka.startFrom: is empty; write earliest, latest or an ISO time with its zone, like 2026-01-31T00:00:00Z',
  },
  {
    title: 'an empty list of apps',
    text: valid.replace(/ apps:\n(.*\n)*?mappings/, ' apps: []\nmappings'),
    prints: 'c.yaml:10:3 tracker.apps: is an empty list; write at least 1 of its apps, each { name: …, idApp: …, tokenFile: … }',
  },
]

const keys: readonly Case[] = [
  {
    title: 'a misspelt key',
    text: appended('batch:\n  lingr: 2s'),
    prints: 'c.yaml:25:3 batch.lingr: is not a known key; did you mean "linger"?',
  },
  {
    title: 'a misspelt section',
    text: appended('bach: {}'),
    prints: 'c.yaml:24:1 bach: is not a known key; did you mean "batch"?',
  },
  {
    title: 'a key spelt in another style',
    text: appended('batch: { max_events: 3 }'),
    prints: 'c.yaml:24:10 batch.max_events: is not a known key; did you mean "maxEvents"?',
  },
  {
    title: 'a key that resembles nothing',
    text: appended('batch: { colour: red }'),
    prints: 'c.yaml:24:10 batch.colour: is not a known key; known here: maxEvents, maxBytes, linger',
  },
  {
    title: 'a misspelt key of a list element',
    text: broken('vkMiniApp', 'vkMiniap'),
    prints: 'c.yaml:17:7 tracker.apps[1].vkMiniap: is not a known key; did you mean "vkMiniApp"?',
  },
  {
    title: 'a misspelt key of a source',
    text: source('{ feld: a }'),
    prints: 'c.yaml:23:23 mappings[0].params.customUserId.feld: is not a known key; did you mean "field"?',
  },
  {
    title: 'a second misspelt key of a source',
    text: source('{ field: a, case: {} }'),
    prints: 'c.yaml:23:33 mappings[0].params.customUserId.case: is not a known key; did you mean "cases"?',
  },
  {
    title: 'keys of two kinds of source',
    text: source('{ field: a, value: 1 }'),
    prints:
      'c.yaml:23:7 mappings[0].params.customUserId: a mapping is not allowed here; write a path into the event, { value: … }, { field: …, cases: …, default: … } or { firstOf: […] }',
  },
  {
    title: 'a path with a hole',
    text: source('a..b'),
    prints:
      'c.yaml:23:7 mappings[0].params.customUserId: "a..b" is not allowed here; write a path into the event, like a.b.c, a."dotted.key" or a.0',
  },
  {
    title: 'a missing key, at its parent',
    text: broken('  startFrom: latest\n', ''),
    prints:
      'c.yaml:1:1 kafka.startFrom: is required; write earliest, latest or an ISO time with its zone, like 2026-01-31T00:00:00Z',
  },
  {
    title: 'a missing key of a list element, at the element',
    text: broken('      idApp: 667\n', ''),
    prints: 'c.yaml:14:7 tracker.apps[1].idApp: is required; write a whole number from 1 to 2147483647',
  },
  {
    title: 'no section at all',
    text: '{}\n',
    prints: [
      'c.yaml:1:1 kafka: is required; write its keys under it; required are brokers, groupId, topics, startFrom',
      'c.yaml:1:1 schemaRegistry: is required; write its keys under it; required are url',
      'c.yaml:1:1 tracker: is required; write its keys under it; required are endpoint, apps',
    ],
  },
]

const secrets: readonly Case[] = [
  {
    title: 'an app without token',
    text: broken('      token: s3cret-vk\n', ''),
    prints: 'c.yaml:14:7 tracker.apps[1].token: is required; write token, or tokenFile with the path of a file',
  },
  {
    title: 'a token given twice',
    text: broken('token: s3cret-vk', 'token: s3cret-vk\n      tokenFile: x'),
    prints: 'c.yaml:17:7 tracker.apps[1].tokenFile: stands beside token; keep one of the two',
  },
  {
    title: 'a token whose file is missing',
    text: broken('token: s3cret-vk', 'tokenFile: x'),
    prints: "c.yaml:16:7 tracker.apps[1].tokenFile: cannot be read: ENOENT: no such file or directory, stat '/nowhere/x'",
  },
  {
    title: 'a user without password at the brokers',
    text: sasl('{ mechanism: plain, username: u }'),
    prints: 'c.yaml:6:3 kafka.sasl.password: is required; write password, or passwordFile with the path of a file',
  },
  {
    title: 'a client without secret at the token endpoint, and an authority that is not there',
    text: sasl('{ mechanism: oauthbearer, tokenEndpoint: https://a, clientId: c, caFile: x }'),
    prints: [
      'c.yaml:6:3 kafka.sasl.clientSecret: is required; write clientSecret, or clientSecretFile with the path of a file',
      "c.yaml:6:74 kafka.sasl.caFile: cannot be read: ENOENT: no such file or directory, open '/nowhere/x'",
    ],
  },
  {
    title: 'a user without password at the registry',
    text: broken(':8081', ':8081\n  username: u'),
    prints: 'c.yaml:6:1 schemaRegistry.password: is required; write password, or passwordFile with the path of a file',
  },
  {
    title: 'a password without user at the registry',
    text: broken(':8081', ':8081\n  password: u'),
    prints: 'c.yaml:6:1 schemaRegistry.username: is required together with a password; write both or neither',
  },
  {
    title: 'a user and a bearer token at the registry',
    text: broken(':8081', ':8081\n  username: u\n  password: p\n  bearerToken: t'),
    prints: 'c.yaml:8:3 schemaRegistry.username: does not go with a bearer token; remove one of the two',
  },
  {
    title: 'a certificate without its key, and not there either',
    text: broken('startFrom: latest', 'startFrom: latest\n  ssl: { certFile: x }'),
    prints: [
      'c.yaml:6:3 kafka.ssl.keyFile: is required together with certFile; write both or neither',
      "c.yaml:6:10 kafka.ssl.certFile: cannot be read: ENOENT: no such file or directory, open '/nowhere/x'",
    ],
  },
]

/** The example's mapping, which begins at line 19, with another method and other parameters. */
const mapped = (method: string, lines: string, app = 'shop-android') =>
  valid.replace(/ {4}app:(.|\n)*/, () => `    app: ${app}\n    method: ${method}\n    params: ${lines}\n`)

const params: readonly Case[] = [
  {
    title: 'a misspelt parameter, whose right name is not said to be missing as well',
    text: broken('customUserId: userId', 'custmUserId: userId'),
    prints: 'c.yaml:23:7 mappings[0].params.custmUserId: is no parameter of registration; did you mean "customUserId"?',
  },
  {
    title: 'a parameter that resembles none',
    text: mapped('login', '{ customUserId: a, shoeSize: b }'),
    prints:
      'c.yaml:22:32 mappings[0].params.shoeSize: is no parameter of login; known here: eventTimestamp, customUserId, ipv4, ipv6, idGender, age, connectionType, bluetoothEnabled, instanceId, adTrackingEnabled, idfa, iosVendorId, gaid, appSetId, androidId, lvid, adBlocker, userAgent, customPlatformUserId, vkPlatform',
  },
  {
    title: 'a parameter of another method',
    text: mapped('login', '{ customUserId: a, customEventName: b }'),
    prints: 'c.yaml:22:32 mappings[0].params.customEventName: is no parameter of login, only of customEvent; remove it',
  },
  {
    title: 'a misspelt parameter beside a broken source and a misspelt method',
    text: mapped('logn', '{ customUserId: a..b, customEventName: x, aeg: c }'),
    prints: [
      'c.yaml:21:5 mappings[0].method: "logn" is not allowed here; write registration, login or customEvent; did you mean "login"?',
      'c.yaml:22:15 mappings[0].params.customUserId: "a..b" is not allowed here; write a path into the event, like a.b.c, a."dotted.key" or a.0',
      'c.yaml:22:55 mappings[0].params.aeg: is no parameter of the tracker; did you mean "age"?',
    ],
  },
  {
    title: 'a required parameter that is not there',
    text: mapped('login', '{ age: a }'),
    prints:
      'c.yaml:22:5 mappings[0].params.customUserId: is required for login; write the path of its value in the event, or { value: … }',
  },
  {
    title: 'a custom event without name and without anybody it could be of',
    text: mapped('customEvent', '{ age: a }'),
    prints: [
      'c.yaml:22:5 mappings[0].params.customEventName: is required for customEvent; write the path of its value in the event, or { value: … }',
      'c.yaml:22:5 mappings[0].params: customEvent needs one of customUserId, instanceId, lvid, gaid, androidId, appSetId, idfa, iosVendorId; write one of them',
    ],
  },
  {
    title: 'an app of VK Mini Apps without what it requires',
    text: mapped('login', '{ customUserId: a, vkPlatform: b }', 'shop-vk'),
    prints:
      'c.yaml:22:5 mappings[0].params.customPlatformUserId: is required for an app with vkMiniApp: true; write the path of its value in the event, or { value: … }',
  },
  {
    title: 'one of several apps that requires more: its records may never come to this mapping',
    text: mapped('login', '{ customUserId: a }', '{ field: p, cases: { A: shop-android, V: shop-vk } }'),
    prints: [],
  },
]

for (const [group, cases] of Object.entries({ values, more, keys, secrets, params })) {
  describe(`a broken configuration is refused with its place and a cure: ${group}`, () => {
    for (const { title, text, prints } of cases) {
      it(title, () => assert.deepEqual(problemsOf(text, { params: paramRules }), [prints].flat()))
    }
  })
}
