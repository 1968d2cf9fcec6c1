import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PartitionEnds } from '../../src/kafka/partition-ends.ts'
import { until } from '../support/sink-process.ts'

/** An admin that answers as `mood` has it. */
function watched(mood: { error?: Error; retention?: string; policy?: string }) {
  let now = 1_000
  let looks = 0
  const ends = new PartitionEnds({
    topics: ['orders'],
    now: () => now,
    admin: {
      fetchTopicOffsets: () => {
        looks += 1
        const offsets = [{ partition: 0, offset: '7', high: '7', low: '0' }]
        return mood.error === undefined ? Promise.resolve(offsets) : Promise.reject(mood.error)
      },
      describeConfigs: () => {
        const entries = { 'retention.ms': mood.retention ?? '5000', 'cleanup.policy': mood.policy ?? 'delete' }
        const configEntries = Object.entries(entries).map(([configName, configValue]) => ({ configName, configValue }))
        return Promise.resolve({ resources: [{ resourceName: 'orders', configEntries }] } as never)
      },
    },
  })
  /** One look, and no more. */
  const look = async () => {
    const before = looks
    ends.start()
    ends.stop()
    await until('it has looked', () => looks > before)
    await new Promise(setImmediate)
  }
  return { ends, look, pass: (ms: number) => (now += ms) }
}

test('ends and retention are what the brokers say; a fetch knows better', async () => {
  const { ends, look } = watched({})
  assert.equal(ends.of('orders', 0), undefined)
  await look()
  assert.equal(ends.of('orders', 0), 7)
  assert.equal(ends.retentionMs.get('orders'), 5_000)
  ends.note('orders', 0, 9)
  assert.equal(ends.of('orders', 0), 9)
})

test('what is kept for ever, or compacted alone, does not expire', async () => {
  for (const mood of [{ retention: '-1' }, { policy: 'compact' }]) {
    const { ends, look } = watched(mood)
    await look()
    assert.equal(ends.retentionMs.get('orders'), undefined)
  }
  const { ends, look } = watched({ policy: 'compact,delete' })
  await look()
  assert.equal(ends.retentionMs.get('orders'), 5_000)
})

test('brokers are silent since they last answered; an error of theirs is an answer', async () => {
  const mood: { error?: Error } = {}
  const { ends, look, pass } = watched(mood)
  await look()
  assert.equal(ends.answersSince, 1_000)
  pass(5_000)
  mood.error = new Error('ECONNREFUSED')
  await look()
  pass(5_000)
  await look()
  assert.deepEqual(ends.silent, { since: 1_000, detail: 'ECONNREFUSED' })
  assert.equal(ends.answersSince, undefined)
  mood.error = Object.assign(new Error('retried'), {
    cause: Object.assign(new Error('no such topic'), { name: 'KafkaJSProtocolError' }),
  })
  await look()
  assert.equal(ends.silent, undefined)
  assert.equal(ends.answersSince, 11_000)
})
