/** A consumer that has crashed or come to a stand is made anew; one that is stopped stays away. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { after, test } from 'node:test'
import type { StallLimits } from '../../src/kafka/session-watch.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { Listener } from '../contract/listener.ts'
import { REQUEST_MS, Relay, requests } from '../support/relay.ts'
import { patient, RelayedSink, relayedConsumer, relayedMember, SESSION_MS } from '../support/relayed-sink.ts'
import { until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const PARTITIONS = 3
const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())

async function groupOf(t: TestContext, topic: string, limits: Partial<StallLimits> = {}) {
  await cluster.createTopic(topic, PARTITIONS)
  const relay = await Relay.start(t, cluster.stack.brokers)
  return { topic, groupId: `${topic}-sink`, relay, stallLimits: { ...patient, ...limits } }
}

test('commits without an answer: a new session reads on behind what was committed, nothing is lost, and it commits', async (t) => {
  const group = await groupOf(t, 'lost-commits', { commitMs: 2_000 })
  const sink = await RelayedSink.start(t, cluster, group)
  const before = sink.delivered.length
  group.relay.lose(requests.commit)
  await sink.produce()
  await until('the rest is delivered, though not committed', () => sink.delivered.length === 2 * before)
  assert.deepEqual(sink.rebuilt, [])
  await until('it is made anew', () => sink.rebuilt.length > 0)
  await sink.produce()
  // The answer that the old session waits for holds nothing up.
  await sink.deliversAll(REQUEST_MS / 2)
  t.diagnostic(`${sink.delivered.length} delivered, ${sink.delivered.length - new Set(sink.delivered).size} twice`)
  assert.deepEqual([sink.rebuilt, sink.failure], [['commits'], undefined])
  assert.ok(sink.delivered.length <= 4 * before, 'no more than what was not committed comes twice')
})

test('connections that have gone silent: a new session delivers and commits over new ones', async (t) => {
  const group = await groupOf(t, 'silence', { fetchMs: 2_000 })
  const sink = await RelayedSink.start(t, cluster, group)
  group.relay.lose()
  await sink.produce()
  await sink.deliversAll()
  assert.deepEqual([sink.rebuilt, sink.failure], [['fetches'], undefined])
})

test('a join without an answer: a new session joins', async (t) => {
  const group = await groupOf(t, 'lost-join', { joinMs: 2_000 })
  const sink = await RelayedSink.start(t, cluster, group)
  group.relay.lose(requests.join)
  const second = await relayedMember(t, cluster, {
    ...group,
    relay: await Relay.start(t, cluster.stack.brokers),
    stallLimits: patient,
  })
  await until('it is made anew', () => sink.rebuilt.length > 0)
  await until('both have partitions', () => second.listener.resumes.length > 0 && second.listener.resumes.length < PARTITIONS)
  await second.member.stop()
  await sink.produce()
  await sink.deliversAll()
  assert.deepEqual([sink.rebuilt, sink.failure], [['join'], undefined])
})

test('connections that break, and none can be made for a while: kafkajs crashes, and a new session delivers and commits', async (t) => {
  const group = await groupOf(t, 'crash')
  const sink = await RelayedSink.start(t, cluster, group)
  group.relay.cut()
  await sink.produce()
  await until('it is made anew, in vain', () => sink.rebuilt.length > 1)
  group.relay.mend()
  await sink.deliversAll()
  assert.equal(sink.failure, undefined)
  assert.ok(sink.rebuilt.every((reason) => reason === 'crash'))
})

test('a member that is stopped while it joins has left the group, fetches nothing and keeps no connection', async (t) => {
  const group = await groupOf(t, 'stopped-joining')
  const first = await relayedMember(t, cluster, { ...group, relay: await Relay.start(t, cluster.stack.brokers) })
  const asked = Promise.withResolvers<void>()
  const held = Promise.withResolvers<void>()
  first.listener.onRevoking = async () => {
    asked.resolve()
    await held.promise
  }
  const late = new Listener()
  const member = (await relayedConsumer(cluster, group))(late.handlers)
  const starting = member.start()
  await asked.promise
  const stopping = member.stop()
  held.resolve()
  await stopping
  await starting
  first.listener.onRevoking = async () => undefined
  await until('no connection is left', () => group.relay.connections === 0)
  await until('it is no member', async () => (await membersOf(group.groupId)) === 1, SESSION_MS / 2)
  await until('the other has all', () => first.listener.resumes.length === PARTITIONS)
  await cluster.produce(group.topic, [{ partition: 0, key: null, value: Buffer.from('x') }])
  await until('the other reads', () => first.listener.records.length === 1)
  assert.deepEqual([group.relay.seen(requests.fetch), late.happened, late.records], [0, [], []])
})

test('a member that is stopped while it crashes does not come back, as one that is not stopped does', async (t) => {
  const group = await groupOf(t, 'stopped-crashed')
  const control = { ...group, groupId: 'stopped-crashed-control', relay: await Relay.start(t, cluster.stack.brokers) }
  const [stopped, other] = [await relayedMember(t, cluster, group), await relayedMember(t, cluster, control)]
  const crashed = Promise.withResolvers<void>()
  group.relay.onCrash = crashed.resolve
  for (const { relay } of [group, control]) relay.cut()
  await crashed.promise
  await stopped.member.stop()
  await until('the other has crashed', () => other.rebuilt.length > 0)
  for (const { relay } of [group, control]) relay.mend()
  await cluster.produce(group.topic, [{ partition: 0, key: null, value: Buffer.from('x') }])
  await until('the other is back', () => other.listener.records.length === 1)
  assert.deepEqual([group.relay.connections, stopped.listener.records.length, await membersOf(group.groupId)], [0, 0, 0])
})

async function membersOf(groupId: string): Promise<number> {
  const { groups } = await cluster.admin.describeGroups([groupId])
  return groups[0]?.members.length ?? 0
}
