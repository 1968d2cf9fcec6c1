/** Records that expire just while partitions are dealt out: each range that was missed is said once, and none that was not. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { after, test } from 'node:test'
import { Cluster } from '../../src/stack/cluster.ts'
import { range } from '../contract/listener.ts'
import { Relay, requests } from '../support/relay.ts'
import type { Group } from '../support/relayed-sink.ts'
import { patient, relayedMember } from '../support/relayed-sink.ts'
import { until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const RECORDS = 100
const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())

const produce = (topic: string, partition: number, count: number) =>
  cluster.produce(
    topic,
    range(0, count).map(() => ({ partition, key: null, value: Buffer.from('x') })),
  )

const deleteBelow = (topic: string, partitions: readonly number[], offset: number): Promise<void> =>
  cluster.admin.deleteTopicRecords({ topic, partitions: partitions.map((partition) => ({ partition, offset: String(offset) })) })

/** A topic of which the first ten records of each partition are committed, by a group that nobody is in. */
async function groupOf(t: TestContext, topic: string, partitions = 1): Promise<Group> {
  await cluster.createTopic(topic, partitions)
  for (const partition of range(0, partitions)) await produce(topic, partition, RECORDS)
  const group = { topic, groupId: `${topic}-sink`, stallLimits: patient }
  const { member } = await relayedMember(t, cluster, { ...group, relay: await Relay.start(t, cluster.stack.brokers) })
  await member.commit(range(0, partitions).map((partition) => ({ topic, partition, offset: 10, runs: [] })))
  await member.stop()
  return { ...group, relay: await Relay.start(t, cluster.stack.brokers) }
}

test('records expire between the look at the log and the handing out', async (t) => {
  const group = await groupOf(t, 'expiring-after-look')
  const { relay, topic } = group
  const afterLook = async (): Promise<void> => {
    await deleteBelow(topic, [0], 50)
    await until(
      'the place is out of range',
      () => relay.seen(requests.listOffsets) === 2 && relay.unanswered(requests.listOffsets) === 0,
    )
  }
  const { listener, missed } = await relayedMember(t, cluster, { ...group, afterLook })
  await until('the rest is read', () => listener.offsetsOf(0).at(-1) === RECORDS - 1)
  assert.deepEqual([missed, listener.offsetsOf(0)], [[{ partition: 0, from: 10, to: 50 }], range(50, RECORDS)])
})

test('records had expired before the look, and more expire before a broker says that the place is out of range', async (t) => {
  const group = await groupOf(t, 'expiring-on')
  const { relay, topic } = group
  await deleteBelow(topic, [0], 50)
  relay.hold(requests.fetch)
  relay.hold(requests.listOffsets)
  const afterLook = async (): Promise<void> => {
    await until('a fetch is refused', () => relay.held(requests.fetch) === 1)
    await deleteBelow(topic, [0], 60)
    relay.release(requests.fetch)
    await until('it is asked where the log begins', () => relay.held(requests.listOffsets) === 1)
  }
  const { listener, missed } = await relayedMember(t, cluster, { ...group, afterLook })
  relay.release(requests.listOffsets)
  await until('the rest is read', () => listener.offsetsOf(0).at(-1) === RECORDS - 1)
  const ranges = [
    { partition: 0, from: 10, to: 50 },
    { partition: 0, from: 50, to: 60 },
  ]
  assert.deepEqual([missed, listener.offsetsOf(0)], [ranges, range(60, RECORDS)])
})

test('partitions are dealt out again: what a member has is not missed, and what was said is not said again', async (t) => {
  const group = await groupOf(t, 'expired-behind', 2)
  const { relay, topic } = group
  await deleteBelow(topic, [1], 30)
  const { member, listener, missed } = await relayedMember(t, cluster, group)
  await until('all is read', () => [0, 1].every((partition) => listener.offsetsOf(partition).at(-1) === RECORDS - 1))
  await deleteBelow(topic, [0, 1], 50)
  relay.hold(requests.listOffsets)
  // One goes on behind what it has, and the other is read again from what is committed.
  listener.onAssigned = () => member.seek(topic, 0, RECORDS)
  // A partition more lets the group join again.
  await cluster.admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
  await until(
    'they are dealt out, and an old place is looked for still',
    () => listener.partitions === '0 1 2' && relay.held(requests.listOffsets) > 0,
  )
  relay.release(requests.listOffsets)
  for (const partition of [0, 1]) await produce(topic, partition, 5)
  await until('the new ones are read', () => [0, 1].every((partition) => listener.offsetsOf(partition).at(-1) === RECORDS + 4))
  assert.deepEqual(listener.offsetsOf(0), range(10, RECORDS + 5))
  assert.deepEqual(listener.offsetsOf(1), [...range(30, RECORDS), ...range(50, RECORDS + 5)])
  const ranges = [
    { partition: 1, from: 10, to: 30 },
    { partition: 1, from: 30, to: 50 },
  ]
  assert.deepEqual(missed, ranges)
})

test('what was missed of a log that is gone hides nothing that is missed of the one made anew', async (t) => {
  const group = await groupOf(t, 'expiring-anew')
  const { topic } = group
  await deleteBelow(topic, [0], 50)
  const { listener, missed } = await relayedMember(t, cluster, group)
  await until('the rest is read', () => listener.offsetsOf(0).at(-1) === RECORDS - 1)
  listener.take = () => false
  await cluster.admin.deleteTopics({ topics: [topic] })
  await until('it is noticed', () => listener.happened.includes('revoking'))
  await cluster.createTopic(topic, 1)
  await produce(topic, 0, 30)
  await until('the new log is read from its start, and not taken over', () =>
    listener.refused.some((offsets) => offsets[0] === 0),
  )
  await deleteBelow(topic, [0], 20)
  listener.take = () => true
  await until('the rest of the new one is read', () => listener.offsetsOf(0).at(-1) === 29)
  const ranges = [
    { partition: 0, from: 10, to: 50 },
    { partition: 0, from: 0, to: 20 },
  ]
  assert.deepEqual(missed, ranges)
})
