import type { Admin } from 'kafkajs'
import type { ResumePoint } from '../core/offset-runs.ts'
import { decodeOffsetMap } from './offset-map.ts'

/** Where a new group begins: the oldest record, only new ones, or the first record at or after a time (epoch ms). */
export type StartFrom = 'earliest' | 'latest' | number

export interface Position extends ResumePoint {
  readonly topic: string
  readonly partition: number
  /** The group has committed nothing here, or for a log that is gone; this is where it begins. */
  readonly isNew: boolean
  /** Set where the log does not hold the offset that is committed: reading goes on at its start, `to`. */
  readonly missed: { readonly from: number; readonly to: number } | undefined
  /** The commit has metadata that is not ours, or is damaged. */
  readonly isForeign: boolean
}

/**
 * Where partitions are read from: behind what the group has committed, or where it begins when it has committed nothing.
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

  /** Where each of `assigned` goes on, or begins. */
  async of(assigned: ReadonlyMap<string, readonly number[]>): Promise<Position[]> {
    const topics = [...assigned.keys()]
    if (topics.length === 0) return []
    const positions: Position[] = []
    for (const { topic, partitions } of await this.#admin.fetchOffsets({ groupId: this.#groupId, topics })) {
      const ours = assigned.get(topic) ?? []
      const logs = await this.#logsOf(topic)
      for (const { partition, offset, metadata } of partitions.filter((each) => ours.includes(each.partition))) {
        const at = { topic, partition }
        if (isCommitted(offset)) {
          positions.push({ ...at, ...goingOn(Number(offset), metadata ?? '', logs.get(partition)) })
        } else {
          const begins = { runs: [], isNew: true, missed: undefined, isForeign: false }
          positions.push({ ...at, ...begins, offset: await this.#startOf(topic, partition) })
        }
      }
    }
    return positions
  }

  /** By partition; none of a topic that is gone. */
  async #logsOf(topic: string): Promise<Map<number, Log>> {
    try {
      const found = await this.#admin.fetchTopicOffsets(topic)
      return new Map(found.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]))
    } catch (error) {
      if ((error as { type?: unknown }).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
      return new Map()
    }
  }

  async #startOf(topic: string, partition: number): Promise<number> {
    const resolved = this.#resolved.get(`${topic}/${partition}`)
    if (resolved !== undefined) return resolved
    const oldest = await offsetsOf(this.#admin, topic, 'earliest')
    return oldest.find((entry) => entry.partition === partition)?.offset ?? 0
  }
}

interface Log {
  /** The first offset. */
  readonly low: number
  /** The one after the last. */
  readonly high: number
}

function goingOn(committed: number, metadata: string, log: Log | undefined): Omit<Position, 'topic' | 'partition'> {
  const runs = decodeOffsetMap(metadata)
  const isForeign = metadata !== '' && runs === undefined
  const kept = { offset: committed, runs: runs ?? [], isNew: false, isForeign }
  // What the runs call done is done all the same where only the records before it have expired.
  if (log !== undefined && committed < log.low) return { ...kept, missed: { from: committed, to: log.low } }
  // The log is another one, and so are its offsets.
  if (log !== undefined && committed > log.high)
    return { offset: log.low, runs: [], isNew: true, isForeign, missed: { from: committed, to: log.low } }
  return { ...kept, missed: undefined }
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
