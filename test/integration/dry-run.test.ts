import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startSimulator } from '../../src/simulator/server.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { scoredSchema, scores, writeGameConfig } from '../support/game.ts'
import type { LogLine } from '../support/sink-process.ts'
import { SinkProcess, until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const EVENTS = 500
const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())

const samples = ({ log }: SinkProcess): LogLine[] => log.filter(({ msg }) => msg === 'a hit as it would be sent')

interface Counted {
  readonly consumed: number
  readonly delivered: number
  readonly deadLettered: object
}

const lastCounts = ({ log }: SinkProcess): Counted | undefined =>
  log.findLast(({ msg }) => msg === 'counted so far')?.counts as Counted | undefined

test('a dry run counts and shows hits, and posts, parks, commits and makes nothing', async (t) => {
  const [topic, groupId] = ['dry-events', 'dry-sink']
  await cluster.createTopic(topic, 2)
  const schemaId = await cluster.register('game', scoredSchema)
  const { messages } = scores(schemaId, EVENTS, 2)
  await cluster.produce(topic, [...messages, { partition: 1, key: null, value: Buffer.from('not framed') }])
  const tracker = await startSimulator({ journal: 'count' })
  t.after(() => tracker.stop())
  const file = writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url })

  const counts: Counted[] = []
  for (const flags of [[], ['--values']]) {
    const sink = new SinkProcess(t, file, '--dry-run', ...flags)
    await until('all is counted', () => lastCounts(sink)?.delivered === EVENTS)
    assert.equal(samples(sink).length, 6, 'three of each app')
    assert.equal(await sink.end('SIGTERM'), 0)
    assert.ok(sink.log.every(({ dryRun }) => dryRun === true))
    const [shown] = samples(sink)
    const { app, method, hit } = shown ?? assert.fail()
    const isMasked = flags.length === 0
    assert.equal(method, 'customEvent')
    assert.ok(['android', 'web'].includes(String(app)))
    assert.match(String((hit as { customUserId: unknown }).customUserId), isMasked ? /^<string \d+>$/ : /^player-\d+$/)
    const drained = sink.log.find(({ msg }) => msg.startsWith('drained')) ?? assert.fail('it did not drain')
    counts.push(drained.counts as Counted)
  }
  // The second run has read all of it again: the first one left no trace.
  for (const { consumed, delivered, deadLettered } of counts) {
    assert.deepEqual([consumed, delivered, deadLettered], [EVENTS + 1, EVENTS, { 'not-framed': 1 }])
  }
  assert.equal(tracker.journal.counts().requests, 0)
  for (const group of [groupId, `${groupId}.dry-run`]) assert.deepEqual(await cluster.committed(group, topic), [-1, -1])
  assert.deepEqual(
    (await cluster.admin.listTopics()).filter((name) => name.startsWith(groupId)),
    [],
  )
})
