import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startSimulator } from '../../src/simulator/server.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { scoredSchema, scores, writeGameConfig } from '../support/game.ts'
import { SinkProcess, until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const EVENTS = 12_000
const PARTITIONS = 6
const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())

test('an instance that joins and leaves in mid-run: nothing is lost, sent twice or out of order', async (t) => {
  const [topic, groupId] = ['rebalance-events', 'rebalance-sink']
  await cluster.createTopic(topic, PARTITIONS)
  const { messages } = scores(await cluster.register('game', scoredSchema), EVENTS, PARTITIONS)
  await cluster.produce(topic, messages)
  const tracker = await startSimulator({ journal: 'hits', latencyMs: 250 })
  t.after(() => tracker.stop())
  const more = 'delivery: { maxInFlight: 16 }'
  const file = writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url, more })
  const first = new SinkProcess(t, file)
  await until('the first delivers', () => tracker.journal.hits.length > EVENTS / 10)
  const second = new SinkProcess(t, file)
  const joins = (sink: SinkProcess) =>
    sink.log.filter(({ msg, groupId: of }) => msg === 'the group was joined' && of === groupId).length
  await until('the second has joined', () => joins(second) === 1 && joins(first) === 2)
  assert.ok(tracker.journal.hits.length < EVENTS, 'the second joined too late')
  const atJoin = tracker.journal.hits.length
  await until('both have delivered', () => tracker.journal.hits.length > atJoin + EVENTS / 10)
  assert.equal(await second.end('SIGTERM'), 0)
  assert.ok(tracker.journal.hits.length < EVENTS, 'the second left too late')
  await until('all is committed', async () => {
    const [committed, ends] = [await cluster.committed(groupId, topic), await cluster.ends(topic)]
    return ends.every((end, partition) => committed[partition] === end)
  })
  assert.equal(await first.end('SIGTERM'), 0)

  const ids = tracker.journal.hits.map(({ params }) => (params.customEventParams as { id: string }).id)
  assert.deepEqual([new Set(ids).size, ids.length], [EVENTS, EVENTS])
  const newest = new Map<unknown, number>()
  for (const { params } of tracker.journal.hits) {
    const index = Number((params.customEventParams as { id: string }).id.split('-')[1])
    assert.ok(index > (newest.get(params.customUserId) ?? -1), `${params.customUserId} is out of order`)
    newest.set(params.customUserId, index)
  }
  t.diagnostic(`${EVENTS} events, joined at ${atJoin}, none twice`)
})
