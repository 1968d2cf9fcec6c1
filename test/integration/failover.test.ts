/** One of three brokers is killed while records are written to a side topic. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, test } from 'node:test'
import { Broker } from '../../src/kafka/broker.ts'
import { ownTopics } from '../../src/kafka/topics.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import type { Sample } from '../support/failover.ts'
import { busiestNode, CommitWatch, firstCopies, leadersMoved, restore, Writers } from '../support/failover.ts'
import { scoredSchema, scores, writeGameConfig } from '../support/game.ts'
import { SinkProcess, until } from '../support/sink-process.ts'
import { threeNodes } from '../support/stack.ts'

const PARTITIONS = 6
const EVENTS = 6_000
const WRITERS = 12
const DAY_MS = 86_400_000
/** Of one partition one write is under way, of so many records at most. */
const WRITE_MAX = 500
const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-failover-'))
after(() => rmSync(directory, { recursive: true, force: true }))

let skip: string | false = false
const report = (line: string) => void process.stderr.write(`${line}\n`)
const stack = await threeNodes({ env: process.env, report }, (why) => {
  skip = why
})
after(() => stack?.stop())
const connected = stack === undefined ? undefined : await Cluster.connect(stack)
after(() => connected?.close())

interface Names {
  readonly groupId: string
  readonly topic: string
  readonly tier: string
}

test('a leader is killed while records are parked: none is lost, none is committed before it is parked', { skip }, async (t) => {
  const cluster = connectedCluster()
  const names = { topic: 'parked-events', groupId: 'parked-sink', tier: 'parked-sink.retry.1h' }
  await cluster.createTopic(names.topic, PARTITIONS, {}, 3)
  // The broker stamps these records when it appends them, so that they can be compared with what was committed when.
  await cluster.createTopic(names.tier, PARTITIONS, { 'message.timestamp.type': 'LogAppendTime' }, 3)
  const { messages } = scores(await cluster.register('game', scoredSchema), EVENTS, PARTITIONS)
  await cluster.produce(names.topic, messages)
  const { node, leads } = await busiestNode(cluster, names.tier)
  const sink = await startSink(t, cluster, names)

  const watch = new CommitWatch(cluster, names)
  t.after(() => watch.stop())
  let atKill = 0
  await until('a third is parked', async () => {
    atKill = sum(await cluster.ends(names.tier))
    return atKill > EVENTS / 3
  })
  await node.kill()
  assert.ok(atKill < EVENTS, 'it was killed too late')
  await leadersMoved(cluster, names.tier, node)
  await until('all events are committed', () => sum(watch.samples.at(-1)?.committed ?? []) === EVENTS)
  await watch.stop()
  assert.equal(await sink.end('SIGTERM'), 0)
  await restore(cluster, node)

  const stored = await cluster.readAll(names.tier)
  const parked = firstCopies(stored)
  const duplicates = stored.length - parked.size
  t.diagnostic(
    `killed node ${node.id}, leader of ${leads} of ${PARTITIONS} partitions of the tier, with ${atKill} records parked`,
  )
  t.diagnostic(
    `${EVENTS} records, ${duplicates} duplicates; ${watch.samples.length} looks at the offsets, ${watch.missed} failed`,
  )
  assert.equal(parked.size, EVENTS, 'a record is not on the tier')
  assert.ok(duplicates <= leads * WRITE_MAX, `${duplicates} duplicates`)
  for (const sample of watch.samples) assertParked(sample, parked)
})

async function startSink(t: TestContext, cluster: Cluster, { topic, groupId }: Names): Promise<SinkProcess> {
  const fault = () => ({ status: 500, body: '{"error": "Internal Server Error"}' })
  const tracker = await startSimulator({ journal: 'count', fault })
  t.after(() => tracker.stop())
  const more = 'retry: { inPlace: { attempts: 2, delay: 5ms, maxDelay: 20ms }, tiers: [1h], replicationFactor: 3 }\nbreaker: off'
  return new SinkProcess(t, writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url, more }))
}

/** The tracker accepts nothing here, so whatever is committed must have been on the tier by then. */
function assertParked({ committed, at }: Sample, parked: ReturnType<typeof firstCopies>): void {
  committed.forEach((offset, partition) => {
    for (let before = 0; before < offset; before += 1) {
      const isParked = (parked.get(`${partition}@${before}`)?.timestamp ?? Number.POSITIVE_INFINITY) <= at
      assert.ok(isParked, `partition ${partition} was committed up to ${offset}, but ${before} was not parked yet`)
    }
  })
}

test('a leader is killed, twice, while many writes are under way: those that resolved are whole', { skip }, async (t) => {
  const cluster = connectedCluster()
  const topic = 'direct-events'
  await cluster.createTopic(topic, PARTITIONS, {}, 3)
  const tier = 'direct-sink.retry.1h'
  const sideExit = await sideExitOf(t, cluster, { topic, groupId: 'direct-sink' })
  const writers = new Writers(sideExit, { writers: WRITERS, partitions: PARTITIONS })
  t.after(() => writers.stop())
  const more = async (count: number) => {
    const goal = writers.acknowledged.length + count
    await until(`${count} more are acknowledged`, () => writers.acknowledged.length > goal)
  }
  for (const round of [1, 2]) {
    await more(1_000)
    const { node, leads } = await busiestNode(cluster, tier)
    await node.kill()
    await leadersMoved(cluster, tier, node)
    await more(1_000)
    t.diagnostic(`kill ${round}: node ${node.id}, leader of ${leads} of ${PARTITIONS} partitions`)
    await restore(cluster, node)
  }
  await writers.stop()

  const stored = await cluster.readAll(tier)
  const copies = firstCopies(stored)
  const lost = writers.acknowledged.filter((origin) => !copies.has(origin))
  t.diagnostic(
    `${writers.acknowledged.length} records acknowledged, ${writers.refused} writes refused, ${stored.length - copies.size} duplicates, ${lost.length} lost`,
  )
  assert.deepEqual(lost, [])
})

async function sideExitOf(t: TestContext, { stack }: Cluster, { topic, groupId }: { topic: string; groupId: string }) {
  const connection = { clientId: groupId, ssl: false, sasl: undefined, onLog: () => undefined }
  const broker = await Broker.connect({ ...connection, brokers: stack.brokers })
  t.after(() => broker.close())
  return await broker.sideExit({
    sources: [topic],
    own: ownTopics(groupId, [{ name: '1h', delay: 3_600_000 }]),
    createTopics: true,
    partitions: PARTITIONS,
    replicationFactor: 3,
    retention: DAY_MS,
    deadLetterRetention: DAY_MS,
  })
}

function connectedCluster(): Cluster {
  if (connected === undefined) throw new Error('this test is skipped where there are no three nodes')
  return connected
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
