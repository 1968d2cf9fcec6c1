/** What tests need that kill one of three brokers. */
import type { Exit, SideExitProducer } from '../../src/kafka/producer.ts'
import type { Cluster, Stored } from '../../src/stack/cluster.ts'
import type { StackNode } from '../../src/stack/starting.ts'
import { recordOf } from './pipeline-fakes.ts'
import { until } from './sink-process.ts'
import { allInSync } from './stack.ts'

const WATCH_MAX_MS = 180_000

/**
 * The node that leads most of the topic's partitions, but not the coordinator of consumer groups: that one's death would have the
 * consumer start over, which is another test.
 */
export async function busiestNode(cluster: Cluster, topic: string): Promise<{ node: StackNode; leads: number }> {
  // The stack's offsets topic has one partition, whose leader coordinates every group.
  const [coordinator] = await cluster.leaders('__consumer_offsets')
  const leaders = await cluster.leaders(topic)
  const [busiest] = cluster.stack.nodes
    .filter(({ id }) => id !== coordinator)
    .map((node) => ({ node, leads: leaders.filter((id) => id === node.id).length }))
    .sort((a, b) => b.leads - a.leads)
  if (busiest === undefined || busiest.leads === 0) throw new Error(`no node to kill: ${topic} is led by ${leaders}`)
  return busiest
}

/** Resolves when the others lead all of the topic's partitions. */
export async function leadersMoved(cluster: Cluster, topic: string, { id }: StackNode): Promise<void> {
  await until('the others lead', async () => (await cluster.leaders(topic)).every((leader) => leader !== id && leader !== -1))
}

/** The killed node again, and all in sync, so that another one may be killed. */
export async function restore(cluster: Cluster, node: StackNode): Promise<void> {
  await node.revive()
  await until('all copies are in sync', () => allInSync(cluster))
}

/** The first copy in a side topic of each record, by `partition@offset` of its origin. */
export function firstCopies(stored: readonly Stored[]): Map<string, Stored> {
  const copies = new Map<string, Stored>()
  for (const record of stored) {
    const { headers, offset } = record
    const origin = `${headers['mts-origin-partition']}@${headers['mts-origin-offset']}`
    const known = copies.get(origin)
    if (known === undefined || known.offset > offset) copies.set(origin, record)
  }
  return copies
}

export interface Sample {
  /** By partition; -1: none. */
  readonly committed: number[]
  /** Epoch ms, when they were known. */
  readonly at: number
}

/** Looks at a group's committed offsets all the time. */
export class CommitWatch {
  readonly samples: Sample[] = []
  /** Looks that failed, for instance because the dead node was asked. */
  missed = 0
  #isStopping = false
  readonly #running: Promise<void>

  constructor(cluster: Cluster, { groupId, topic }: { readonly groupId: string; readonly topic: string }) {
    const look = async () => {
      try {
        this.samples.push({ committed: await cluster.committed(groupId, topic), at: Date.now() })
      } catch {
        this.missed += 1
      }
      return this.#isStopping
    }
    this.#running = until('the watch is ended', look, WATCH_MAX_MS)
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running
  }
}

/** Writes to a side topic without pause, several at a time, and keeps in mind which records were acknowledged. */
export class Writers {
  readonly acknowledged: string[] = []
  refused = 0
  readonly #sideExit: SideExitProducer
  readonly #partitions: number
  #written = 0
  #isStopping = false
  readonly #running: Promise<unknown>

  constructor(sideExit: SideExitProducer, { writers, partitions }: { readonly writers: number; readonly partitions: number }) {
    this.#sideExit = sideExit
    this.#partitions = partitions
    this.#running = Promise.all(Array.from({ length: writers }, () => this.#run()))
  }

  /** Resolves when the writes under way have an end. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const offset = this.#written
      this.#written += 1
      const exits = Array.from({ length: this.#partitions }, (_, partition) => exitOf(partition, offset))
      try {
        await this.#sideExit.write(exits)
        this.acknowledged.push(...exits.map(({ record }) => `${record.partition}@${record.offset}`))
      } catch {
        // Some of its records may be there: nothing was promised.
        this.refused += 1
      }
    }
  }
}

function exitOf(partition: number, offset: number): Exit {
  const failed = { attempt: 2, failedAt: 1_700_000_000_000, firstFailedAt: 1_700_000_000_000 }
  return { record: recordOf(offset, null, partition), to: 'tier', reason: 'unavailable', detail: 'status 500', ...failed }
}
