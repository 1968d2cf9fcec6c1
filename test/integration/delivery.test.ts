import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { AcceptedHit } from '../../src/simulator/journal.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import type { Stored } from '../../src/stack/cluster.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { scoredSchema, scores, writeGameConfig } from '../support/game.ts'
import { SinkProcess, until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const PARTITIONS = 6
const EVENTS = 10_000
const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())
const schemaId = await cluster.register('game', scoredSchema)

/** Names of its own for each test, and the events in its topic. */
async function loaded(
  name: string,
): Promise<{ topic: string; groupId: string; idOf: (partition: number, index: number) => string }> {
  const topic = `${name}-events`
  await cluster.createTopic(topic, PARTITIONS)
  const { messages, idOf } = scores(schemaId, EVENTS, PARTITIONS)
  await cluster.produce(topic, messages)
  return { topic, groupId: `${name}-sink`, idOf }
}

const idOfHit = ({ params }: AcceptedHit): string => (params.customEventParams as { id: string }).id

/** How often each id was accepted. */
function timesAccepted(hits: readonly AcceptedHit[]): Map<string, number> {
  const times = new Map<string, number>()
  for (const hit of hits) times.set(idOfHit(hit), (times.get(idOfHit(hit)) ?? 0) + 1)
  return times
}

/** Ids that came after a later one of the same player; repeats are looked at once. */
function outOfOrder(hits: readonly AcceptedHit[]): string[] {
  const newest = new Map<unknown, number>()
  const seen = new Set<string>()
  return hits.flatMap((hit) => {
    const id = idOfHit(hit)
    if (seen.has(id)) return []
    seen.add(id)
    const index = Number(id.split('-')[1])
    const player = hit.params.customUserId
    const isLate = index < (newest.get(player) ?? -1)
    if (!isLate) newest.set(player, index)
    return isLate ? [id] : []
  })
}

function assertBatches(hits: readonly AcceptedHit[]): void {
  const batches = new Map(hits.map((hit) => [hit.request, hit]))
  for (const { batchSize, bodyBytes } of batches.values()) {
    assert.ok(batchSize <= 20, `${batchSize} events in a request`)
    assert.ok(bodyBytes <= 10_000, `${bodyBytes} bytes in a request`)
  }
  const mean = hits.length / batches.size
  assert.ok(mean > 15, `${mean.toFixed(2)} events a request`)
}

async function isAllCommitted(groupId: string, topic: string): Promise<boolean> {
  const [committed, ends] = [await cluster.committed(groupId, topic), await cluster.ends(topic)]
  return ends.every((end, partition) => committed[partition] === end)
}

test('10,000 events over 6 partitions arrive once, in full batches, in order by key, and are committed to the end', async (t) => {
  const { topic, groupId } = await loaded('plain')
  const tracker = await startSimulator({
    journal: 'hits',
    apps: [
      { idApp: '1', token: 't1' },
      { idApp: '2', token: 't2' },
    ],
  })
  t.after(() => tracker.stop())
  const sink = new SinkProcess(t, writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url }))
  await until('all events are committed', () => isAllCommitted(groupId, topic))
  assert.equal(await sink.end('SIGTERM'), 0)

  const { hits } = tracker.journal
  assert.equal(hits.length, EVENTS)
  assert.equal(timesAccepted(hits).size, EVENTS)
  assert.deepEqual(outOfOrder(hits), [])
  assertBatches(hits)
  assert.equal(sink.log[0]?.msg, 'mytracker-sink is starting')
  assert.equal(sink.log[0]?.groupId, groupId)
})

test('committed offsets never pass an event that is neither accepted nor parked, while requests fail and records are parked', async (t) => {
  const { topic, groupId, idOf } = await loaded('commits')
  const tracker = await startSimulator({
    journal: 'hits',
    latencyMs: 5,
    // Every fourth request fails; and this player's every time, so that its batches end on the retry tier.
    fault: ({ number, events }) => {
      const isDoomed = events?.some((event) => (event as { customUserId?: unknown }).customUserId === 'player-42')
      return isDoomed || number % 4 === 0 ? { status: 500, body: '{"error": "Internal Server Error"}' } : undefined
    },
  })
  t.after(() => tracker.stop())
  const more = 'retry: { inPlace: { attempts: 3, delay: 20ms, maxDelay: 100ms } }\nbreaker: off'
  const sink = new SinkProcess(t, writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url, more }))

  // Offsets first, then the journal: what is committed must be in the journal already. Parked ones are judged by when they were parked.
  const samples: { committed: number[]; accepted: number; at: number }[] = []
  await until('all events are committed', async () => {
    const committed = await cluster.committed(groupId, topic)
    samples.push({ committed, accepted: tracker.journal.hits.length, at: Date.now() })
    await new Promise((resolve) => setTimeout(resolve, 100))
    return await isAllCommitted(groupId, topic)
  })
  assert.equal(await sink.end('SIGTERM'), 0)

  const parked = await cluster.readAll(`${groupId}.retry.30s`)
  assert.ok(parked.length > 0, 'nothing was parked: the test is too weak')
  assert.ok(samples.length > 5, 'too few samples')
  const { hits } = tracker.journal
  const acceptedAt = new Map(hits.map((hit, index) => [idOfHit(hit), index]))
  const parkedAt = new Map(parked.map((record) => [originOf(record), record.timestamp]))
  for (const { committed, accepted, at } of samples) {
    committed.forEach((offset, partition) => {
      for (let before = 0; before < offset; before += 1) {
        const isAccepted = (acceptedAt.get(idOf(partition, before)) ?? Number.POSITIVE_INFINITY) < accepted
        const isParked = (parkedAt.get(`${partition}@${before}`) ?? Number.POSITIVE_INFINITY) <= at
        assert.ok(isAccepted || isParked, `partition ${partition} is committed up to ${offset}, but ${before} had no outcome`)
      }
    })
  }
  const outcomes = new Set([
    ...acceptedAt.keys(),
    ...parked.map((record) => `${record.headers['mts-origin-partition']}-${record.headers['mts-origin-offset']}`),
  ])
  assert.equal(outcomes.size, EVENTS, 'an event is neither accepted nor parked')
  assert.deepEqual(outOfOrder(hits), [])
  for (const { headers } of parked) {
    assert.equal(headers['mts-reason'], 'unavailable')
    assert.equal(headers['mts-attempt'], '3')
    assert.equal(headers['mts-origin-topic'], topic)
    // The tier's delay counts from the parking, after the back-offs; the first failure was before them.
    assert.ok(Number(headers['mts-not-before']) - Number(headers['mts-first-failed-at']) > 30_000)
  }
})

function originOf({ headers }: Stored): string {
  return `${headers['mts-origin-partition']}@${headers['mts-origin-offset']}`
}

test('killed in mid-run and started again, nothing is lost', async (t) => {
  const { topic, groupId } = await loaded('killed')
  const tracker = await startSimulator({ journal: 'hits', latencyMs: 30 })
  t.after(() => tracker.stop())
  const file = writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url })
  const first = new SinkProcess(t, file)
  await until('a third is accepted', () => tracker.journal.hits.length > EVENTS / 3)
  assert.equal(await first.end('SIGKILL'), null)
  const atKill = tracker.journal.hits.length
  assert.ok(atKill < EVENTS, 'it was killed too late')

  const second = new SinkProcess(t, file)
  await until('all events are committed', () => isAllCommitted(groupId, topic))
  assert.equal(await second.end('SIGTERM'), 0)
  const times = timesAccepted(tracker.journal.hits)
  assert.equal(times.size, EVENTS)
  assert.deepEqual(outOfOrder(tracker.journal.hits), [])
})

test('told to end in mid-run and started again, nothing is lost and nothing is sent twice', async (t) => {
  const { topic, groupId } = await loaded('ended')
  const tracker = await startSimulator({ journal: 'hits', latencyMs: 30 })
  t.after(() => tracker.stop())
  const file = writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url })
  const first = new SinkProcess(t, file)
  await until('a third is accepted', () => tracker.journal.hits.length > EVENTS / 3)
  assert.equal(await first.end('SIGTERM'), 0)
  assert.ok(tracker.journal.hits.length < EVENTS, 'it was ended too late')

  const second = new SinkProcess(t, file)
  await until('all events are committed', () => isAllCommitted(groupId, topic))
  assert.equal(await second.end('SIGINT'), 0)
  assert.equal(tracker.journal.hits.length, EVENTS)
  assert.equal(timesAccepted(tracker.journal.hits).size, EVENTS)
  assert.deepEqual(outOfOrder(tracker.journal.hits), [])
})
