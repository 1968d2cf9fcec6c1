import assert from 'node:assert/strict'
import type { Expectation } from './broker-under-test.ts'
import { fill, joined, messagesOf, range } from './listener.ts'

export const group: readonly Expectation[] = [
  {
    title: 'two members share the partitions; what is not committed comes again; once one leaves, the other has them all',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 4 })
      const batches = range(0, 4).map((partition) => messagesOf(partition, 5))
      await fill(broker, topic, batches)
      const first = await joined(broker, { groupId, topics: [topic] })
      await broker.until('the first has read everything', () => first.listener.records.length === 20)
      const points = range(0, 4).map((partition) => ({ topic, partition, offset: 3, runs: [] }))
      await broker.settled(first.member.commit(points))
      first.listener.records.length = 0
      const second = await joined(broker, { groupId, topics: [topic] })
      const both = [first.listener, second.listener]
      await broker.until('each has half', () => both.every(({ resumes }) => resumes.length === 2))
      assert.deepEqual(both.flatMap(({ resumes }) => resumes.map(({ partition }) => partition)).toSorted(), range(0, 4))
      assert.deepEqual(first.listener.happened.slice(-2), ['revoking', `assigned ${first.listener.partitions}`])
      await broker.until('the rest is read again', () => both.every(({ records }) => records.length === 4))
      for (const { resumes, offsetsOf } of both.map((each) => ({ ...each, offsetsOf: each.offsetsOf.bind(each) }))) {
        for (const { partition, offset } of resumes) {
          assert.equal(offset, 3)
          assert.deepEqual(offsetsOf(partition), [3, 4])
        }
      }
      await broker.settled(second.member.stop())
      await broker.until('the first has all', () => first.listener.partitions === '0 1 2 3')
      assert.ok(!second.listener.happened.includes('revoking'), 'nobody asks a member that leaves')
    },
  },
  {
    title: 'a join waits for what a member does before it, and a commit made then counts',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 2 })
      await fill(broker, topic, [messagesOf(0, 5), messagesOf(1, 5)])
      const first = await joined(broker, { groupId, topics: [topic] })
      await broker.until('the first has read everything', () => first.listener.records.length === 10)
      first.listener.onRevoking = () =>
        first.member.commit(range(0, 2).map((partition) => ({ topic, partition, offset: 4, runs: [] }))).then(() => undefined)
      const second = await joined(broker, { groupId, topics: [topic] })
      await broker.until('each has one', () => [first, second].every(({ listener }) => listener.resumes.length === 1))
      for (const { listener } of [first, second]) assert.equal(listener.resumes[0]?.offset, 4)
    },
  },
  {
    title: 'a partition that stays can be read on from where it was, whatever is committed',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 2 })
      await fill(broker, topic, [messagesOf(0, 5), messagesOf(1, 5)])
      const first = await joined(broker, { groupId, topics: [topic] })
      await broker.until('the first has read everything', () => first.listener.records.length === 10)
      first.listener.records.length = 0
      first.listener.onAssigned = () => {
        for (const { partition } of first.listener.resumes) first.member.seek(topic, partition, 5)
      }
      await joined(broker, { groupId, topics: [topic] })
      await broker.until('the first has one left', () => first.listener.resumes.length === 1)
      const [{ partition } = { partition: -1 }] = first.listener.resumes
      await fill(broker, topic, [messagesOf(partition, 2)])
      await broker.until('the new ones came', () => first.listener.offsetsOf(partition).includes(6))
      assert.deepEqual(first.listener.offsetsOf(partition), [5, 6])
    },
  },
  {
    title: 'a pause does not outlive the next join',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 2 })
      const first = await joined(broker, { groupId, topics: [topic] })
      first.member.pause(topic, 0)
      first.member.pause(topic, 1)
      const second = await joined(broker, { groupId, topics: [topic] })
      await broker.until('the first has joined again', () => first.listener.resumes.length === 1)
      await fill(broker, topic, [messagesOf(0, 1), messagesOf(1, 1)])
      await broker.until('both have read theirs', () => [first, second].every(({ listener }) => listener.records.length === 1))
    },
  },
  {
    title: 'a member with no partition left over for it waits for one',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 1 })
      const first = await joined(broker, { groupId, topics: [topic] })
      const second = await joined(broker, { groupId, topics: [topic] })
      const both = [first, second]
      await broker.until(
        'one has it',
        () => both.every(({ listener }) => listener.isAssigned) && both.some(isIdle) && !both.every(isIdle),
      )
      const owner = both.find((each) => !isIdle(each)) ?? first
      const heir = owner === first ? second : first
      await broker.settled(owner.member.stop())
      await broker.until('the other has it', () => !isIdle(heir))
      await fill(broker, topic, [messagesOf(0, 1)])
      await broker.until('it reads', () => heir.listener.records.length === 1)
    },
  },
  {
    title: 'a member that was killed loses its partitions when its session ends, and the next one goes on at its commit',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 2 })
      await fill(broker, topic, [messagesOf(0, 5), messagesOf(1, 5)])
      await broker.killedMember({ groupId, points: [{ topic, partition: 1, offset: 2, runs: [1, 1] }] })
      const { listener } = await joined(broker, { groupId, topics: [topic] })
      await broker.until('it has both partitions', () => listener.partitions === '0 1')
      await broker.until('it has read the rest', () => listener.records.length === 8)
      assert.deepEqual(
        listener.resumes.find(({ partition }) => partition === 1),
        { topic, partition: 1, offset: 2, runs: [1, 1] },
      )
      assert.deepEqual(listener.offsetsOf(0), range(0, 5))
      assert.deepEqual(listener.offsetsOf(1), range(2, 5))
    },
  },
]

function isIdle({ listener }: { listener: { resumes: readonly unknown[] } }): boolean {
  return listener.resumes.length === 0
}
