import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Fault, FaultRequest } from '../../src/simulator/faults.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import type { Cluster } from '../../src/stack/cluster.ts'
import { Asking } from './asking.ts'
import { scoredSchema, scores, writeGameConfig } from './game.ts'
import { SinkProcess, until } from './sink-process.ts'

export const PARTITIONS = 3
/** No player has two, so that no event waits for one of the other app. */
export const EVENTS = 300

export interface SceneOptions {
  /** Names the topic and the group. */
  readonly name: string
  /** YAML lines at the top level. */
  readonly more?: string
  /** Left out: the cluster's. */
  readonly registryUrl?: string
  /** Of the tracker. */
  readonly latencyMs?: number
}

/** A topic, a tracker that meets requests as the test says, and sinks that deliver from the one to the other. */
export class Scene {
  readonly topic: string
  readonly groupId: string
  readonly schemaId: number
  readonly directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  fault: ((request: FaultRequest) => Fault | undefined) | undefined
  tracker!: Simulator
  #file = ''
  readonly #t: TestContext
  readonly #cluster: Cluster

  private constructor(t: TestContext, cluster: Cluster, name: string, schemaId: number) {
    this.#t = t
    this.#cluster = cluster
    this.topic = `${name}-events`
    this.groupId = `${name}-sink`
    this.schemaId = schemaId
  }

  static async set(
    t: TestContext,
    cluster: Cluster,
    { name, more = '', latencyMs = 0, ...options }: SceneOptions,
  ): Promise<Scene> {
    const scene = new Scene(t, cluster, name, await cluster.register('game', scoredSchema))
    await cluster.createTopic(scene.topic, PARTITIONS)
    scene.tracker = await startSimulator({ journal: 'hits', latencyMs, fault: (request) => scene.fault?.(request) })
    t.after(async () => {
      await scene.tracker.stop()
      rmSync(scene.directory, { recursive: true, force: true })
    })
    const { topic, groupId, tracker } = scene
    const { registryUrl = cluster.stack.registryUrl } = options
    const elsewhere = { ...cluster, stack: { ...cluster.stack, registryUrl } } as unknown as Cluster
    scene.#file = writeGameConfig(elsewhere, scene.directory, { topic, groupId, trackerUrl: tracker.url, more })
    return scene
  }

  edit(from: string | RegExp, to: string): void {
    const text = readFileSync(this.#file, 'utf8')
    const edited = text.replace(from, to)
    assert.notEqual(edited, text, `there is no ${from} to edit`)
    writeFileSync(this.#file, edited)
  }

  /** A sink that answers, whether or not it is ready. */
  async begin(): Promise<{ sink: SinkProcess; asking: Asking }> {
    const sink = new SinkProcess(this.#t, this.#file)
    return { sink, asking: await Asking.of(sink) }
  }

  /** A sink that is ready. */
  async start(): Promise<{ sink: SinkProcess; asking: Asking }> {
    const begun = await this.begin()
    await until('it is ready', async () => (await begun.asking.code('/readyz')) === 200)
    return begun
  }

  async produce(count = EVENTS): Promise<void> {
    await this.#cluster.produce(this.topic, scores(this.schemaId, count, PARTITIONS).messages)
  }

  get delivered(): number {
    return this.tracker.journal.hits.length
  }

  /** All is committed, and so many were delivered, none twice. */
  async done(asking: Asking, events: number): Promise<void> {
    const isDone = ({ lag }: { lag: number }): boolean => lag === 0
    await asking.until('all is committed', ({ state, partitions }) => state === 'idle' && partitions.every(isDone))
    assert.equal(this.delivered, events)
  }

  /** Records on the retry and dead-letter topics. */
  async onSideTopics(): Promise<number> {
    let records = 0
    for (const topic of await this.#cluster.admin.listTopics()) {
      if (!topic.startsWith(`${this.groupId}.`)) continue
      records += (await this.#cluster.ends(topic)).reduce((sum, end) => sum + end, 0)
    }
    return records
  }
}
