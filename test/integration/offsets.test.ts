import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { after, test } from 'node:test'
import type { ConsumerHandlers } from '../../src/kafka/consumer.ts'
import type { StartFrom } from '../../src/kafka/start-positions.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { startStack } from '../../src/stack/stack.ts'
import { groupConsumer, KafkaUnderTest } from '../contract/kafka-under-test.ts'
import { Listener, messagesOf, range } from '../contract/listener.ts'
import { until } from '../support/sink-process.ts'

const report = (line: string): void => void process.stderr.write(`${line}\n`)
const stack = await startStack({ env: process.env, registry: false, report })
after(() => stack.stop())
const cluster = await Cluster.connect(stack)
after(() => cluster.close())
const run = Date.now().toString(36)

async function topicOf(name: string, records: number): Promise<string> {
  const topic = `${name}-${run}`
  await cluster.createTopic(topic, 1)
  await produce(topic, records)
  return topic
}

async function produce(topic: string, records: number): Promise<void> {
  await cluster.produce(
    topic,
    range(0, records).map((index) => ({ partition: 0, key: `k-${index}`, value: Buffer.from('v') })),
  )
}

/** A member, what it hears, and what it says was missed. */
async function reader(t: TestContext, topic: string, startFrom: StartFrom = 'earliest') {
  const listener = new Listener()
  const missed: unknown[] = []
  const handlers: ConsumerHandlers = {
    ...listener.handlers,
    recordsMissed: ({ from, to }) => void missed.push({ from, to }),
  }
  const member = await groupConsumer(cluster, { groupId: `g-${topic}`, topics: [topic], startFrom, isOwn: false, handlers })
  t.after(() => member.stop())
  await member.start()
  await until('it has its partition', () => listener.isAssigned)
  const commit = (offset: number): Promise<unknown> => member.commit([{ topic, partition: 0, offset, runs: [] }])
  return { member, listener, missed, commit }
}

const deleteBelow = (topic: string, offset: number): Promise<void> =>
  cluster.admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] })

test('records that expire while nobody reads are said to be missed, and reading goes on at the first that is left', async (t) => {
  const topic = await topicOf('expired', 20)
  const first = await reader(t, topic)
  await until('all are read', () => first.listener.records.length === 20)
  await first.commit(3)
  await first.member.stop()
  await deleteBelow(topic, 10)
  const { listener, missed } = await reader(t, topic)
  await until('the rest is read', () => listener.records.length === 10)
  assert.deepEqual(listener.offsetsOf(0), range(10, 20))
  assert.deepEqual(missed, [{ from: 3, to: 10 }])
  assert.deepEqual(listener.fetches[0], { topic, partition: 0, offsets: [], upTo: 10 })
  assert.deepEqual(await cluster.committed(`g-${topic}`, topic), [3], 'nothing is committed that was not asked for')
})

test('records deleted below the commit are none that were missed', async (t) => {
  const topic = await topicOf('below', 20)
  const first = await reader(t, topic)
  await first.commit(12)
  await first.member.stop()
  await deleteBelow(topic, 10)
  const { listener, missed } = await reader(t, topic)
  await until('the rest is read', () => listener.records.length === 8)
  assert.deepEqual([listener.offsetsOf(0), missed], [range(12, 20), []])
})

test('records that expire while the partition is held are said to be missed; the group keeps its commit', async (t) => {
  const topic = await topicOf('held', 10)
  const { member, listener, missed, commit } = await reader(t, topic)
  await until('all are read', () => listener.records.length === 10)
  await commit(10)
  member.pause(topic, 0)
  await produce(topic, 15)
  await deleteBelow(topic, 20)
  member.resume(topic, 0)
  await until('the rest is read', () => listener.offsetsOf(0).includes(24))
  assert.deepEqual(listener.offsetsOf(0).slice(-5), range(20, 25))
  // What was fetched as the pause began may have come before the deletion.
  assert.deepEqual(missed, listener.records.length === 15 ? [{ from: 10, to: 20 }] : [])
  assert.deepEqual(await cluster.committed(`g-${topic}`, topic), [10])
})

test('a topic made anew with fewer records is read from its start, and that is said', async (t) => {
  const topic = await topicOf('anew', 20)
  const first = await reader(t, topic)
  await first.commit(20)
  await first.member.stop()
  await deleteBelow(topic, 20)
  // Brokers forget what was committed for a topic that is deleted; who makes it anew elsewhere, or restores the commits, does not.
  await cluster.admin.setOffsets({ groupId: `g-${topic}`, topic, partitions: [{ partition: 0, offset: '50' }] })
  const { listener, missed } = await reader(t, topic)
  await produce(topic, 5)
  await until('the new ones are read', () => listener.records.length === 5)
  assert.deepEqual([listener.offsetsOf(0), missed], [range(20, 25), [{ from: 50, to: 20 }]])
})

test('an aborted transaction at the end of the log is passed over, up to the end', async (t) => {
  const topic = await topicOf('aborted', 2)
  const { listener } = await reader(t, topic)
  await until('both are read', () => listener.records.length === 2)
  const broker = await KafkaUnderTest.connect(t, cluster)
  await broker.appendTransaction({ topic, partition: 0 }, messagesOf(0, 3), 'abort')
  const [end] = await cluster.ends(topic)
  await until('it has come to the end', () => listener.fetches.at(-1)?.upTo === end)
  assert.deepEqual(listener.offsetsOf(0), [0, 1])
})

test('a group whose commits are all reset to -1 or -2 is no new one: it reads from the start of the log, and says so', async (t) => {
  for (const offset of [-1, -2]) {
    const topic = await topicOf(`reset${offset}`, 20)
    await deleteBelow(topic, 10)
    await cluster.admin.setOffsets({ groupId: `g-${topic}`, topic, partitions: [{ partition: 0, offset: String(offset) }] })
    const { listener, missed } = await reader(t, topic, 'latest')
    await until('all that is left is read', () => listener.records.length === 10)
    assert.deepEqual([listener.offsetsOf(0), missed], [range(10, 20), [{ from: offset, to: 10 }]])
    assert.deepEqual(await cluster.committed(`g-${topic}`, topic), [10], 'its place is committed')
  }
})

test('records that expire behind the commit of a member that has them, and keeps its partition, are none that were missed', async (t) => {
  const topic = await topicOf('kept', 20)
  const { member, listener, missed, commit } = await reader(t, topic)
  await until('all are read', () => listener.records.length === 20)
  await commit(3)
  await deleteBelow(topic, 10)
  listener.onAssigned = () => member.seek(topic, 0, 20)
  // A partition more lets the group join again.
  await cluster.admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] })
  await until('it has both partitions', () => listener.partitions === '0 1')
  await produce(topic, 5)
  await until('the new ones are read', () => listener.offsetsOf(0).includes(24))
  assert.deepEqual([listener.offsetsOf(0), missed], [range(0, 25), []])
})
