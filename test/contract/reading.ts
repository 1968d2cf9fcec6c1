import assert from 'node:assert/strict'
import type { Message } from 'kafkajs'
import type { Expectation } from './broker-under-test.ts'
import { fill, joined, Listener, messagesOf, range } from './listener.ts'

/** A batch that fills a fetch of this many bytes. */
const BATCH = { maxBytesPerPartition: 1_500, records: 10, value: 'x'.repeat(100) }

export const reading: readonly Expectation[] = [
  {
    title: 'records arrive in order, with key, value, headers and time byte for byte',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 1 })
      const bytes = Buffer.from(range(0, 256))
      const messages: Message[] = [
        { key: 'a', value: bytes, timestamp: '1600000000000', headers: { one: 'text', twice: ['x', bytes], empty: '' } },
        { key: null, value: null, timestamp: '1600000000001' },
        { key: '', value: '', timestamp: '1600000000002', headers: { none: [], list: ['alone'] } },
        { key: bytes, value: 'é', timestamp: '1599999999999', headers: { thrice: ['1', '2', '3'] } },
      ]
      await fill(broker, topic, [messages.map((message) => ({ ...message, partition: 0 }))])
      const { listener } = await joined(broker, { groupId, topics: [topic] })
      await broker.until('all are read', () => listener.records.length === messages.length)
      const common = { topic, partition: 0, history: undefined }
      assert.deepEqual(listener.records, [
        {
          ...common,
          offset: 0,
          timestamp: 1_600_000_000_000,
          key: 'a',
          value: bytes,
          headers: { one: Buffer.from('text'), twice: [Buffer.from('x'), bytes], empty: Buffer.from('') },
        },
        { ...common, offset: 1, timestamp: 1_600_000_000_001, key: null, value: null, headers: {} },
        {
          ...common,
          offset: 2,
          timestamp: 1_600_000_000_002,
          key: '',
          value: Buffer.from(''),
          headers: { list: Buffer.from('alone') },
        },
        {
          ...common,
          offset: 3,
          timestamp: 1_599_999_999_999,
          key: bytes.toString('latin1'),
          value: Buffer.from('é'),
          headers: { thrice: [Buffer.from('1'), Buffer.from('2'), Buffer.from('3')] },
        },
      ])
    },
  },
  {
    title: 'offsets that hold nothing to see are passed over, and upTo lies behind them',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 1 })
      const to = { topic, partition: 0 }
      await broker.appendTransaction(to, messagesOf(0, 2), 'commit')
      await broker.appendTransaction(to, messagesOf(0, 1), 'abort')
      await broker.appendTransaction(to, messagesOf(0, 1), 'commit')
      assert.deepEqual(await broker.ends(topic), [7])
      const { listener } = await joined(broker, { groupId, topics: [topic] })
      await broker.until('the first three are read', () => listener.records.length === 3)
      // Nothing but what is hidden reaches nobody.
      await broker.appendTransaction(to, messagesOf(0, 3), 'abort')
      await broker.appendTransaction(to, messagesOf(0, 1), 'commit')
      await broker.until('the fourth is read', () => listener.records.length === 4)
      assert.deepEqual(listener.offsetsOf(0), [0, 1, 5, 11])
      assert.equal(listener.fetches.find(({ offsets }) => offsets.includes(5))?.upTo, 7)
      assert.equal(listener.fetches.at(-1)?.upTo, 13)
    },
  },
  {
    title: 'a paused partition gets at most one fetch more, and goes on without gap or repetition once it is resumed',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 2 })
      const batches = 12
      await fill(
        broker,
        topic,
        Array.from({ length: batches }, () => messagesOf(0, BATCH.records, BATCH.value)),
      )
      const listener = new Listener()
      listener.take = (_offsets, partition) => {
        if (partition === 0) member.pause(topic, 0)
        return true
      }
      const options = { groupId, topics: [topic], maxBytesPerPartition: BATCH.maxBytesPerPartition }
      const member = await broker.member({ ...options, isOwn: false, handlers: listener.handlers })
      await broker.settled(member.start())
      for (const read of [1, 2, 3]) {
        await broker.until('the paused one has records', () => listener.offsetsOf(0).length > 0)
        await fill(broker, topic, [messagesOf(1, 1)])
        await broker.until('the other partition is read all the same', () => listener.offsetsOf(1).length === read)
      }
      const fetches = listener.fetches.filter(({ partition }) => partition === 0).length
      assert.ok(fetches <= 2, `${fetches} fetches were delivered`)
      assert.ok(listener.offsetsOf(0).length < batches * BATCH.records)
      listener.take = () => true
      member.resume(topic, 0)
      await broker.until('all of it is read', () => listener.offsetsOf(0).length >= batches * BATCH.records)
      assert.deepEqual(listener.offsetsOf(0), range(0, batches * BATCH.records))
    },
  },
  {
    title: 'what is fetched for a partition that is paused meanwhile comes once and whole after it is resumed',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 2 })
      const { member, listener } = await joined(broker, { groupId, topics: [topic] })
      for (const round of range(0, 5)) {
        // The fetch under way was asked for before the pause.
        member.pause(topic, 0)
        await fill(broker, topic, [messagesOf(0, 3), messagesOf(1, 1)])
        await broker.until('the other one is read', () => listener.offsetsOf(1).length === round + 1)
        member.resume(topic, 0)
        await broker.until('the resumed one is read', () => listener.offsetsOf(0).length >= (round + 1) * 3)
      }
      assert.deepEqual(listener.offsetsOf(0), range(0, 15))
      assert.deepEqual(listener.offsetsOf(1), range(0, 5))
    },
  },
  {
    title: 'with all partitions paused, one that is resumed goes on',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 2 })
      const { member, listener } = await joined(broker, { groupId, topics: [topic] })
      member.pause(topic, 0)
      member.pause(topic, 1)
      await fill(broker, topic, [messagesOf(0, 2), messagesOf(1, 2)])
      member.resume(topic, 1)
      await broker.until('the resumed one is read', () => listener.offsetsOf(1).length === 2)
      assert.deepEqual(listener.offsetsOf(0), [])
    },
  },
  {
    title: 'what is not taken over comes again, from the same record on',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 1 })
      await fill(broker, topic, [messagesOf(0, 5)])
      const listener = new Listener()
      listener.take = () => listener.refused.length === 3
      await joined(broker, { groupId, topics: [topic] }, listener)
      await broker.until('they are taken over', () => listener.records.length === 5)
      assert.deepEqual(listener.refused, [range(0, 5), range(0, 5), range(0, 5)])
      assert.deepEqual(listener.fetches, [{ topic, partition: 0, offsets: range(0, 5), upTo: 5 }])
    },
  },
  {
    title: 'headers tell a record’s history in topics of our own, and nowhere else',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 1 })
      const headers = { 'mts-attempt': '3', 'mts-not-before': '1700000000000' }
      await fill(broker, topic, [[{ partition: 0, value: 'v', timestamp: '1600000000000', headers }]])
      const own = await joined(broker, { groupId: `${groupId}-own`, topics: [topic], isOwn: true })
      const other = await joined(broker, { groupId, topics: [topic], isOwn: false })
      await broker.until('both have read it', () => own.listener.records.length + other.listener.records.length === 2)
      assert.equal(other.listener.records[0]?.history, undefined)
      assert.deepEqual(own.listener.records[0]?.history, {
        origin: { topic, partition: 0, offset: 0, timestamp: 1_600_000_000_000 },
        attempt: 3,
        firstFailedAt: undefined,
        notBefore: 1_700_000_000_000,
      })
    },
  },
]
