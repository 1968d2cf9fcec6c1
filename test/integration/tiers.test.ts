import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { AcceptedHit } from '../../src/simulator/journal.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import type { Stored } from '../../src/stack/cluster.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { encodeScored, scoredSchema, scores, writeGameConfig } from '../support/game.ts'
import { SinkProcess, until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const EVENTS = 2_000
const PARTITIONS = 3
const DOOMED = 'player-42'
const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())
const schemaId = await cluster.register('game', scoredSchema)

const playerOf = (event: unknown): unknown => (event as { customUserId?: unknown }).customUserId
const originOf = ({ headers }: Stored): string => `${headers['mts-origin-partition']}-${headers['mts-origin-offset']}`
const numberOf = ({ headers }: Stored, name: string): number => Number(headers[name])
const idOf = ({ params }: AcceptedHit): string => (params.customEventParams as { id: string }).id

/** Waits until every event is accepted or dead, and the retry group has committed all that its topics hold. */
async function isOver(groupId: string, tiers: readonly string[], accepted: () => number): Promise<boolean> {
  const dead = (await cluster.ends(`${groupId}.dead-letter`)).reduce((sum, end) => sum + end, 0)
  if (accepted() + dead < EVENTS) return false
  for (const topic of tiers) {
    const [ends, committed] = [await cluster.ends(topic), await cluster.committed(`${groupId}.retry`, topic)]
    if (ends.some((end, partition) => end > 0 && committed[partition] !== end)) return false
  }
  return true
}

test('events that fail by themselves pass the tiers and end as dead letters; what shared their batches arrives from the first tier', async (t) => {
  const [topic, groupId] = ['tiers-events', 'tiers-sink']
  await cluster.createTopic(topic, PARTITIONS)
  const { messages } = scores(schemaId, EVENTS, PARTITIONS)
  await cluster.produce(topic, messages)
  const doomedAt: number[] = []
  const tracker = await startSimulator({
    journal: 'hits',
    fault: ({ events }) => {
      if (!events?.some((event) => playerOf(event) === DOOMED)) return undefined
      if (events.length === 1) doomedAt.push(Date.now())
      return { status: 500, body: '{"error": "Internal Server Error"}' }
    },
  })
  t.after(() => tracker.stop())
  const more =
    'retry: { inPlace: { attempts: 2, delay: 20ms, maxDelay: 50ms }, tiers: [1s, 3s], giveUp: 8s, partitions: 2 }\nbreaker: off'
  const sink = new SinkProcess(t, writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url, more }))
  const tiers = [`${groupId}.retry.1s`, `${groupId}.retry.3s`]
  await until('every event has its end', () => isOver(groupId, tiers, () => tracker.journal.hits.length))
  assert.equal(await sink.end('SIGTERM'), 0)

  const [first = [], second = []] = [await cluster.readAll(tiers[0] as string), await cluster.readAll(tiers[1] as string)]
  const dead = await cluster.readAll(`${groupId}.dead-letter`)
  const doomed = new Set(scoresOf(messages, DOOMED))
  assert.ok(doomed.size > 0)

  // Dead are just the doomed ones, each once; all others were accepted once.
  assert.deepEqual(dead.map(originOf).toSorted(), [...doomed].toSorted())
  const { hits } = tracker.journal
  assert.equal(hits.length, EVENTS - doomed.size)
  assert.equal(new Set(hits.map(idOf)).size, hits.length)
  // Who left the lane was accepted alone, from the first tier; nobody else did.
  const mates = first.map(originOf).filter((origin) => !doomed.has(origin))
  assert.ok(mates.length > 0, 'nothing shared a batch with a doomed event: the test is too weak')
  assert.equal(new Set(first.map(originOf)).size, first.length, 'parked once each')
  const late = new Set(mates)
  for (const hit of hits) if (late.has(idOf(hit))) assert.equal(hit.batchSize, 1)
  assert.deepEqual(new Set(second.map(originOf)), doomed)

  for (const origin of doomed) {
    const steps = [...first, ...second, ...dead].filter((record) => originOf(record) === origin)
    steps.sort((a, b) => numberOf(a, 'mts-attempt') - numberOf(b, 'mts-attempt'))
    assertHistory(steps, { topic, origin })
    t.diagnostic(`${origin}: ${steps.map((step) => stepOf(step, steps[0] as Stored)).join(', ')}`)
  }
  t.diagnostic(
    `${first.length} parked on the first tier, ${mates.length} of them accepted from there; ${doomed.size} dead letters`,
  )
  const [drained] = sink.log.filter(({ msg }) => msg === 'drained; what is open stays uncommitted')
  const counts = (drained ?? assert.fail('it did not drain')).counts as { deadLettered: unknown }
  assert.deepEqual(counts.deadLettered, { unavailable: doomed.size })
})

/** `partition-offset` of the player's events. */
function scoresOf(messages: readonly { partition: number; key: string | null }[], player: string): string[] {
  const offsets = new Map<number, number>()
  return messages.flatMap(({ partition, key }) => {
    const offset = offsets.get(partition) ?? 0
    offsets.set(partition, offset + 1)
    return key === player ? [`${partition}-${offset}`] : []
  })
}

const stepOf = (step: Stored, first: Stored): string =>
  `attempt ${step.headers['mts-attempt']} at +${((step.timestamp - numberOf(first, 'mts-first-failed-at')) / 1_000).toFixed(1)} s`

/** Two attempts at each stop, none before its time and none long after it, and never another origin. */
function assertHistory(steps: readonly Stored[], { topic, origin }: { topic: string; origin: string }): void {
  const firstFailedAt = numberOf(steps[0] as Stored, 'mts-first-failed-at')
  steps.forEach((step, index) => {
    const isDead = index === steps.length - 1
    assert.equal(step.headers['mts-attempt'], String(2 * (index + 1)), origin)
    assert.equal(step.headers['mts-origin-topic'], topic)
    assert.equal(step.headers['mts-reason'], 'unavailable')
    assert.equal(numberOf(step, 'mts-first-failed-at'), firstFailedAt)
    assert.equal('mts-not-before' in step.headers, !isDead)
    const before = steps[index - 1]
    if (before !== undefined) {
      const waited = step.timestamp - numberOf(before, 'mts-not-before')
      assert.ok(waited >= 0 && waited < 5_000, `${origin} failed again ${waited} ms after its time`)
    }
    if (!isDead) {
      const delay = numberOf(step, 'mts-not-before') - step.timestamp
      const tierMs = index === 0 ? 1_000 : 3_000
      assert.ok(delay <= tierMs && delay > tierMs - 1_000, `${origin} waits ${delay} ms on a tier of ${tierMs} ms`)
    }
    assert.equal(step.timestamp - firstFailedAt >= 8_000, isDead, `${origin} given up at the wrong time`)
  })
  assert.match((steps.at(-1) as Stored).headers['mts-detail'] ?? '', /^given up \d+ s after the first failure; the last one: /)
}

test('a header that names a time far away waits no longer than the tier; a record put there by hand is delivered', async (t) => {
  const [topic, groupId] = ['bounded-events', 'bounded-sink']
  await cluster.createTopic(topic, 1)
  await cluster.createTopic(`${groupId}.retry.2s`, 1)
  await cluster.createTopic(`${groupId}.retry.7m`, 2)
  const value = (id: string): Buffer => encodeScored(schemaId, { id, player: 'by-hand' })
  const far = { 'mts-not-before': String(Date.now() + 1_000_000_000), 'mts-attempt': 'many', 'mts-origin-topic': topic }
  await cluster.produce(`${groupId}.retry.2s`, [
    { partition: 0, key: null, value: value('far'), headers: far },
    { partition: 0, key: null, value: value('bare') },
  ])
  await cluster.produce(`${groupId}.retry.7m`, [
    { partition: 1, key: null, value: value('forgotten') },
    { partition: 1, key: null, value: value('forgotten') },
  ])
  const tracker = await startSimulator({ journal: 'hits' })
  t.after(() => tracker.stop())
  const more = 'retry: { tiers: [2s] }'
  const sink = new SinkProcess(t, writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url, more }))
  await until('both have arrived', () => tracker.journal.hits.length === 2, 20_000)
  assert.deepEqual(tracker.journal.hits.map(idOf), ['far', 'bare'])
  assert.equal(await sink.end('SIGTERM'), 0)
  const warned = sink.log.filter(({ msg }) => msg.startsWith('a retry topic holds records'))
  assert.deepEqual(
    warned.map(({ level, topic: named, records }) => [level, named, records]),
    [['warn', `${groupId}.retry.7m`, 2]],
  )
})
