import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, test } from 'node:test'
import { Cluster } from '../../src/stack/cluster.ts'
import { CliProcess } from '../support/cli-process.ts'
import { encodeScored, framed, scoredSchema, writeGameConfig } from '../support/game.ts'
import { sharedStack } from '../support/stack.ts'

const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())

const TOPIC = 'explain-scores'
const UNKNOWN = 987_654
await cluster.createTopic(TOPIC, 2)
await cluster.createTopic('explain-sink.dead-letter', 1)
const schemaId = await cluster.register(`${TOPIC}-value`, scoredSchema)
const scored = encodeScored(schemaId, { id: 'id-7', player: 'secret-player' })
await cluster.produce(TOPIC, [
  { partition: 1, key: 'k', value: encodeScored(schemaId, { id: 'id-6', player: 'other' }) },
  { partition: 1, key: 'k', value: scored },
  { partition: 1, key: null, value: null },
  { partition: 1, key: 'k', value: scored.subarray(0, 12) },
  { partition: 1, key: 'k', value: framed(UNKNOWN, Buffer.from('x')) },
])
const headers = {
  'mts-attempt': '4',
  'mts-origin-topic': TOPIC,
  'mts-origin-partition': '1',
  'mts-origin-offset': '1',
  'mts-origin-timestamp': '1750000000000',
}
await cluster.produce('explain-sink.dead-letter', [{ partition: 0, key: 'k', value: scored, headers }])
const config = writeGameConfig(cluster, directory, { topic: TOPIC, groupId: 'explain-sink', trackerUrl: 'http://127.0.0.1:9' })

const explain = (t: TestContext, ...args: readonly string[]) =>
  new CliProcess(t, ['explain', '--config', config, ...args]).ended()
const at = (offset: number, partition = 1, topic = TOPIC): string[] => [
  ...['--topic', topic, '--partition', String(partition), '--offset', String(offset)],
]

test('a stored record is read and followed to its body; values only on demand, and no group is left behind', async (t) => {
  const hidden = await explain(t, ...at(1))
  assert.deepEqual([hidden.code, hidden.stderr], [0, ''])
  assert.match(hidden.stdout, new RegExp(`^record {4}${TOPIC}-1@1, \\S+Z, key <bytes 1>, value of ${scored.length} bytes$`, 'm'))
  assert.match(hidden.stdout, new RegExp(`^schema {4}id ${schemaId}, com\\.game\\.Scored$`, 'm'))
  assert.match(hidden.stdout, /^ {12}"player": "<string 13>",$/m)
  assert.match(hidden.stdout, /^mapping {3}mappings\[0\], \S+explain-sink\.yaml:7: used$/m)
  assert.match(hidden.stdout, /^verdict {3}can be delivered/m)
  assert.doesNotMatch(hidden.stdout, /secret-player/)
  const shown = await explain(t, ...at(1), '--values')
  assert.match(shown.stdout, /^body {6}\{.*"customUserId":"secret-player".*\}$/m)
  const { groups } = await cluster.admin.listGroups()
  assert.ok(!groups.some(({ groupId }) => groupId.startsWith('explain-sink.explain')))
})

test('records that become no hit say why', async (t) => {
  const [none, malformed, unknown] = await Promise.all([2, 3, 4].map((offset) => explain(t, ...at(offset))))
  assert.deepEqual([none?.code, malformed?.code, unknown?.code], [1, 1, 1])
  assert.match(none?.stdout ?? '', /^verdict {3}skipped, tombstone/m)
  assert.match(malformed?.stdout ?? '', /^verdict {3}dead letter, malformed: the value does not fit schema/m)
  assert.match(unknown?.stdout ?? '', /^schema {4}id 987654, which the registry does not know$/m)
  assert.match(unknown?.stdout ?? '', /^verdict {3}dead letter, unknown-schema/m)
})

test('a dead letter is explained as the record that it was', async (t) => {
  const { code, stdout } = await explain(t, ...at(0, 0, 'explain-sink.dead-letter'))
  assert.equal(code, 0)
  assert.match(stdout, new RegExp(`^origin {4}${TOPIC}-1@1, 2025-06-15T15:06:40\\.000Z; failed deliveries: 4$`, 'm'))
})

test('a place without a record is told from one that cannot be', async (t) => {
  const [topic, partition, offset, empty] = await Promise.all([
    explain(t, ...at(0, 0, 'explain-nowhere')),
    explain(t, ...at(0, 2)),
    explain(t, ...at(5)),
    explain(t, ...at(0, 0)),
  ])
  assert.deepEqual([topic.code, partition.code, offset.code, empty.code], [1, 1, 1, 1])
  assert.match(topic.stderr, /topic explain-nowhere not found/)
  assert.match(partition.stderr, /has no partition 2; it has 2, counted from 0/)
  assert.match(offset.stderr, /explain-scores-1 holds no offset 5; it holds 0 to 4/)
  assert.match(empty.stderr, /explain-scores-0 holds no records/)
  assert.ok(!(await cluster.admin.listTopics()).includes('explain-nowhere'))
})

test('a written record takes the latest schema of its subject', async (t) => {
  const file = join(directory, 'event.json')
  writeFileSync(file, JSON.stringify({ id: '1', player: 'p', at: '2026-01-31T12:00:00Z', platform: 'WEB' }))
  const { code, stdout, stderr } = await explain(t, '--record', 'com.game.Scored', '--json', file)
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(stdout, /^schema {4}subject explain-scores-value, version 1, com\.game\.Scored$/m)
  assert.match(stdout, /^hit {7}customEvent of app web$/m)
})
