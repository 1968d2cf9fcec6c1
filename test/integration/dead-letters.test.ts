import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import kafkajs from 'kafkajs'
import { memoryGroup } from '../../src/dead-letters/filter.ts'
import { createKafka } from '../../src/kafka/client.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import type { Stored } from '../../src/stack/cluster.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { CliProcess } from '../support/cli-process.ts'
import { scoredSchema } from '../support/game.ts'
import { Graveyard, reasons } from '../support/graveyard.ts'
import { SinkProcess, until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const PER_REASON = 125
/** Refused events that fill a chunk of a replay. */
const CHUNK = 5

const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())
const schemaId = await cluster.register('game', scoredSchema)
const kafka = createKafka({
  brokers: cluster.stack.brokers,
  clientId: 'dead-letters-test',
  ssl: false,
  sasl: undefined,
  onLog: () => undefined,
})
const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, allowAutoTopicCreation: false })
await producer.connect()
after(() => producer.disconnect())

const ground = { cluster, producer, schemaId, directory }
const graveyard = new Graveyard(ground, 'grave')
await graveyard.create()
await graveyard.bury(Array.from({ length: PER_REASON * reasons.length }, (_, index) => graveyard.letter(index)))

const jsonLines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

test('list prints one line for each, up to its limit, and counts all', async (t) => {
  const { code, stdout, stderr } = await graveyard.run(t, 'list', '--limit', '3')
  assert.equal(code, 0, stderr)
  const lines = stdout.trimEnd().split('\n')
  assert.match(lines[0] ?? '', /^0@0 {2}\d{4}-\S+Z {2}rejected {2}4 attempts {2}grave-events-0@0 {2}by plan 0$/)
  assert.deepEqual(lines.slice(3), [
    'and 497 more: --limit N prints them',
    '500 dead letters in grave-sink.dead-letter',
    '  by reason: invalid-hit 125, malformed 125, rejected 125, unknown-schema 125',
    '  by topic:  grave-events 500',
  ])
  const [first, second] = await Promise.all([
    graveyard.run(t, 'list', '--json', '--reason', 'malformed', '--limit', '200', '--since', '1h', '--topic', graveyard.topic),
    graveyard.run(t, 'list', '--json', '--until', '1h'),
  ])
  const facts = jsonLines(first.stdout)
  assert.deepEqual(facts.pop(), {
    summary: { total: 125, shown: 125, byReason: { malformed: 125 }, byTopic: { 'grave-events': 125 } },
  })
  assert.deepEqual(new Set(facts.map((each) => (each as { reason: string }).reason)), new Set(['malformed']))
  assert.equal(facts.length, 125)
  assert.deepEqual(jsonLines(second.stdout), [{ summary: { total: 0, shown: 0, byReason: {}, byTopic: {} } }])
})

test('show tells all but the values, and the values too when asked, but for credentials', async (t) => {
  const [hidden, open, undecodable] = await Promise.all([
    graveyard.run(t, 'show', '--reason', 'invalid-hit'),
    graveyard.run(t, 'show', '--reason', 'invalid-hit', '--values', '--json'),
    graveyard.run(t, 'show', '--reason', 'unknown-schema', '--limit', '1'),
  ])
  assert.equal(hidden.code, 0, hidden.stderr)
  assert.match(hidden.stdout, /"player": "<string \d+>"/)
  assert.match(hidden.stdout, /"at": "<long>"/)
  assert.match(hidden.stdout, /"platform": "<enum>"/)
  assert.match(hidden.stdout, /schema {8}\d+, com\.game\.Scored/)
  assert.match(hidden.stdout, /and 25 more/)
  for (const leak of ['secret', 'key-', 'ANDROID', 'trace-', 'Bearer', '1750000000000']) {
    assert.ok(!hidden.stdout.includes(leak), `${leak} is shown`)
  }
  const [letter] = jsonLines(open.stdout) as [Record<string, unknown>]
  const { event, headers } = letter as { event: Record<string, unknown>; headers: Record<string, string> }
  assert.match(String(event.player), /^secret-\d+$/)
  assert.match(headers.trace ?? '', /^trace-\d+$/)
  assert.equal(headers.authorization, '***')
  assert.ok(!open.stdout.includes('Bearer'))
  assert.match(undecodable.stdout, /no event {6}the registry knows no schema 987654/)
  assert.ok(!undecodable.stdout.includes('first bytes'))
})

test('a replay that is killed goes on from its memory: all arrive, at most one chunk twice, then there is nothing to do', async (t) => {
  const replay = ['replay', '--reason', 'rejected'] as const
  const dry = await graveyard.run(t, ...replay)
  assert.equal(dry.code, 0, dry.stderr)
  assert.match(dry.stdout, /^dry run: 125 dead letters would go to grave-sink\.retry\.30s\n {2}by reason: rejected 125\n/)
  assert.match(dry.stdout, /to do it: mytracker-sink dead-letters replay --config \S+ --reason rejected --execute/)
  assert.equal(await graveyard.onTier(), 0)

  const killed = graveyard.start(t, ...replay, '--execute')
  await until('the first chunk is on the tier', async () => (await graveyard.onTier()) > 0)
  killed.kill('SIGKILL')
  assert.equal((await killed.ended()).code, null)
  const reached = await graveyard.onTier()
  assert.ok(reached > 0 && reached < PER_REASON, `${reached} were written before the kill`)

  const second = graveyard.start(t, ...replay, '--execute')
  await until('it waits for the killed one', () => second.stderr.includes('waiting up to'))
  // The end stood before this one came: it is for the next run.
  await graveyard.bury([graveyard.letter(500, 'rejected')])
  const { code, stdout, stderr } = await second.ended()
  assert.equal(code, 0, stderr)
  assert.match(stdout, /put back on grave-sink\.retry\.30s, due at once/)

  const onTier = await cluster.readAll(graveyard.tier)
  checkTier(onTier)
  const third = await graveyard.run(t, ...replay, '--execute', '--json')
  assert.equal(third.code, 0, third.stderr)
  assert.equal((JSON.parse(third.stdout) as { total: number }).total, 1)
  const fourth = await graveyard.run(t, ...replay, '--execute')
  assert.equal(fourth.code, 0, fourth.stderr)
  assert.match(fourth.stdout, /^nothing to replay\n126 dead letters of this filter were replayed before; --again starts over\n$/)
  assert.deepEqual(await cluster.ends(graveyard.topic), [0, 0, 0], 'nothing on the source topic')
  const { groups } = await cluster.admin.listGroups()
  assert.deepEqual(
    groups.filter(({ groupId }) => groupId.startsWith('grave-sink.dead-letters.')),
    [],
    'no group is left behind',
  )
})

/** Every refused record once, at most one chunk twice, in the order of its partition, with its history's beginning and nothing else. */
function checkTier(onTier: readonly Stored[]): void {
  const expected = Array.from({ length: PER_REASON }, (_, at) => at * reasons.length)
  const origins = onTier.map(({ headers }) => Number(headers['mts-origin-offset']))
  assert.deepEqual(
    [...new Set(origins)].toSorted((a, b) => a - b),
    expected,
  )
  assert.ok(origins.length - expected.length <= CHUNK, `${origins.length - expected.length} came twice`)
  for (const { key, value, headers, partition } of onTier) {
    const index = Number(headers['mts-origin-offset'])
    const { record } = graveyard.letter(index)
    assert.equal(partition, record.partition % 2)
    assert.deepEqual(value, record.value)
    assert.equal(key, record.key === null ? null : Buffer.from(record.key, 'latin1').toString())
    assert.deepEqual(headers, {
      trace: `trace-${index}`,
      authorization: `Bearer ${index}`,
      'mts-origin-topic': graveyard.topic,
      'mts-origin-partition': String(record.partition),
      'mts-origin-offset': String(index),
      'mts-origin-timestamp': String(record.timestamp),
    })
  }
}

test('a limit ends a replay there, the same command goes on behind it, and --again starts over', async (t) => {
  const limited = new Graveyard(ground, 'limited')
  await limited.create()
  await limited.bury(Array.from({ length: 30 }, (_, index) => limited.letter(index, 'invalid-hit')))
  const offsets = async (): Promise<number[]> =>
    (await cluster.readAll(limited.tier)).map(({ headers }) => Number(headers['mts-origin-offset'])).toSorted((a, b) => a - b)
  assert.equal((await limited.run(t, 'replay', '--execute', '--limit', '7')).code, 0)
  assert.deepEqual(await offsets(), [0, 3, 6, 9, 12, 15, 18])
  const dry = JSON.parse((await limited.run(t, 'replay', '--json')).stdout) as Record<string, unknown>
  assert.deepEqual([dry.total, dry.replayedBefore, dry.executed], [23, 7, false])
  assert.equal((await limited.run(t, 'replay', '--execute')).code, 0)
  assert.deepEqual(
    await offsets(),
    Array.from({ length: 30 }, (_, index) => index),
  )
  assert.equal((await limited.run(t, 'replay', '--execute', '--again', '--limit', '2')).code, 0)
  assert.equal((await offsets()).length, 32)
  const rest = await limited.run(t, 'replay', '--execute')
  assert.match(rest.stdout, /^28 dead letters put back/, 'after a new start that was cut short, the rest of it')
})

test('Ctrl-C ends a replay behind the chunk that is under way: all that is on the tier is remembered', async (t) => {
  const stopped = new Graveyard(ground, 'stopped')
  await stopped.create()
  await stopped.bury(Array.from({ length: 150 }, (_, index) => stopped.letter(index, 'rejected')))
  const process = stopped.start(t, 'replay', '--execute', '--json')
  await until('the first chunk is on the tier', async () => (await stopped.onTier()) > 0)
  process.kill('SIGINT')
  const { code, stdout, stderr } = await process.ended()
  assert.equal(code, 130, stderr)
  const { total, ended } = JSON.parse(stdout) as { total: number; ended: string }
  assert.deepEqual([ended, await stopped.onTier()], ['interrupted', total])
  assert.ok(total < 150)
  const dry = JSON.parse((await stopped.run(t, 'replay', '--json')).stdout) as Record<string, unknown>
  assert.deepEqual([dry.total, dry.replayedBefore], [150 - total, total])
})

test('a tier that refuses a record ends the replay with 1, and what was written before it is not written again', async (t) => {
  const refused = new Graveyard(ground, 'refused')
  await refused.create()
  await refused.limitTier(50_000)
  const letters = Array.from({ length: 30 }, (_, index) => refused.letter(index, index === 16 ? 'rejected' : 'malformed'))
  await refused.bury(letters)
  const first = await refused.run(t, 'replay', '--execute')
  assert.equal(first.code, 1)
  assert.match(first.stdout, /^10 dead letters put back/)
  assert.match(first.stderr, /the replay stopped: .*larger than the max message size/)
  await refused.limitTier(1_000_000)
  const second = await refused.run(t, 'replay', '--execute')
  assert.match(second.stdout, /^20 dead letters put back/, second.stderr)
  assert.equal(await refused.onTier(), 30)
})

test('what was put back, the service delivers at once', async (t) => {
  const tracker = await startSimulator({ journal: 'hits' })
  t.after(() => tracker.stop())
  const mended = new Graveyard(ground, 'mended', tracker.url)
  await mended.create()
  await mended.bury(Array.from({ length: 6 }, (_, index) => mended.letter(index, 'invalid-hit')))
  assert.equal((await mended.run(t, 'replay', '--execute')).code, 0)
  const sink = new SinkProcess(t, mended.config)
  // The tier's delay is 30 s.
  await until('all are delivered', () => tracker.journal.hits.length === 6, 20_000)
  assert.equal(await sink.end('SIGTERM'), 0)
})

test('a replay that runs elsewhere is left alone', async (t) => {
  const busy = new Graveyard(ground, 'busy')
  await busy.create()
  await busy.bury([busy.letter(0, 'malformed')])
  const holder = kafka.consumer({ groupId: memoryGroup(busy.groupId, {}) })
  let joins = 0
  holder.on(holder.events.GROUP_JOIN, () => {
    joins += 1
  })
  t.after(() => holder.disconnect())
  await holder.connect()
  await holder.subscribe({ topics: [busy.deadLetter] })
  await holder.run({ autoCommit: false, eachMessage: async () => undefined })
  await until('the other is there', () => joins > 0)
  const { code, stderr } = await busy.run(t, 'replay', '--execute')
  assert.equal(code, 1)
  assert.match(stderr, /the same replay is running on \d+\.\d+\.\d+\.\d+/)
  assert.deepEqual([joins, await busy.onTier()], [1, 0])
})

test('records that have expired, transaction markers and letters without a value hold nothing up', async (t) => {
  const odd = new Graveyard(ground, 'odd')
  await odd.create()
  await odd.bury(Array.from({ length: 9 }, (_, index) => odd.letter(index, 'malformed')))
  // Asked for first, since kafkajs deletes in topics only whose leaders it has looked up before.
  assert.deepEqual(await cluster.ends(odd.deadLetter), [3, 3, 3])
  const partitions = [
    { partition: 0, offset: '3' },
    { partition: 1, offset: '1' },
  ]
  await cluster.admin.deleteTopicRecords({ topic: odd.deadLetter, partitions })
  const writer = kafka.producer({ transactionalId: 'odd', maxInFlightRequests: 1, idempotent: true })
  t.after(() => writer.disconnect())
  await writer.connect()
  for (const commits of [false, true]) {
    const transaction = await writer.transaction()
    // The aborted one stands alone in its partition: a fetch of it holds no record at all.
    await transaction.send({
      topic: odd.deadLetter,
      messages: [commits ? { partition: 2, value: null } : { partition: 0, value: 'x' }],
    })
    await (commits ? transaction.commit() : transaction.abort())
  }
  const { code, stdout, stderr } = await odd.run(t, 'replay', '--execute')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^5 dead letters put back[\s\S]*1 dead letter without a value left out/)
  assert.equal(await odd.onTier(), 5)
})

test('an unknown reason, a missing topic and a bad configuration each end with a sentence that says what to do', async (t) => {
  const nowhere = new Graveyard(ground, 'nowhere')
  const [reason, time, missing, config] = await Promise.all([
    graveyard.run(t, 'list', '--reason', 'rejectd'),
    graveyard.run(t, 'list', '--since', 'yesterday'),
    nowhere.run(t, 'replay'),
    new CliProcess(t, ['dead-letters', 'list', '--config', 'nowhere.yaml']).ended(),
  ])
  assert.equal(reason.code, 1)
  assert.match(reason.stderr, /Write one of not-framed, .*did you mean "rejected"\?/)
  assert.equal(time.code, 1)
  assert.match(time.stderr, /Write a duration ago like 30m/)
  assert.equal(missing.code, 1)
  assert.match(
    missing.stderr,
    /nowhere-sink\.dead-letter and nowhere-sink\.retry\.30s not found on the brokers: run the service once/,
  )
  assert.ok(!(await cluster.admin.listTopics()).includes(nowhere.deadLetter), 'nothing is made')
  assert.equal(config.code, 78)
  for (const { stderr } of [reason, time, missing, config]) assert.doesNotMatch(stderr, /\n\s+at /)
})
