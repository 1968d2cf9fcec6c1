import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, test } from 'node:test'
import type { StatusDocument } from '../../src/ops/status.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { YOUNG_GENERATION_FLAG } from '../../src/young-generation.ts'
import { Asking } from '../support/asking.ts'
import { scoredSchema, scores, writeGameConfig } from '../support/game.ts'
import { SinkProcess } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const PARTITIONS = 6
const EVENTS = 50_000
/** In a record batch as the test's producer writes them: larger than what is asked for at once, so that a fetch brings one of them. */
const FETCH = 500
/** Nothing has come for so long: nothing will, until the tracker answers. */
const UNCHANGED_MS = 3_000

const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())
const topic = 'bounded-events'
await cluster.createTopic(topic, PARTITIONS)
const { messages } = scores(await cluster.register('game', scoredSchema), EVENTS, PARTITIONS)
await cluster.produce(topic, messages)

/** A sink before a tracker that does not answer. */
async function started(t: TestContext, groupId: string, delivery: string): Promise<SinkProcess> {
  const tracker = await startSimulator({ journal: 'hits', latencyMs: 600_000 })
  t.after(() => tracker.stop())
  const more = `delivery: { ${delivery} }`
  const kafka = ', maxBytesPerPartition: 16384, maxBytesPerFetch: 65536'
  return new SinkProcess(t, writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url, kafka, more }))
}

/** What it has taken in of the topic when it takes no more, since nothing gets done. */
async function filled(sink: SinkProcess): Promise<StatusDocument> {
  let consumed = 0
  let changedAt = Date.now()
  return await (await Asking.of(sink)).until('it takes no more in', ({ counts }) => {
    if (counts.consumed !== consumed) [consumed, changedAt] = [counts.consumed, Date.now()]
    return consumed > 0 && Date.now() - changedAt > UNCHANGED_MS
  })
}

/** The records that are open, or were fetched beyond them. */
function waiting({ counts, partitions }: StatusDocument): { open: number; beyond: number } {
  const open = partitions.reduce((sum, partition) => sum + partition.open, 0)
  return { open, beyond: counts.consumed - open }
}

test('of 50,000 records before a tracker that does not answer, no more are open than the windows have, and two fetches beyond', async (t) => {
  const { open, beyond } = waiting(await filled(await started(t, 'bounded-events-sink', 'windowEvents: 100')))
  assert.equal(open, 100 * PARTITIONS)
  assert.ok(beyond <= 2 * FETCH * PARTITIONS, `${beyond} records were fetched and are not open`)
})

test('the bytes of all open records together stay within windowBytes', async (t) => {
  const windowBytes = 65_536
  const status = await filled(await started(t, 'bounded-bytes-sink', `windowBytes: ${windowBytes}`))
  // Nothing was delivered, so that the open ones are the first of their partitions.
  const open = status.partitions.flatMap(({ partition, open: count }) =>
    messages.filter((message) => message.partition === partition).slice(0, count),
  )
  const bytes = open.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0)
  // The hits are about as large again.
  assert.ok(bytes > windowBytes / 4 && bytes <= windowBytes, `${bytes} bytes of raw records are open`)
  const { beyond } = waiting(status)
  assert.ok(beyond <= 2 * FETCH * PARTITIONS, `${beyond} records were fetched and are not open`)
})

test('the process keeps what is young small, and ends in order', { skip: process.platform !== 'linux' }, async (t) => {
  const sink = await started(t, 'bounded-young-sink', 'drainTimeout: 1s')
  await Asking.of(sink)
  const commandLine = readFileSync(`/proc/${sink.pid}/cmdline`, 'utf8').split('\0')
  assert.ok(commandLine.includes(YOUNG_GENERATION_FLAG), commandLine.join(' '))
  assert.ok(readFileSync(`/proc/${sink.pid}/environ`, 'utf8').split('\0').includes('MALLOC_ARENA_MAX=2'))
  assert.ok((await sink.end('SIGTERM')) !== null, 'it was killed')
})
