import assert from 'node:assert/strict'
import type { Message } from 'kafkajs'
import type { BrokerUnderTest, Expectation } from './broker-under-test.ts'
import { fill, givenUpOver, joined, messagesOf, range } from './listener.ts'

export const sending: readonly Expectation[] = [
  {
    title: 'a send is acknowledged for each of its partitions, with offsets that rise by one',
    async run(broker, { topic, groupId }) {
      await broker.createTopic(topic, { partitions: 3 })
      const answers = []
      for (const messages of [messagesOf(0, 3), [...messagesOf(1, 2), ...messagesOf(0, 1)], messagesOf(0, 2)]) {
        answers.push(await broker.settled(broker.producer.send({ topic, acks: -1, messages })))
      }
      const seen = answers.map((written) =>
        written
          .map(({ topicName, partition, errorCode, baseOffset }) => [topicName, partition, errorCode, baseOffset])
          .toSorted((a, b) => Number(a[1]) - Number(b[1])),
      )
      assert.deepEqual(seen, [
        [[topic, 0, 0, '0']],
        [
          [topic, 0, 0, '3'],
          [topic, 1, 0, '0'],
        ],
        [[topic, 0, 0, '4']],
      ])
      assert.deepEqual(await broker.ends(topic), [6, 2, 0])
      const { listener } = await joined(broker, { groupId, topics: [topic] })
      await broker.until('all are read', () => listener.records.length === 8)
      assert.deepEqual([listener.offsetsOf(0), listener.offsetsOf(1)], [range(0, 6), range(0, 2)])
    },
  },
  {
    title: 'a partition that does not exist is missing from the answer, which is none of a refusal',
    async run(broker, { topic }) {
      await broker.createTopic(topic, { partitions: 2 })
      const send = (messages: Message[]) => broker.settled(broker.producer.send({ topic, acks: -1, messages }))
      assert.deepEqual(await send(messagesOf(7, 1)), [])
      const written = await send([...messagesOf(7, 1), ...messagesOf(1, 1)])
      assert.deepEqual(
        written.map(({ partition }) => partition),
        [1],
      )
      assert.deepEqual(await broker.ends(topic), [0, 1])
    },
  },
  {
    title: 'a topic that does not exist is asked for several times, then refused',
    async run(broker, { topic }) {
      const send = broker.producer.send({ topic, acks: -1, messages: messagesOf(0, 1) })
      await assert.rejects(broker.settled(send), givenUpOver('UNKNOWN_TOPIC_OR_PARTITION'))
    },
  },
  {
    title: 'a batch above the topic’s max.message.bytes is refused at once and nothing of it is stored, to the byte',
    async run(broker, { topic }) {
      await broker.createTopic(topic, { partitions: 2, maxMessageBytes: 1_000 })
      const small = { partition: 0, key: 'k', value: Buffer.alloc(400) }
      // 61 bytes of batch, 10 of framing and key, and the value; by 13 bytes smaller with this header.
      await fill(broker, topic, [[{ partition: 0, key: 'k', value: Buffer.alloc(929) }]])
      await fill(broker, topic, [[{ partition: 0, key: 'k', value: Buffer.alloc(916), headers: { name: 'header!' } }]])
      await refusesAsTooLarge(broker, topic, [{ partition: 0, key: 'k', value: Buffer.alloc(930) }])
      await refusesAsTooLarge(broker, topic, [{ partition: 0, key: 'k', value: Buffer.alloc(917), headers: { name: 'header!' } }])
      await refusesAsTooLarge(broker, topic, [small, small, small])
      assert.deepEqual(await broker.ends(topic), [2, 0])
      // Of a send over two partitions, the one that is small enough is stored all the same.
      await refusesAsTooLarge(broker, topic, [{ partition: 1, value: 'v' }, small, small, small])
      assert.deepEqual(await broker.ends(topic), [2, 1])
    },
  },
  {
    title: 'what kafkajs cannot write is refused before anything is stored',
    async run(broker, { topic }) {
      await broker.createTopic(topic, { partitions: 1 })
      const send = (message: object) =>
        broker.settled(broker.producer.send({ topic, messages: [...messagesOf(0, 1), message as Message] }))
      await assert.rejects(send({ partition: 0 }), { name: 'KafkaJSNonRetriableError' })
      await assert.rejects(send({ partition: 0, value: 'v', headers: { name: undefined } }), { name: 'TypeError' })
      await assert.rejects(send({ partition: 0, value: 'v', headers: { name: null } }), { name: 'TypeError' })
      assert.deepEqual(await broker.ends(topic), [0])
    },
  },
]

async function refusesAsTooLarge(broker: BrokerUnderTest, topic: string, messages: Message[]): Promise<void> {
  await assert.rejects(broker.settled(broker.producer.send({ topic, acks: -1, messages })), {
    name: 'KafkaJSProtocolError',
    type: 'MESSAGE_TOO_LARGE',
    code: 10,
    retriable: false,
  })
}
