import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startSimulator } from '../../src/simulator/server.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { encodeScored, scoredSchema, writeGameConfig } from '../support/game.ts'
import { SinkProcess, until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())
const schemaId = await cluster.register('game', scoredSchema)

/** Refuses the batch of anybody called so, and fails whatever holds somebody who fails. */
const startTracker = () =>
  startSimulator({
    journal: 'hits',
    fault: ({ events = [] }) => {
      const players = events.map((event) => (event as { customUserId?: unknown }).customUserId)
      if (players.includes('refused')) return { status: 400, body: '{"error": "Bad Request"}' }
      return players.includes('fails') ? { status: 503, body: '' } : undefined
    },
  })

const message = (id: string, player: string, comment?: string) => ({
  partition: 0,
  key: player,
  value: encodeScored(schemaId, { id, player, ...(comment === undefined ? {} : { comment }) }),
})

test('a record too large for the side topics goes without its value, and its lane goes on', async (t) => {
  const [topic, groupId] = ['narrow-events', 'narrow-sink']
  await cluster.createTopic(topic, 1)
  for (const own of [`${groupId}.retry.1h`, `${groupId}.dead-letter`]) {
    await cluster.createTopic(own, 1, { 'max.message.bytes': '2000' })
  }
  const comment = 'x'.repeat(255)
  const long = 'long'.repeat(900)
  await cluster.produce(topic, [
    message('1', 'fails', comment),
    { ...message('2', 'fails'), headers: { trace: long } },
    message('3', 'refused'),
    // Not framed, so nobody decodes it, and larger than the topic of the dead letters takes.
    { partition: 0, key: 'garbage', value: Buffer.alloc(5_000, 7) },
    message('4', 'sound'),
  ])
  const tracker = await startTracker()
  t.after(() => tracker.stop())
  const more = 'retry: { inPlace: { attempts: 1 }, tiers: [1h] }\nbatch: { maxEvents: 1 }'
  const sink = new SinkProcess(t, writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url, more }))
  await until('all is committed', async () => (await cluster.committed(groupId, topic))[0] === 5)
  assert.equal(await sink.end('SIGTERM'), 0)

  assert.equal(tracker.journal.hits.length, 1)
  const [parked = []] = [await cluster.readAll(`${groupId}.retry.1h`)]
  assert.deepEqual(
    parked.map(({ headers }) => headers['mts-origin-offset']),
    ['0'],
  )
  const dead = await cluster.readAll(`${groupId}.dead-letter`)
  const told = dead.map(({ headers, key, value }) => [headers['mts-origin-offset'], headers['mts-reason'], key, value?.length])
  assert.deepEqual(
    told.toSorted(([a], [b]) => Number(a) - Number(b)),
    [
      ['1', 'unavailable', null, undefined],
      ['2', 'rejected', 'refused', message('3', 'refused').value.length],
      ['3', 'not-framed', 'garbage', undefined],
    ],
  )
  const garbage = dead.find(({ headers }) => headers['mts-reason'] === 'not-framed')
  assert.match(garbage?.headers['mts-detail'] ?? '', /^value of 5000 bytes left out, too large for narrow-sink.dead-letter; /)
})

test('a dead-letter topic that is gone holds its lane, is named in the log, and is written once it is back, smaller than before', async (t) => {
  const [topic, groupId] = ['gone-events', 'gone-sink']
  await cluster.createTopic(topic, 2)
  const tracker = await startTracker()
  t.after(() => tracker.stop())
  const more = 'retry: { partitions: 2, tiers: [1h] }\nbatch: { maxEvents: 1 }'
  const sink = new SinkProcess(t, writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url, more }))
  const inSecond = (id: string, player: string) => ({ ...message(id, player), partition: 1 })
  await cluster.produce(topic, [message('0', 'sound'), inSecond('1', 'refused')])
  await until('one is dead', async () => (await cluster.ends(`${groupId}.dead-letter`))[1] === 1)

  await cluster.admin.deleteTopics({ topics: [`${groupId}.dead-letter`] })
  await cluster.produce(topic, [inSecond('2', 'refused'), inSecond('3', 'sound'), message('4', 'sound')])
  const said = () => sink.log.filter(({ msg }) => msg.startsWith('a retry or dead-letter topic cannot be written'))
  await until('it is said', () => said().length > 0)
  assert.equal(said()[0]?.level, 'error')
  // The sound ones around it arrive, of the same partition too; nothing is committed past the one that waits.
  await until('the others have arrived', () => tracker.journal.hits.length === 3)
  await until('what is done is committed', async () => (await cluster.committed(groupId, topic))[0] === 2)
  assert.equal((await cluster.committed(groupId, topic))[1], 1)

  await cluster.createTopic(`${groupId}.dead-letter`, 1)
  await until('it is dead', async () => (await cluster.committed(groupId, topic))[1] === 3)
  const [dead] = await cluster.readAll(`${groupId}.dead-letter`)
  assert.deepEqual([dead?.partition, dead?.headers['mts-origin-offset']], [0, '1'])
  assert.equal(await sink.end('SIGTERM'), 0)
  const errors = said().map(({ error, topic: of }) => `${of}: ${error}`)
  assert.ok(
    errors.some((text) => text.includes(`${groupId}.dead-letter`)),
    errors.join('; '),
  )
})
