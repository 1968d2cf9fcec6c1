/** What the scenarios do to brokers. */
import assert from 'node:assert/strict'
import type { Cluster } from '../../src/stack/cluster.ts'
import type { StackNode } from '../../src/stack/starting.ts'
import { CommitWatch } from '../support/failover.ts'
import { until } from '../support/sink-process.ts'
import { allInSync } from '../support/stack.ts'
import type { Stage } from './stage.ts'

export function onlyNode({ cluster }: Stage): StackNode {
  const [node, ...others] = cluster.stack.nodes
  if (node === undefined || others.length > 0) throw new Error('one broker that can be stopped is wanted')
  return node
}

/** The offsets topic has one partition, whose leader coordinates every group. */
export async function coordinator(cluster: Cluster): Promise<StackNode> {
  const [leader] = await cluster.leaders('__consumer_offsets')
  const node = cluster.stack.nodes.find(({ id }) => id === leader)
  if (node === undefined) throw new Error(`the coordinator, node ${leader}, is none of ours`)
  return node
}

/** The longest time, from its making on, in which no committed offset moved, as far as one can see from outside. */
export class CommitGap {
  readonly #startedAt = Date.now()
  readonly #watch: CommitWatch

  constructor({ cluster, groupId, topic }: Stage) {
    this.#watch = new CommitWatch(cluster, { groupId, topic })
  }

  async stop(): Promise<number> {
    await this.#watch.stop()
    let [longest, movedAt, known] = [0, this.#startedAt, -1]
    for (const { committed, at } of this.#watch.samples) {
      const sum = committed.reduce((total, offset) => total + offset, 0)
      if (sum <= known) continue
      longest = Math.max(longest, at - movedAt)
      movedAt = at
      known = sum
    }
    return Math.max(longest, Date.now() - movedAt)
  }
}

/** Every partition of every topic gets another leader: its own is taken off the list of replicas, and put at its end afterwards. */
export async function moveLeaders(cluster: Cluster): Promise<number> {
  const before = (await cluster.admin.fetchTopicMetadata()).topics
  const moves = before.map(({ name: topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partitionId: partition, leader, replicas }) => {
      return { partition, leader, others: replicas.filter((id) => id !== leader) }
    }),
  }))
  const assign = async (replicas: (move: { leader: number; others: number[] }) => number[]) =>
    await cluster.admin.alterPartitionReassignments({
      topics: moves.map(({ topic, partitions }) => ({
        topic,
        partitionAssignment: partitions.map((move) => ({ partition: move.partition, replicas: replicas(move) })),
      })),
    })
  await assign(({ others }) => others)
  for (const { topic, partitions } of moves) {
    await until(`the leaders of ${topic} have moved`, async () => {
      const now = await cluster.leaders(topic)
      return partitions.every(({ partition, leader }) => now[partition] !== leader && now[partition] !== -1)
    })
  }
  await assign(({ leader, others }) => [...others, leader])
  await until('all copies are in sync', async () => (await allInSync(cluster)) && (await areWhole(cluster, moves.length)))
  return moves.reduce((sum, { partitions }) => sum + partitions.length, 0)
}

async function areWhole({ admin }: Cluster, count: number): Promise<boolean> {
  const { topics } = await admin.fetchTopicMetadata()
  assert.ok(topics.length >= count)
  return topics.every(({ partitions }) => partitions.every(({ isr }) => isr.length === 3))
}
