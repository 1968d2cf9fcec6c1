import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, test } from 'node:test'
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { METRIC_PREFIX, metricDefinitions } from '../../src/telemetry/metric-definitions.ts'
import { Asking } from '../support/asking.ts'
import { CliProcess } from '../support/cli-process.ts'
import { encodeScored, scoredSchema, scores, writeGameConfig } from '../support/game.ts'
import { serving } from '../support/serving.ts'
import { SinkProcess, until } from '../support/sink-process.ts'
import { sharedStack, threeNodes } from '../support/stack.ts'

const PARTITIONS = 3
const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())
const schemaId = await cluster.register('game', scoredSchema)

interface Scene {
  readonly topic: string
  readonly groupId: string
  readonly tracker: Simulator
  readonly sink: SinkProcess
  readonly asking: Asking
}

/** A tracker and a sink of the test's own, which is ready. */
async function scene(t: TestContext, name: string, faults: Partial<SimulatorOptions> = {}, more = ''): Promise<Scene> {
  const topic = `${name}-events`
  await cluster.createTopic(topic, PARTITIONS)
  const tracker = await startSimulator({ journal: 'hits', ...faults })
  t.after(() => tracker.stop())
  const groupId = `${name}-sink`
  const sink = new SinkProcess(t, writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url, more }))
  const asking = await Asking.of(sink)
  await until('it is ready', async () => (await asking.code('/readyz')) === 200)
  return { topic, groupId, tracker, sink, asking }
}

async function statusCommand(t: TestContext, ...args: readonly string[]) {
  return await new CliProcess(t, ['status', ...args]).ended()
}

const changesOf = ({ log }: SinkProcess): unknown[] =>
  log.filter(({ msg }) => msg === 'the state has changed').map(({ state }) => state)

test('idle, then delivering, then idle again: counts and metrics are true against what was produced', async (t) => {
  const { topic, groupId, sink, asking } = await scene(
    t,
    'counted',
    { latencyMs: 20, fault: ({ events }) => (isDoomed(events) ? { status: 500, body: '{}' } : undefined) },
    'retry: { inPlace: { attempts: 2, delay: 10ms, maxDelay: 20ms } }',
  )
  const before = await asking.until('it is idle', ({ state, partitions }) => state === 'idle' && partitions.length === PARTITIONS)
  assert.match(before.verdict, /Nothing to do/)
  assert.equal(before.groupId, groupId)
  assert.equal((await statusCommand(t, '--url', asking.url)).code, 0)

  const { messages } = scores(schemaId, 6_000, PARTITIONS)
  const beside = [
    { partition: 0, key: 'a', value: null },
    { partition: 1, key: 'b', value: Buffer.from('no frame') },
  ]
  await cluster.produce(topic, [...messages, ...beside])
  const busy = await asking.until('it delivers', ({ state }) => state === 'delivering')
  assert.match(busy.verdict, /^Delivering: /)
  await asking.until('the rest is done', ({ counts }) => counts.delivered === messages.length)
  // By itself, so that no batch of others is parked with it.
  await cluster.produce(topic, [{ partition: 2, key: 'c', value: encodeScored(schemaId, { id: 'doomed', player: 'doomed' }) }])
  const total = messages.length + beside.length + 1
  const done = await asking.until('all is done', ({ state, counts }) => state === 'idle' && counts.consumed === total)

  assert.deepEqual(done.counts.skipped, { tombstone: 1 })
  assert.deepEqual(done.counts.deadLettered, { 'not-framed': 1 })
  assert.deepEqual(done.counts.parked, { unavailable: 1 })
  assert.equal(done.counts.delivered, messages.length)
  const ends = await cluster.ends(topic)
  assert.deepEqual(
    done.partitions.map(({ committed, end, lag, open }) => ({ committed, end, lag, open })),
    ends.map((end) => ({ committed: end, end, lag: 0, open: 0 })),
  )
  assert.deepEqual(done.failures.map(({ stage, reason }) => `${stage} ${reason}`).sort(), [
    'decode not-framed',
    'delivery unavailable',
  ])
  await asking.until('it waits on its tier', ({ parked }) => parked.some(({ tier, waiting }) => tier === '30s' && waiting === 1))

  const metrics = await asking.metrics()
  for (const { name, kind } of metricDefinitions) assert.equal(metrics.types.get(METRIC_PREFIX + name), kind, name)
  const value = (name: string, labels = {}) => metrics.value(METRIC_PREFIX + name, labels)
  assert.equal(value('records_consumed_total', { topic }), total)
  assert.equal(value('records_delivered_total', { method: 'customEvent' }), messages.length)
  assert.equal(value('records_skipped_total', { reason: 'tombstone' }), 1)
  assert.equal(value('records_parked_total', { tier: '30s', reason: 'unavailable' }), 1)
  assert.equal(value('records_dead_lettered_total', { reason: 'not-framed' }), 1)
  assert.equal(value('requests_total'), done.counts.requests)
  assert.equal(value('requests_total', { status: 500 }), done.tracker.answers[500])
  assert.equal(value('request_duration_seconds_count'), done.counts.requests)
  assert.equal(value('batch_events_count'), done.counts.requests)
  assert.ok((value('batch_events_sum') ?? 0) >= messages.length)
  assert.ok((value('batch_bytes_sum') ?? 0) > messages.length * 50)
  assert.equal(value('record_latency_seconds_count'), messages.length)
  assert.ok((value('offset_commits_total', { result: 'ok' }) ?? 0) > 0)
  assert.equal(value('commit_duration_seconds_count'), value('offset_commits_total', { result: 'ok' }))
  assert.equal(value('rebalances_total'), 2)
  assert.equal(value('partitions_assigned'), PARTITIONS)
  assert.equal(value('parked_waiting', { tier: '30s' }), 1)
  for (const name of ['lag_records', 'lag_seconds', 'open_records', 'oldest_open_seconds', 'in_flight_requests']) {
    assert.equal(value(name), 0, name)
  }
  assert.equal(value('retention_left_seconds'), undefined)
  assert.equal(value('in_flight_limit'), 64)
  assert.equal(value('breaker_open'), 0)
  assert.equal(value('app_blocked'), 0)
  assert.ok((metrics.value('process_cpu_seconds_total') ?? 0) > 0)
  assert.equal(await sink.end('SIGTERM'), 0)
})

function isDoomed(events: readonly unknown[] | undefined): boolean {
  return events?.some((event) => (event as { customUserId?: unknown }).customUserId === 'doomed') ?? false
}

test('a tracker that refuses one app: blocked, the app is named, lag grows old, other apps go on', async (t) => {
  const { topic, sink, asking, tracker } = await scene(t, 'refused', {
    fault: ({ idApp }) => (idApp === '2' ? { status: 403, body: '{}' } : undefined),
  })
  await cluster.produce(topic, scores(schemaId, 300, PARTITIONS).messages)
  const blocked = await asking.until('it is blocked', ({ state }) => state === 'blocked')
  assert.match(
    blocked.verdict,
    /The tracker refuses the app web since .* UTC .*not committed yet.*token of web.*other apps go on/,
  )
  assert.deepEqual(
    blocked.apps.map(({ name, state }) => `${name} ${state}`),
    ['android ok', 'web blocked'],
  )
  await until('the other app is delivered', () => tracker.journal.hits.length === 240)
  await asking.until('it ages', ({ partitions }) =>
    partitions.some((each) => each.partition === 0 && each.lagSeconds > 1 && each.oldestOpenSeconds > 1),
  )

  const metrics = await asking.metrics()
  const value = (name: string, labels = {}) => metrics.value(METRIC_PREFIX + name, labels)
  assert.equal(value('app_blocked', { app: 'web' }), 1)
  assert.equal(value('app_blocked', { app: 'android' }), 0)
  assert.equal(value('open_records'), 60)
  assert.ok((value('lag_records') ?? 0) >= 60)
  assert.ok((value('oldest_open_seconds', { topic, partition: 0 }) ?? 0) > 1)
  const left = value('retention_left_seconds', { topic, partition: 0 }) ?? 0
  assert.ok(left > 7 * 86_400 - 600 && left < 7 * 86_400, `${left} s left of the broker's week`)

  const { code, stdout } = await statusCommand(t, '--url', asking.url)
  assert.equal(code, 1)
  assert.match(stdout, /^blocked since .*\nThe tracker refuses the app web/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of.
  assert.doesNotMatch(stdout, /\u001b/)
  const json = await statusCommand(t, '--url', asking.url, '--json')
  assert.equal((JSON.parse(json.stdout) as { state: string }).state, 'blocked')
  await until('the change is logged', () => changesOf(sink).includes('blocked'))
  assert.equal(changesOf(sink).filter((state) => state === 'blocked').length, 1)
  assert.equal(await asking.code('/livez'), 200)
  await sink.end('SIGTERM')
})

test('all requests fail, or go to the wrong place: blocked, and it says which', async (t) => {
  for (const [status, said] of [
    [503, /All requests to the tracker fail since/],
    [404, /as if we spoke to the wrong place.*tracker\.endpoint/],
  ] as const) {
    const fault = () => ({ status, body: '{}' })
    const { topic, sink, asking } = await scene(t, `fails-${status}`, { fault }, 'breaker: off')
    await cluster.produce(topic, scores(schemaId, 30, PARTITIONS).messages)
    const { verdict } = await asking.until(`it is blocked by ${status}`, ({ state }) => state === 'blocked')
    assert.match(verdict, said)
    assert.equal(await asking.code('/livez'), 200)
    assert.equal(await asking.code('/readyz'), 200)
    await sink.end('SIGTERM')
  }
})

test('a registry that does not answer: blocked, and lanes say that they wait', async (t) => {
  const topic = 'no-registry-events'
  await cluster.createTopic(topic, 1)
  await cluster.produce(topic, [{ partition: 0, key: 'p', value: encodeScored(schemaId, { id: '1', player: 'p' }) }])
  const registryUrl = await serving(t, (_request, response) => response.writeHead(503).end())
  const elsewhere = { ...cluster, stack: { ...cluster.stack, registryUrl } } as unknown as Cluster
  const file = writeGameConfig(elsewhere, directory, { topic, groupId: 'no-registry', trackerUrl: 'http://127.0.0.1:1' })
  const sink = new SinkProcess(t, file)
  const asking = await Asking.of(sink)
  const { verdict, partitions } = await asking.until('it is blocked', ({ state }) => state === 'blocked')
  assert.match(verdict, /The schema registry does not answer, and 1 partition waits/)
  assert.equal(partitions[0]?.state, 'waiting-for-schema')
  assert.equal(partitions[0]?.lag, 1)
  assert.equal(await asking.code('/livez'), 200)
  await sink.end('SIGTERM')
})

test('draining: not ready, and said so, while what is under way ends', async (t) => {
  const { topic, sink, asking } = await scene(t, 'drained', { latencyMs: 3_000 })
  await cluster.produce(topic, scores(schemaId, 300, PARTITIONS).messages)
  await asking.until('requests are under way', ({ tracker }) => tracker.inFlight > 0)
  const ended = sink.end('SIGTERM')
  const { verdict } = await asking.until('it drains', ({ state }) => state === 'draining')
  assert.match(verdict, /^Draining: \d+ requests? under way/)
  assert.equal(await asking.code('/readyz'), 503)
  assert.equal(await asking.code('/livez'), 200)
  assert.equal(await ended, 0)
})

test('a port in use ends the start; where nobody answers, status says so', async (t) => {
  const { sink, asking } = await scene(t, 'ported')
  const port = new URL(asking.url).port
  const file = writeGameConfig(cluster, directory, {
    topic: 'ported-events',
    groupId: 'ported-2',
    trackerUrl: 'http://127.0.0.1:1',
  })
  writeFileSync(file, readFileSync(file, 'utf8').replace('port: 0', `port: ${port}`))
  const second = new SinkProcess(t, file)
  assert.equal(await second.exited(), 1)
  assert.match(String(second.log.at(-1)?.error), new RegExp(`cannot listen on 127.0.0.1, port ${port}: another process has it`))
  assert.equal(await asking.code('/nothing'), 404)
  assert.match(await asking.text('/'), /\/status[\s\S]*\/metrics[\s\S]*\/livez[\s\S]*\/readyz/)
  assert.equal((await fetch(`${asking.url}/status`, { method: 'POST' })).status, 405)
  await sink.end('SIGTERM')
  const { code, stderr } = await statusCommand(t, '--url', asking.url)
  assert.equal(code, 1)
  assert.match(stderr, /cannot be reached \(ECONNREFUSED\); does the service run/)
})

test('every broker dead: alive all the same, and blocked because of them', async (t) => {
  let none = ''
  const stack = await threeNodes({ env: process.env, report: (line) => t.diagnostic(line) }, (why) => {
    none = why
  })
  if (stack === undefined) return t.skip(none)
  t.after(() => stack.stop())
  const own = await Cluster.connect(stack)
  await own.createTopic('dead-events', 1)
  const file = writeGameConfig(own, directory, { topic: 'dead-events', groupId: 'dead', trackerUrl: 'http://127.0.0.1:1' })
  const sink = new SinkProcess(t, file)
  const asking = await Asking.of(sink)
  await asking.until('it is idle', ({ state, partitions }) => state === 'idle' && partitions.length === 1)
  await own.close()
  for (const node of stack.nodes) await node.kill()
  const { verdict } = await asking.until('it is blocked', ({ state }) => state === 'blocked')
  assert.match(verdict, /No Kafka broker answers since/)
  assert.equal(await asking.code('/livez'), 200)
  await sink.end('SIGKILL')
})
