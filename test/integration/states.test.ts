/** States and causes that need something of the brokers, or time: each is brought about, and read from the status page. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { after, test } from 'node:test'
import { Cluster } from '../../src/stack/cluster.ts'
import { METRIC_PREFIX } from '../../src/telemetry/metric-definitions.ts'
import { encodeScored } from '../support/game.ts'
import { EVENTS, Scene } from '../support/scene.ts'
import { javaStack, sharedStack } from '../support/stack.ts'

const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())

test('starting: while a broker takes its time', async (t) => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.after(() => silent.close())
  const scene = await Scene.set(t, cluster, { name: 'starting' })
  scene.edit(/brokers: \[[^\]]*\]/, `brokers: ["127.0.0.1:${(silent.address() as AddressInfo).port}"]`)
  const { sink, asking } = await scene.begin()
  const { state, verdict } = await asking.status()
  assert.equal(state, 'starting')
  assert.match(verdict, /Nothing is read yet/)
  assert.equal(await asking.code('/readyz'), 503)
  assert.equal(await asking.code('/livez'), 200)
  await sink.end('SIGKILL')
})

test('rebalancing: while another instance waits for what is under way', async (t) => {
  const scene = await Scene.set(t, cluster, { name: 'rebalancing', latencyMs: 2_000 })
  const { sink, asking } = await scene.start()
  await scene.produce(3_000)
  await asking.until('requests are under way', ({ tracker }) => tracker.inFlight > 0)
  const joining = scene.start()
  const { verdict } = await asking.until('it lets go', ({ state }) => state === 'rebalancing')
  assert.match(verdict, /Partitions are being dealt out.*goes on by itself/)
  await asking.until('it goes on', ({ state, partitions }) => state === 'delivering' && partitions.length < 3)
  await (await joining).sink.end('SIGTERM')
  await sink.end('SIGTERM')
})

test('falling behind: more comes in than goes out for half a minute', async (t) => {
  const scene = await Scene.set(t, cluster, {
    name: 'behind',
    latencyMs: 400,
    more: 'delivery: { maxInFlight: 1, maxInFlightPerPartition: 1 }',
  })
  const { sink, asking } = await scene.start()
  const producing = setInterval(() => void scene.produce(300), 1_000)
  t.after(() => clearInterval(producing))
  const { verdict } = await asking.until('it falls behind', ({ state }) => state === 'falling-behind')
  clearInterval(producing)
  assert.match(
    verdict,
    /^Delivering, but more comes in than goes out since .* UTC: .* not committed yet, the oldest is .* old\. Add instances/,
  )
  await sink.end('SIGTERM')
})

test('a dead-letter topic that is gone: blocked, the partition is named, others go on, and it mends itself', async (t) => {
  const scene = await Scene.set(t, cluster, { name: 'unwritable' })
  const { sink, asking } = await scene.start()
  const topic = `${scene.groupId}.dead-letter`
  await cluster.admin.deleteTopics({ topics: [topic] })
  await cluster.produce(scene.topic, [{ partition: 1, key: 'b', value: Buffer.from('no frame') }])
  const { verdict, partitions } = await asking.until('it is blocked', ({ state }) => state === 'blocked')
  assert.match(verdict, /^A retry or dead-letter topic cannot be written since .*in sync.*nothing is committed past its records/)
  assert.deepEqual(
    partitions.map(({ state }) => state),
    ['idle', 'side-topic-failing', 'idle'],
  )
  await scene.produce()
  await asking.until('the others are delivered', () => scene.delivered === EVENTS)
  await cluster.createTopic(topic, 1)
  await scene.done(asking, EVENTS)
  assert.equal(await scene.onSideTopics(), 1)
  await sink.end('SIGTERM')
})

test('commits that the coordinator refuses: blocked, what arrives is delivered all the same, and it mends itself', async (t) => {
  const report = (line: string) => void process.stderr.write(`${line}\n`)
  // What is done behind an open record stands in the commit's metadata, for which there is no room.
  const extras = { properties: { 'offset.metadata.max.bytes': '1' } }
  const stack = await javaStack({ env: process.env, report, extras }, (why) => t.skip(why))
  if (stack === undefined) return
  t.after(() => stack.stop())
  const narrow = await Cluster.connect(stack)
  t.after(() => narrow.close())
  const more = 'breaker: off\nretry: { inPlace: { attempts: 100, delay: 250ms, maxDelay: 1s } }'
  const scene = await Scene.set(t, narrow, { name: 'uncommitted', more })
  const { sink, asking } = await scene.start()
  scene.fault = ({ events }) => (events?.some(isStuck) === true ? { status: 500 } : undefined)
  await narrow.produce(scene.topic, [
    { partition: 0, key: 's', value: encodeScored(scene.schemaId, { id: 's', player: 'stuck' }) },
  ])
  await asking.until('it is tried', ({ tracker }) => (tracker.answers[500] ?? 0) > 0)
  await scene.produce()
  const { verdict } = await asking.until(
    'it is blocked',
    ({ state, verdict: said }) => state === 'blocked' && said.startsWith('Commits'),
  )
  assert.match(verdict, /^Commits fail since .*coordinator.*delivered all the same/)
  await asking.until('they are delivered', () => scene.delivered === EVENTS)
  const failed = (await asking.metrics()).value(`${METRIC_PREFIX}offset_commits_total`, { result: 'failed' })
  assert.ok((failed ?? 0) > 0)
  scene.fault = undefined
  await scene.done(asking, EVENTS + 1)
  await sink.end('SIGTERM')
})

function isStuck(event: unknown): boolean {
  return (event as { customUserId?: unknown }).customUserId === 'stuck'
}
