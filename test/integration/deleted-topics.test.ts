/** A topic that is deleted and made anew while the answer that says that it is gone is still on its way, or hardly anything is asked. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { after, test } from 'node:test'
import { Cluster } from '../../src/stack/cluster.ts'
import { Listener } from '../contract/listener.ts'
import { Relay, requests } from '../support/relay.ts'
import { relayedConsumer } from '../support/relayed-sink.ts'
import { until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const OLD = 30
const NEW = 60
const patient = { commitMs: 60_000, fetchMs: 60_000, joinMs: 60_000 }
const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())

/** A member that has read a topic to its end and committed nothing. */
async function scene(t: TestContext, topic: string) {
  await cluster.createTopic(topic, 1)
  const relay = await Relay.start(t, cluster.stack.brokers)
  const groupId = `${topic}-sink`
  const listener = new Listener()
  const member = (await relayedConsumer(cluster, { topic, groupId, relay, stallLimits: patient }))(listener.handlers)
  t.after(() => member.stop())
  await member.start()
  await until('it has its partitions', () => listener.isAssigned)
  const produce = (count: number) =>
    cluster.produce(
      topic,
      Array.from({ length: count }, () => ({ partition: 0, key: null, value: Buffer.from('x') })),
    )
  await produce(OLD)
  await until('the old log is read', () => listener.records.length === OLD)
  return {
    ...{ relay, member, listener },
    remove: () => cluster.admin.deleteTopics({ topics: [topic] }),
    /** Refusals of fetches and commits wait, and that of a fetch does. */
    deleteUnheard: async () => {
      relay.hold(requests.fetch)
      relay.hold(requests.commit)
      await cluster.admin.deleteTopics({ topics: [topic] })
      await until('a fetch is refused', () => relay.held(requests.fetch) > 0)
    },
    commitOld: () => member.commit([{ topic, partition: 0, offset: OLD, runs: [] }]),
    makeAnew: async () => {
      await cluster.createTopic(topic, 1)
      await produce(NEW)
    },
    /** The new log is read from its start to its end, and nothing of the old one is committed for it. */
    readsAnew: async () => {
      await until('the new log is read', () => listener.records.at(-1)?.offset === NEW - 1)
      assert.deepEqual(
        listener.records.slice(OLD).map(({ offset }) => offset),
        Array.from({ length: NEW }, (_, offset) => offset),
      )
      assert.deepEqual(await cluster.committed(groupId, topic), [0])
    },
  }
}

test('a commit is refused, and the topic is there again before that is heard: it is read from its start', async (t) => {
  const { relay, deleteUnheard, commitOld, makeAnew, readsAnew } = await scene(t, 'anew-by-commit')
  await deleteUnheard()
  const committed = commitOld()
  await until('the commit is refused', () => relay.held(requests.commit) > 0)
  await makeAnew()
  relay.release(requests.commit)
  await committed
  relay.release(requests.fetch)
  await readsAnew()
})

test('a fetch is refused, and the topic is there again before that is heard: it is read from its start', async (t) => {
  const { relay, listener, deleteUnheard, commitOld, makeAnew, readsAnew } = await scene(t, 'anew-by-fetch')
  await deleteUnheard()
  await makeAnew()
  listener.onRevoking = commitOld
  relay.release(requests.fetch)
  await readsAnew()
})

test('nothing is fetched while a partition is paused, and the topic is gone: the metadata show it within a quarter of a minute', async (t) => {
  const { relay, member, listener, commitOld, makeAnew, readsAnew, remove } = await scene(t, 'anew-by-metadata')
  member.pause('anew-by-metadata', 0)
  await until('no fetch is under way', () => relay.unanswered(requests.fetch) === 0)
  const noticed = Promise.withResolvers<void>()
  listener.onRevoking = async () => {
    noticed.resolve()
    // Where the consumer has crashed over it there is nobody who could commit.
    await commitOld().catch(() => undefined)
  }
  const deletedAt = Date.now()
  await remove()
  await noticed.promise
  const seconds = (Date.now() - deletedAt) / 1_000
  t.diagnostic(`noticed after ${seconds.toFixed(1)} s`)
  assert.ok(seconds < 15)
  await makeAnew()
  await readsAnew()
})
