import type { Admin } from 'kafkajs'

/** Where a new group begins: the oldest record, only new ones, or the first record at or after a time (epoch ms). */
export type StartFrom = 'earliest' | 'latest' | number

export interface Position {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/**
 * The positions of partitions for which the group has committed nothing.
 *
 * `startFrom` is for topics that the group has never read. It is resolved once, before the group is joined: two instances that
 * start together must not mistake each other's first commits for a group that was there before. A partition without a commit in a
 * topic that has some was added later, and is read from its start.
 */
export class StartPositions {
  readonly #admin: Admin
  readonly #groupId: string
  readonly #resolved: ReadonlyMap<string, number>

  private constructor(admin: Admin, groupId: string, resolved: ReadonlyMap<string, number>) {
    this.#admin = admin
    this.#groupId = groupId
    this.#resolved = resolved
  }

  static async resolve(options: {
    admin: Admin
    groupId: string
    topics: readonly string[]
    startFrom: StartFrom
  }): Promise<StartPositions> {
    const { admin, groupId, topics, startFrom } = options
    const resolved = new Map<string, number>()
    for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics: [...topics] })) {
      if (partitions.some(({ offset }) => isCommitted(offset))) continue
      for (const { partition, offset } of await offsetsOf(admin, topic, startFrom)) resolved.set(`${topic}/${partition}`, offset)
    }
    return new StartPositions(admin, groupId, resolved)
  }

  /** Those of `assigned` that have no commit, and where they begin. */
  async of(assigned: ReadonlyMap<string, readonly number[]>): Promise<Position[]> {
    const topics = [...assigned.keys()]
    if (topics.length === 0) return []
    const positions: Position[] = []
    for (const { topic, partitions } of await this.#admin.fetchOffsets({ groupId: this.#groupId, topics })) {
      const ours = assigned.get(topic) ?? []
      const uncommitted = partitions.filter(({ partition, offset }) => ours.includes(partition) && !isCommitted(offset))
      if (uncommitted.length === 0) continue
      const oldest = await offsetsOf(this.#admin, topic, 'earliest')
      for (const { partition } of uncommitted) {
        const offset =
          this.#resolved.get(`${topic}/${partition}`) ?? oldest.find((entry) => entry.partition === partition)?.offset
        if (offset !== undefined) positions.push({ topic, partition, offset })
      }
    }
    return positions
  }
}

/** kafkajs commits -1 and -2 of its own accord when it lost its place; neither is a position. */
function isCommitted(offset: string): boolean {
  return Number(offset) >= 0
}

async function offsetsOf(admin: Admin, topic: string, from: StartFrom): Promise<{ partition: number; offset: number }[]> {
  if (typeof from === 'number') {
    const found = await admin.fetchTopicOffsetsByTimestamp(topic, from)
    return found.map(({ partition, offset }) => ({ partition, offset: Number(offset) }))
  }
  const found = await admin.fetchTopicOffsets(topic)
  return found.map(({ partition, low, high }) => ({ partition, offset: Number(from === 'earliest' ? low : high) }))
}
