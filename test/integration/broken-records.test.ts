import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startSimulator } from '../../src/simulator/server.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { encodeScored, framed, scoredSchema, writeGameConfig } from '../support/game.ts'
import { SinkProcess, until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())

test('a record that is null, not framed, of an unknown schema, truncated, invalid or refused alone never stops its lane', async (t) => {
  const [topic, groupId] = ['broken-events', 'broken-sink']
  await cluster.createTopic(topic, 1)
  const schemaId = await cluster.register('game', scoredSchema)
  const sound = (id: string): Buffer => encodeScored(schemaId, { id, player: `player-${id}` })
  const values: readonly (readonly [string, Buffer | null])[] = [
    ['tombstone', null],
    ['not-framed', Buffer.from('{"id":"1"}')],
    ['malformed', sound('cut').subarray(0, 12)],
    ['malformed', Buffer.concat([sound('long'), Buffer.from([7])])],
    ['invalid-hit', encodeScored(schemaId, { id: 'invalid', player: 'x'.repeat(1_025) })],
    ['too-large', encodeScored(schemaId, { id: 'x', player: '\u0001'.repeat(1_000), comment: '\u0001'.repeat(255) })],
    ['rejected', encodeScored(schemaId, { id: 'refused', player: 'refused' })],
    ['unknown-schema', framed(987_654, Buffer.from([2, 65]))],
  ]
  // A sound one before, between and behind them all.
  const messages = values.flatMap(([, value], index) => [
    { partition: 0, key: `sound-${index}`, value: sound(String(index)) },
    { partition: 0, key: `broken-${index}`, value },
  ])
  await cluster.produce(topic, [...messages, { partition: 0, key: 'last', value: sound('last') }])
  const tracker = await startSimulator({
    journal: 'hits',
    fault: ({ events }) =>
      events?.some((event) => (event as { customUserId?: unknown }).customUserId === 'refused')
        ? { status: 400, body: '{"error": "Bad Request"}' }
        : undefined,
  })
  t.after(() => tracker.stop())
  const more = 'batch: { maxBytes: 5000 }'
  const sink = new SinkProcess(t, writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url, more }))
  await until('everything is committed', async () => (await cluster.committed(groupId, topic))[0] === messages.length + 1)
  assert.equal(await sink.end('SIGTERM'), 0)

  const accepted = tracker.journal.hits.map(({ params }) => (params.customEventParams as { id: string }).id)
  assert.deepEqual(accepted.toSorted(), [...values.keys()].map(String).concat('last').toSorted())
  const dead = await cluster.readAll(`${groupId}.dead-letter`)
  const expected = values
    .map(([reason], index) => ({ reason, offset: String(index * 2 + 1) }))
    .filter(({ reason }) => reason !== 'tombstone')
  const found = dead.map(({ headers }) => ({ reason: headers['mts-reason'] ?? '', offset: headers['mts-origin-offset'] ?? '' }))
  const byOffset = (a: { offset: string }, b: { offset: string }): number => Number(a.offset) - Number(b.offset)
  assert.deepEqual(found.toSorted(byOffset), expected)
  for (const { headers, key, value } of dead) {
    const offset = Number(headers['mts-origin-offset'])
    assert.deepEqual({ key, value }, { key: messages[offset]?.key, value: messages[offset]?.value }, 'kept byte for byte')
    assert.equal(headers['mts-origin-topic'], topic)
    assert.equal(headers['mts-attempt'], headers['mts-reason'] === 'rejected' ? headers['mts-attempt'] : '0')
    assert.equal(headers['mts-not-before'], undefined)
    assert.ok(headers['mts-detail'])
  }
})
