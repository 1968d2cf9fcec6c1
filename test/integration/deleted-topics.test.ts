/** A topic that is deleted and made anew while the answer that says that it is gone is still on its way, or hardly anything is asked. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { after, test } from 'node:test'
import { Cluster } from '../../src/stack/cluster.ts'
import { range } from '../contract/listener.ts'
import { Relay, requests } from '../support/relay.ts'
import { patient, relayedMember } from '../support/relayed-sink.ts'
import { until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const OLD = 30
const NEW = 60
const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())

/** A member that has read these topics to their ends and committed nothing. */
async function scene(t: TestContext, topic: string, alsoReads?: string) {
  const topics = alsoReads === undefined ? [topic] : [topic, alsoReads]
  for (const each of topics) await cluster.createTopic(each, 1)
  const relay = await Relay.start(t, cluster.stack.brokers)
  const group = {
    topic,
    groupId: `${topic}-sink`,
    relay,
    stallLimits: patient,
    ...(alsoReads === undefined ? {} : { alsoReads }),
  }
  const { member, listener } = await relayedMember(t, cluster, group)
  const offsetsOf = (name: string) => listener.records.filter((record) => record.topic === name).map(({ offset }) => offset)
  const produce = async (count: number): Promise<void> => {
    const messages = range(0, count).map(() => ({ partition: 0, key: null, value: Buffer.from('x') }))
    for (const each of topics) await cluster.produce(each, messages)
  }
  await produce(OLD)
  await until('the old logs are read', () => listener.records.length === topics.length * OLD)
  const remove = () => cluster.admin.deleteTopics({ topics })
  return {
    ...{ relay, member, listener, remove },
    /** Refusals of fetches and commits wait, and that of a fetch does. */
    deleteUnheard: async () => {
      relay.hold(requests.fetch)
      relay.hold(requests.commit)
      await remove()
      await until('a fetch is refused', () => relay.held(requests.fetch) > 0)
    },
    /** Returns what was committed of it. */
    commitOld: () => member.commit(topics.map((each) => ({ topic: each, partition: 0, offset: OLD, runs: [] }))),
    makeAnew: async () => {
      for (const each of topics) await cluster.createTopic(each, 1)
      await produce(NEW)
    },
    /** The new logs are read from their start to their end, and nothing of the old ones is committed for them. */
    readsAnew: async () => {
      for (const each of topics) {
        await until('the new log is read', () => offsetsOf(each).at(-1) === NEW - 1)
        assert.deepEqual(offsetsOf(each).slice(OLD), range(0, NEW))
        assert.deepEqual(await cluster.committed(group.groupId, each), [0])
      }
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
  assert.deepEqual(await committed, [], 'it is known that nothing was')
  relay.release(requests.fetch)
  await readsAnew()
})

test('a fetch is refused, and the topic is there again before that is heard: it is read from its start', async (t) => {
  const { relay, listener, deleteUnheard, commitOld, makeAnew, readsAnew } = await scene(t, 'anew-by-fetch')
  await deleteUnheard()
  await makeAnew()
  listener.onRevoking = async () => assert.deepEqual(await commitOld(), [])
  relay.release(requests.fetch)
  await readsAnew()
})

test('a fetch names one of two topics that are gone, the metadata both, and both are there again: they are read from their start', async (t) => {
  const { relay, member, listener, deleteUnheard, commitOld, makeAnew, readsAnew } = await scene(t, 'anew-fetched', 'anew-paused')
  member.pause('anew-paused', 0)
  const asked = relay.seen(requests.fetch)
  await until('a fetch goes round without it', () => relay.seen(requests.fetch) > asked + 1)
  await deleteUnheard()
  relay.hold(requests.metadata)
  relay.release(requests.fetch)
  await until('the metadata are asked for', () => relay.held(requests.metadata) > 0)
  await makeAnew()
  listener.onRevoking = async () => assert.deepEqual(await commitOld(), [])
  relay.release(requests.metadata)
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
