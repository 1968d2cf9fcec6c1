/** Topics that change under the service: partitions are added, a topic is deleted and made anew. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, test } from 'node:test'
import type { AcceptedHit } from '../../src/simulator/journal.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { Asking } from '../support/asking.ts'
import { encodeScored, scoredSchema, writeGameConfig } from '../support/game.ts'
import { SinkProcess, until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const stack = await sharedStack()
const cluster = await Cluster.connect(stack)
after(() => cluster.close())
const schemaId = await cluster.register('game', scoredSchema)

/** A group of `startFrom: latest` that has delivered the 200 events of each partition of two topics. */
class Scene {
  readonly topics: readonly [string, string]
  readonly groupId: string
  readonly produced: string[] = []
  readonly #t: TestContext
  /** Events that their topic may have taken along. */
  readonly #gone = new Set<string>()
  /** Of the tracker. */
  latencyMs = 0
  #cluster = cluster
  #file = ''
  #accepted: () => readonly AcceptedHit[] = () => []

  constructor(t: TestContext, name: string) {
    this.#t = t
    this.topics = [`${name}-changed`, `${name}-kept`]
    this.groupId = `${name}-sink`
  }

  async prepare(): Promise<SinkProcess> {
    for (const topic of this.topics) await cluster.createTopic(topic, 2)
    const tracker = await startSimulator({ journal: 'hits', fault: () => ({ delayMs: this.latencyMs }) })
    this.#t.after(() => tracker.stop())
    this.#accepted = () => tracker.journal.hits
    const at = { topic: this.topics.join(', '), groupId: this.groupId, trackerUrl: tracker.url, startFrom: 'latest' } as const
    this.#file = writeGameConfig(cluster, directory, at)
    const sink = await this.start()
    await this.produce(this.topics[0], [0, 1], 200)
    await this.produce(this.topics[1], [0, 1], 200)
    await this.delivered()
    return sink
  }

  /** Resolves once it has its partitions. */
  async start(): Promise<SinkProcess> {
    const sink = new SinkProcess(this.#t, this.#file)
    const isJoined = ({ msg, groupId }: SinkProcess['log'][number]): boolean =>
      msg === 'the group was joined' && groupId === this.groupId
    await until('the group is joined', () => sink.log.some(isJoined))
    return sink
  }

  get accepted(): number {
    return this.#accepted().length
  }

  async produce(topic: string, partitions: readonly number[], count: number): Promise<void> {
    const messages = partitions.flatMap((partition) =>
      Array.from({ length: count }, () => {
        const id = `${topic}-${partition}-${this.produced.length}`
        this.produced.push(id)
        return { partition, key: `player-${partition}`, value: encodeScored(schemaId, { id, player: `player-${partition}` }) }
      }),
    )
    await this.#cluster.produce(topic, messages)
  }

  /** Waits until all is committed to its end; then each event was accepted once. */
  async delivered(): Promise<void> {
    await until('all is committed', async () => {
      for (const topic of this.topics) {
        const [committed, ends] = [await this.#cluster.committed(this.groupId, topic), await this.#cluster.ends(topic)]
        if (ends.some((end, partition) => committed[partition] !== end)) return false
      }
      return true
    })
    const ids = this.#accepted().map(({ params }) => (params.customEventParams as { id: string }).id)
    const accepted = new Set(ids)
    const lost = this.produced.filter((id) => !accepted.has(id) && !this.#gone.has(id)).length
    assert.deepEqual({ lost, twice: ids.length - accepted.size }, { lost: 0, twice: 0 })
  }

  /** From two to four partitions. */
  async grow(topic: string): Promise<void> {
    await cluster.admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] })
    // Who knew the topic before goes on believing in two for minutes, and throws away what is meant for others.
    this.#cluster = await Cluster.connect(stack)
    this.#t.after(() => this.#cluster.close())
    await until('they are there', async () => (await this.#cluster.ends(topic)).length === 4)
  }

  async makeAnew(topic: string, between = async () => {}): Promise<void> {
    for (const id of this.produced) if (id.startsWith(topic)) this.#gone.add(id)
    await cluster.admin.deleteTopics({ topics: [topic] })
    await between()
    await cluster.createTopic(topic, 2)
  }
}

test('partitions added while the service runs are read from their start within half a minute', async (t) => {
  const scene = new Scene(t, 'grown')
  const sink = await scene.prepare()
  await scene.grow(scene.topics[0])
  const startedAt = Date.now()
  await scene.produce(scene.topics[0], [2, 3], 100)
  await scene.delivered()
  const seconds = (Date.now() - startedAt) / 1_000
  t.diagnostic(`delivered after ${seconds.toFixed(1)} s`)
  assert.ok(seconds < 30)
  assert.equal(await sink.end('SIGTERM'), 0)
})

test('partitions added while the service is stopped are read from their start', async (t) => {
  const scene = new Scene(t, 'grown-stopped')
  assert.equal(await (await scene.prepare()).end('SIGTERM'), 0)
  await scene.grow(scene.topics[0])
  await scene.produce(scene.topics[0], [0, 2, 3], 100)
  const sink = await scene.start()
  await scene.delivered()
  assert.equal(await sink.end('SIGTERM'), 0)
})

test('a topic made anew while the service is stopped is read from its start, and the other one goes on', async (t) => {
  const scene = new Scene(t, 'anew-stopped')
  assert.equal(await (await scene.prepare()).end('SIGTERM'), 0)
  await scene.makeAnew(scene.topics[0])
  for (const topic of scene.topics) await scene.produce(topic, [0, 1], 300)
  const sink = await scene.start()
  await scene.delivered()
  assert.equal(await sink.end('SIGTERM'), 0)
})

for (const count of [50, 500])
  test(`a topic made anew while the service runs, with ${count} events after 200, is read from its start, and that is said`, async (t) => {
    const scene = new Scene(t, `anew-${count}`)
    const sink = await scene.prepare()
    await scene.makeAnew(scene.topics[0])
    for (const topic of scene.topics) await scene.produce(topic, [0, 1], count)
    await scene.delivered()
    const place = { topic: scene.topics[0], from: 200, to: 0, missed: 0 }
    assert.deepEqual(errorsOf(sink), [
      { ...place, partition: 0 },
      { ...place, partition: 1 },
    ])
    const metrics = await (await Asking.of(sink)).metrics()
    assert.equal(metrics.value('mytracker_sink_records_missed_total', { topic: scene.topics[0] }), 0, 'nobody knows how many')
    assert.equal(await sink.end('SIGTERM'), 0)
  })

test('a topic made anew while its events are on their way is read from its start, and the other one loses nothing', async (t) => {
  const scene = new Scene(t, 'anew-busy')
  const sink = await scene.prepare()
  const before = scene.accepted
  scene.latencyMs = 400
  for (const topic of scene.topics) await scene.produce(topic, [0, 1], 1_000)
  await until('some are delivered', () => scene.accepted > before)
  const isNoticed = (): boolean => sink.log.some(({ error }) => error === 'This server does not host this topic-partition')
  await scene.makeAnew(scene.topics[0], () => until('it is noticed', isNoticed))
  await scene.produce(scene.topics[0], [0, 1], 2_000)
  scene.latencyMs = 0
  await scene.delivered()
  assert.equal(errorsOf(sink).length, 2)
  assert.equal(await sink.end('SIGTERM'), 0)
})

function errorsOf({ log }: SinkProcess): unknown[] {
  const errors = log.filter(({ level }) => level === 'error')
  return errors.map(({ topic, partition, from, to, missed }) => ({ topic, partition, from, to, missed }))
}
