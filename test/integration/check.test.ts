import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, test } from 'node:test'
import type { FaultRequest } from '../../src/simulator/faults.ts'
import type { SimulatorOptions } from '../../src/simulator/server.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { checked, toldOf, tracker } from '../support/checking.ts'
import { CliProcess } from '../support/cli-process.ts'
import { scoredSchema } from '../support/game.ts'
import { closedPort, serving } from '../support/serving.ts'
import { sharedStack } from '../support/stack.ts'

const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())

const SOURCE = 'check-scores'
const NAMED = 'com.game.Scored'
await cluster.createTopic(SOURCE, 3, { 'max.message.bytes': '2000000' })
await cluster.register(`${SOURCE}-value`, scoredSchema)
await cluster.register(NAMED, scoredSchema)
await cluster.register(`${SOURCE}-${NAMED}`, scoredSchema)

interface Changes {
  readonly brokers?: readonly string[]
  readonly topics?: readonly string[]
  /** Behind a comma. */
  readonly sasl?: string
  readonly registryUrl?: string
  readonly subjects?: string
  readonly trackerUrl: string
  readonly token?: string
  readonly record?: string
  readonly path?: string
  /** Keys of `retry`, each with a comma behind it. */
  readonly retry?: string
}

function configFile(groupId: string, changes: Changes): string {
  const { brokers = cluster.stack.brokers, topics = [SOURCE], registryUrl = cluster.stack.registryUrl } = changes
  const { subjects = 'topic', token = 't1', trackerUrl, record = NAMED, path = 'player', retry = '', sasl = '' } = changes
  const file = join(directory, `${groupId}.yaml`)
  writeFileSync(
    file,
    `kafka: { brokers: ${JSON.stringify(brokers)}, groupId: ${groupId}, topics: ${JSON.stringify(topics)}, startFrom: earliest${sasl} }
schemaRegistry: { url: "${registryUrl}", subjects: ${subjects} }
tracker:
  endpoint: ${trackerUrl}
  apps: [{ name: android, idApp: 1, token: ${token} }]
mappings:
  - record: ${record}
    app: android
    method: customEvent
    params: { customUserId: ${path}, customEventName: { value: scored }, eventTimestamp: at }
retry: { ${retry}tiers: [30s, 5m] }
`,
  )
  return file
}

async function simulator(t: TestContext, options: Partial<SimulatorOptions> = {}): Promise<string> {
  const started = await startSimulator({ journal: 'count', ...options })
  t.after(() => started.stop())
  return started.url
}

test('where all is well, every check says so on a line of its own, in a fixed order, and nothing is changed', async (t) => {
  const trackerUrl = await tracker(t)
  const file = configFile('check-well', { trackerUrl })
  const { code, stdout, stderr } = await new CliProcess(t, ['check', '--config', file, '--online']).ended()
  assert.equal(stderr, '')
  const lines = stdout.trimEnd().split('\n')
  const [broker] = cluster.stack.brokers
  assert.deepEqual(
    lines.map((line) => line.replace(/\d+ ms/, 'N ms')),
    [
      `${file}: the configuration is sound`,
      `ok        broker ${broker}, N ms: reachable`,
      'ok        authentication, N ms: none configured, none asked for',
      'ok        cluster, N ms: 1 in the cluster, all reachable',
      `ok        topic ${SOURCE}, N ms: 3 partitions, readable`,
      'ok        topic check-well.retry.30s, N ms: not there yet; the first start makes it',
      'ok        topic check-well.retry.5m, N ms: not there yet; the first start makes it',
      'ok        topic check-well.dead-letter, N ms: not there yet; the first start makes it',
      'ok        group check-well, N ms: not there yet; the first start makes it',
      'ok        group check-well.retry, N ms: not there yet; the first start makes it',
      `ok        registry ${cluster.stack.registryUrl}, N ms: answers`,
      lines[11]?.replace(/\d+ ms/, 'N ms'),
      'ok        app android, N ms: the token fits',
      'ok        clock, N ms: as that of the registry; as that of the tracker',
      '13 ok',
    ],
  )
  assert.match(lines[11] ?? '', /^ok {8}mapping 1, com\.game\.Scored, \d+ ms: fits check-scores-value, version 1, id \d+$/)
  assert.equal(code, 0)
  const topics = await cluster.admin.listTopics()
  assert.ok(!topics.some((topic) => topic.startsWith('check-well')))
})

test('a broken configuration is one JSON object too, and nobody is asked anything', async (t) => {
  const file = configFile('check-broken', { trackerUrl: 'nowhere' })
  const { code, stdout, stderr } = await new CliProcess(t, ['check', '--config', file, '--json', '--online']).ended()
  assert.deepEqual([code, stderr], [78, ''])
  const { ok, problems, checks } = JSON.parse(stdout)
  assert.deepEqual([ok, problems.length, problems[0].key, problems[0].line, checks], [false, 1, 'tracker.endpoint', 4, []])
})

test('schema prints the published JSON Schema', async (t) => {
  const { code, stdout } = await new CliProcess(t, ['schema']).ended()
  assert.equal(code, 0)
  assert.equal(stdout, readFileSync(new URL('../../config/schema.json', import.meta.url), 'utf8'))
})

test('a broker and a registry that are not there leave the other checks alone', async (t) => {
  const trackerUrl = await tracker(t)
  const port = await closedPort()
  const registryUrl = `http://127.0.0.1:${port}`
  const file = configFile('check-gone', { brokers: [`127.0.0.1:${port}`], registryUrl, trackerUrl })
  const { code, ok, checks } = await checked(t, file)
  assert.equal(code, 1)
  assert.equal(ok, false)
  assert.deepEqual(
    checks.map(({ name, state }) => [name.split(' ')[0], state]),
    [
      ['broker', 'failed'],
      ['authentication', 'not tried'],
      ['cluster', 'not tried'],
      ...Array.from({ length: 4 }, () => ['topic', 'not tried']),
      ...Array.from({ length: 2 }, () => ['group', 'not tried']),
      ['registry', 'failed'],
      ['mapping', 'not tried'],
      ['app', 'ok'],
      ['clock', 'ok'],
    ],
  )
  const found = toldOf(checks, 'failed').map(([, text]) => text)
  for (const text of found) assert.match(text ?? '', /ECONNREFUSED/)
})

test('brokers that refuse the credentials are reachable, and the fault is one of authentication', async (t) => {
  const sasl = ', sasl: { mechanism: scram-sha-512, username: somebody, password: anything }'
  const { code, checks } = await checked(t, configFile('check-sasl', { trackerUrl: await tracker(t), sasl }))
  assert.equal(code, 1)
  const [broker, authentication, cluster, ...others] = checks
  assert.equal(broker?.state, 'ok')
  assert.equal(authentication?.state, 'failed')
  assert.equal(authentication?.cure, 'remove kafka.sasl, or write the port of its SASL listener')
  assert.equal(authentication?.found, 'the broker takes no credentials on this port')
  assert.equal(cluster?.state, 'not tried')
  assert.ok(others.some(({ state }) => state === 'ok'))
})

test('one broker of two that is not there is named, and the other one is asked', async (t) => {
  const trackerUrl = await tracker(t)
  const gone = `127.0.0.1:${await closedPort()}`
  const file = configFile('check-half', { brokers: [gone, ...cluster.stack.brokers], trackerUrl })
  const { code, checks } = await checked(t, file)
  assert.equal(code, 1)
  assert.deepEqual(
    toldOf(checks, 'failed').map(([name]) => name),
    [`broker ${gone}`],
  )
  assert.deepEqual(toldOf(checks, 'not tried'), [])
})

test('a topic that is not there is named, and none is made by asking', async (t) => {
  const trackerUrl = await tracker(t)
  const { code, checks } = await checked(t, configFile('check-missing', { topics: [SOURCE, 'check-nowhere'], trackerUrl }))
  assert.equal(code, 1)
  assert.deepEqual(toldOf(checks, 'failed'), [
    [
      'topic check-nowhere',
      'not found, or hidden from this user',
      'create it, mend its name in kafka.topics, or grant Describe and Read',
    ],
  ])
  assert.ok(!(await cluster.admin.listTopics()).includes('check-nowhere'))
})

test('topics of our own that are set otherwise are named: what loses records is a fault', async (t) => {
  const trackerUrl = await tracker(t)
  await cluster.createTopic('check-set.retry.30s', 2, { 'cleanup.policy': 'compact', 'retention.ms': '60000' })
  const larger = { 'retention.ms': '-1', 'max.message.bytes': '9000000' }
  await cluster.createTopic('check-set.retry.5m', 3, larger)
  const right = { 'cleanup.policy': 'delete', 'retention.ms': String(30 * 86_400_000), 'max.message.bytes': '2065536' }
  await cluster.createTopic('check-set.dead-letter', 3, right)
  const { code, checks } = await checked(t, configFile('check-set', { trackerUrl }))
  assert.equal(code, 1)
  const [failed] = toldOf(checks, 'failed')
  assert.equal(failed?.[0], 'topic check-set.retry.30s')
  const found = failed?.[1]?.split('; ')
  assert.equal(found?.[0], 'cleanup.policy is compact, which drops older records of a key')
  assert.equal(found?.[1], 'retention.ms is 60000, retry.retention says 604800000: records expire early')
  assert.match(found?.[2] ?? '', /^max\.message\.bytes is \d+: the largest records will not fit$/)
  assert.equal(found?.[3], '2 partitions instead of 3: fewer replicas can share the work')
  assert.match(failed?.[2] ?? '', /^set it to delete; set it to 604800000; set it to 2065536; add partitions/)
  assert.deepEqual(toldOf(checks, 'warning'), [
    [
      'topic check-set.retry.5m',
      'retention.ms is -1, retry.retention says 604800000; max.message.bytes is 9000000, 2065536 is enough',
      'set it to 604800000, or mend retry.retention; leave it, or lower it',
    ],
  ])
  const deadLetter = checks.find(({ name }) => name === 'topic check-set.dead-letter')
  assert.deepEqual([deadLetter?.state, deadLetter?.found], ['ok', '3 partitions, set as it should be'])
})

test('own topics that cannot be made are a fault before the start', async (t) => {
  const trackerUrl = await tracker(t)
  const { code, checks } = await checked(t, configFile('check-copies', { trackerUrl, retry: 'replicationFactor: 9, ' }))
  assert.equal(code, 1)
  assert.equal(toldOf(checks, 'failed').length, 3)
  assert.match(toldOf(checks, 'failed')[0]?.[1] ?? '', /^not found, and cannot be made: .*replication/i)
})

test('where topics are not to be made, missing ones are a fault', async (t) => {
  const trackerUrl = await tracker(t)
  const { code, checks } = await checked(t, configFile('check-unmade', { trackerUrl, retry: 'createTopics: false, ' }))
  assert.equal(code, 1)
  assert.equal(toldOf(checks, 'failed').length, 3)
  assert.equal(toldOf(checks, 'failed')[0]?.[1], 'not found, and retry.createTopics is false')
})

for (const subjects of ['record', 'topic-record']) {
  test(`subjects named by ${subjects} are found`, async (t) => {
    const { checks } = await checked(t, configFile(`check-by-${subjects}`, { trackerUrl: await tracker(t), subjects }))
    const mapping = checks.find(({ name }) => name.startsWith('mapping'))
    assert.equal(mapping?.state, 'ok')
    assert.ok(
      mapping?.found.startsWith(`fits ${subjects === 'record' ? NAMED : `${SOURCE}-${NAMED}`}, version 1`),
      mapping?.found,
    )
  })
}

test('a record that the registry does not know is named, with what stands in its place', async (t) => {
  const trackerUrl = await tracker(t)
  const byTopic = await checked(t, configFile('check-unknown', { trackerUrl, record: 'com.game.Scord' }))
  assert.equal(byTopic.code, 1)
  assert.deepEqual(toldOf(byTopic.checks, 'failed'), [
    [
      'mapping 1, com.game.Scord',
      'not in the registry: check-scores-value holds com.game.Scored',
      'mend the record of the mapping, register its schema, or change schemaRegistry.subjects',
    ],
  ])
  const byRecord = await checked(t, configFile('check-unknown', { trackerUrl, record: 'com.game.Scord', subjects: 'record' }))
  assert.equal(toldOf(byRecord.checks, 'failed')[0]?.[1], 'not in the registry: no subject com.game.Scord')
})

test('a path that the schema does not have is named', async (t) => {
  const trackerUrl = await tracker(t)
  const { code, checks } = await checked(t, configFile('check-path', { trackerUrl, path: 'plaer' }))
  assert.equal(code, 1)
  const [[name, found, cure] = []] = toldOf(checks, 'failed')
  assert.equal(name, 'mapping 1, com.game.Scored')
  assert.match(found ?? '', /^does not fit check-scores-value, version 1, id \d+: params\.customUserId: .*plaer/)
  assert.equal(cure, 'mend the mapping')
})

/** A tracker that knows the six methods and nothing else. */
const withoutProbes = ({ method }: FaultRequest) => (method === 'test-app-access' ? { status: 404 } : undefined)

test('a token that does not fit is a fault; a tracker that does not offer the question is none', async (t) => {
  const wrong = await checked(t, configFile('check-token', { trackerUrl: await tracker(t), token: 't2' }))
  assert.equal(wrong.code, 1)
  assert.deepEqual(toldOf(wrong.checks, 'failed')[0]?.slice(0, 2), ['app android', 'status 403: the token does not fit'])
  const silent = await checked(
    t,
    configFile('check-silent', { trackerUrl: await simulator(t, { fault: withoutProbes }), token: 't2' }),
  )
  assert.equal(silent.code, 0)
  const app = silent.checks.find(({ name }) => name === 'app android')
  assert.deepEqual([app?.state, app?.found], ['ok', 'not offered by this tracker; the token was not tried'])
})

test('a clock that is off is a warning, and a fault where it is far off', async (t) => {
  const withDate = async (aheadMs: number) => {
    const date = new Date(Date.now() + aheadMs).toUTCString()
    const options = { fault: () => ({ status: 404, headers: { date }, body: '{}' }) }
    const { code, checks } = await checked(t, configFile('check-clock', { trackerUrl: await simulator(t, options) }))
    const clock = checks.find(({ name }) => name === 'clock')
    return [code, clock?.state, clock?.found.replace(/\d+ s/, 'N s')]
  }
  assert.deepEqual(await withDate(120_000), [0, 'warning', 'N s behind the tracker'])
  assert.deepEqual(await withDate(-3_600_000), [1, 'failed', 'N s ahead of the tracker'])
})

test('a tracker and a registry that never answer cost a few seconds and no more', async (t) => {
  const url = await serving(t, () => undefined)
  const started = performance.now()
  const { code, checks } = await checked(t, configFile('check-hangs', { registryUrl: url, trackerUrl: url }))
  assert.equal(code, 1)
  assert.ok(performance.now() - started < 15_000)
  assert.deepEqual(
    toldOf(checks, 'failed').map(([name]) => name),
    [`registry ${url}`, 'app android'],
  )
})
