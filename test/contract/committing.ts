import assert from 'node:assert/strict'
import { decodeOffsetMap } from '../../src/kafka/offset-map.ts'
import type { Expectation } from './broker-under-test.ts'
import { fill, joined, messagesOf, range } from './listener.ts'

export const committing: readonly Expectation[] = [
  {
    title: 'a new group begins at the earliest record, and has that committed at once',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 2 })
      await fill(broker, topic, [messagesOf(0, 3)])
      assert.deepEqual(await broker.committed(groupId, topic), [undefined, undefined])
      const { listener } = await joined(broker, { groupId, topics: [topic] })
      assert.deepEqual(await broker.committed(groupId, topic), [
        { offset: 0, metadata: '' },
        { offset: 0, metadata: '' },
      ])
      await broker.until('it has read everything', () => listener.records.length === 3)
      assert.deepEqual(listener.offsetsOf(0), range(0, 3))
      assert.deepEqual(listener.happened, ['assigned 0 1'])
    },
  },
  {
    title: 'a new group begins at the latest record, or at a time, where that is wanted',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 1 })
      const messages = range(0, 5).map((index) => ({ partition: 0, value: 'v', timestamp: String(1_600_000_000_000 + index) }))
      await fill(broker, topic, [messages])
      const latest = await joined(broker, { groupId, topics: [topic], startFrom: 'latest' })
      const timed = await joined(broker, { groupId: `${groupId}-timed`, topics: [topic], startFrom: 1_600_000_000_003 })
      await fill(broker, topic, [messagesOf(0, 1)])
      await broker.until(
        'both have read the new record',
        () => latest.listener.records.length + timed.listener.records.length === 4,
      )
      assert.deepEqual(latest.listener.offsetsOf(0), [5])
      assert.deepEqual(timed.listener.offsetsOf(0), [3, 4, 5])
    },
  },
  {
    title: 'the next member goes on at what was committed, and knows its runs',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 2 })
      await fill(broker, topic, [messagesOf(0, 20), messagesOf(1, 4)])
      const first = await joined(broker, { groupId, topics: [topic] })
      await broker.until('the first has read everything', () => first.listener.records.length === 24)
      await broker.settled(first.member.commit([{ topic, partition: 0, offset: 5, runs: [2, 3, 4, 300] }]))
      await broker.settled(first.member.commit([{ topic, partition: 1, offset: 4, runs: [] }]))
      await broker.settled(first.member.stop())
      const second = await joined(broker, { groupId, topics: [topic] })
      assert.deepEqual(
        second.listener.resumes.toSorted((a, b) => a.partition - b.partition),
        [
          { topic, partition: 0, offset: 5, runs: [2, 3, 4, 300] },
          { topic, partition: 1, offset: 4, runs: [] },
        ],
      )
      await broker.until('the second has read the rest', () => second.listener.records.length === 15)
      assert.deepEqual(second.listener.offsetsOf(0), range(5, 20))
    },
  },
  {
    title: 'runs that are too long for a commit are cut from their end',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 1 })
      // A commit beyond the end would be for another log.
      await fill(broker, topic, [messagesOf(0, 1)])
      const { member } = await joined(broker, { groupId, topics: [topic] })
      const runs = range(0, 6_000).map((index) => 1 + (index % 300))
      await broker.settled(member.commit([{ topic, partition: 0, offset: 1, runs }]))
      const [committed] = await broker.committed(groupId, topic)
      assert.ok(committed !== undefined && committed.metadata.length <= 4_096)
      const kept = decodeOffsetMap(committed.metadata) ?? []
      assert.ok(kept.length > 1_500 && kept.length < runs.length && kept.length % 2 === 0, `${kept.length} runs were kept`)
      assert.deepEqual(kept, runs.slice(0, kept.length))
      await broker.settled(member.stop())
      const { listener } = await joined(broker, { groupId, topics: [topic] })
      assert.deepEqual(listener.resumes, [{ topic, partition: 0, offset: 1, runs: kept }])
    },
  },
  {
    title: 'the last commit counts, also where its offset is the lower one',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 1 })
      const { member } = await joined(broker, { groupId, topics: [topic] })
      const commits = [9, 4].map((offset) => member.commit([{ topic, partition: 0, offset, runs: [] }]))
      await broker.settled(Promise.all(commits))
      assert.deepEqual(await broker.committed(groupId, topic), [{ offset: 4, metadata: '' }])
    },
  },
  {
    title: 'a commit that was under way when the member stops counts, one after it does not, and nothing is handed over any more',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 1 })
      const { member, listener } = await joined(broker, { groupId, topics: [topic] })
      const under = member.commit([{ topic, partition: 0, offset: 3, runs: [] }])
      const stopped = member.stop()
      const late = member.commit([{ topic, partition: 0, offset: 4, runs: [] }])
      await fill(broker, topic, [messagesOf(0, 5)])
      await broker.settled(Promise.all([under, stopped, late]))
      const after = member.commit([{ topic, partition: 0, offset: 5, runs: [] }])
      await broker.settled(after.catch(() => undefined))
      assert.deepEqual(await broker.committed(groupId, topic), [{ offset: 3, metadata: '' }])
      assert.deepEqual(listener.records, [])
    },
  },
  {
    title: 'of a commit, what is for a topic that is gone is left out, and the rest counts',
    async run(broker, { topic, groupId }) {
      const gone = `${topic}-gone`
      await broker.createTopic(topic, { partitions: 1 })
      await broker.createTopic(gone, { partitions: 1 })
      const { member } = await joined(broker, { groupId, topics: [topic] })
      await broker.deleteTopic(gone)
      const points = [gone, topic].map((each) => ({ topic: each, partition: 0, offset: 2, runs: [1, 1] }))
      await broker.settled(member.commit(points))
      assert.equal((await broker.committed(groupId, topic))[0]?.offset, 2)
    },
  },
]
