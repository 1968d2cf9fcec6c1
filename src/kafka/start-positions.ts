import type { Admin } from 'kafkajs'
import type { ResumePoint } from '../core/offset-runs.ts'
import { decodeOffsetMap } from './offset-map.ts'

/** Where a new group begins: the oldest record, only new ones, or the first record at or after a time (epoch ms). */
export type StartFrom = 'earliest' | 'latest' | number

export interface Position extends ResumePoint {
  readonly topic: string
  readonly partition: number
  /** The group has committed nothing here, no place, or one of a log that is gone; this is where it begins. */
  readonly isNew: boolean
  /** Set where the log does not hold the offset that is committed (negative: the place was lost): reading goes on at its start, `to`. */
  readonly missed: { readonly from: number; readonly to: number } | undefined
  /** The commit has metadata that is not ours, or is damaged. */
  readonly isForeign: boolean
}

/**
 * Where partitions are read from: behind what the group has committed, or where it begins when it has committed nothing.
 *
 * `startFrom` is for a group that has no commits at all, wherever they may point. It is resolved once, before the group is joined: two
 * instances that start together must not mistake each other's first commits for a group that was there before. In a group that has some,
 * a partition without one was added later, its topic perhaps, or the topic was made anew: it is read from its start.
 */
export class StartPositions {
  readonly #admin: Admin
  readonly #groupId: string
  readonly #resolved: ReadonlyMap<string, number>
  /** What the group is known to have committed. */
  readonly #committed = new Map<string, number>()

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
    const isNew = (await commitsOf(admin, groupId)).size === 0
    for (const topic of isNew ? topics : [])
      for (const { partition, offset } of await offsetsOf(admin, topic, startFrom)) resolved.set(`${topic}/${partition}`, offset)
    return new StartPositions(admin, groupId, resolved)
  }

  /** Where each of `assigned` goes on, or begins. */
  async of(assigned: ReadonlyMap<string, readonly number[]>): Promise<Position[]> {
    if (assigned.size === 0) return []
    const commits = await commitsOf(this.#admin, this.#groupId)
    const positions: Position[] = []
    for (const [topic, partitions] of assigned) {
      const logs = await this.#logsOf(topic)
      for (const partition of partitions) {
        const name = `${topic}/${partition}`
        const [commit, log] = [commits.get(name), logs.get(partition)]
        positions.push({ topic, partition, ...(commit === undefined ? this.#beginning(name, log) : goingOn(commit, log)) })
      }
    }
    return positions
  }

  /** So that it is noticed where a commit has gone: brokers forget those of a topic that is deleted. */
  committed(points: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[]): void {
    for (const { topic, partition, offset } of points) this.#committed.set(`${topic}/${partition}`, offset)
  }

  #beginning(name: string, log: Log | undefined): Found {
    const low = log?.low ?? 0
    const before = this.#committed.get(name)
    if (before === undefined) return beginning(this.#resolved.get(name) ?? low)
    return { ...beginning(low), missed: { from: before, to: low } }
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
}

interface Log {
  /** The first offset. */
  readonly low: number
  /** The one after the last. */
  readonly high: number
}

type Found = Omit<Position, 'topic' | 'partition'>

function beginning(offset: number): Found {
  return { offset, runs: [], isNew: true, missed: undefined, isForeign: false }
}

function goingOn({ offset, metadata }: Commit, log: Log | undefined): Found {
  const low = log?.low ?? 0
  // No position, but it was one once: kafkajs commits -1 and -2 of its own accord when it has lost its place, and other tools do.
  if (offset < 0) return { ...beginning(low), missed: { from: offset, to: low } }
  const runs = decodeOffsetMap(metadata)
  const isForeign = metadata !== '' && runs === undefined
  // The log is another one, and so are its offsets.
  if (log !== undefined && offset > log.high) return { ...beginning(low), isForeign, missed: { from: offset, to: low } }
  const kept = { offset, runs: runs ?? [], isNew: false, isForeign }
  // What the runs call done is done all the same where only the records before it have expired.
  return { ...kept, missed: offset < low ? { from: offset, to: low } : undefined }
}

interface Commit {
  readonly offset: number
  readonly metadata: string
}

/** All that the group has, by topic/partition. Asked partition by partition, brokers answer -1 both for none and for one that is -1. */
async function commitsOf(admin: Admin, groupId: string): Promise<Map<string, Commit>> {
  const commits = new Map<string, Commit>()
  for (const { topic, partitions } of await admin.fetchOffsets({ groupId }))
    for (const { partition, offset, metadata } of partitions)
      commits.set(`${topic}/${partition}`, { offset: Number(offset), metadata: metadata ?? '' })
  return commits
}

async function offsetsOf(admin: Admin, topic: string, from: StartFrom): Promise<{ partition: number; offset: number }[]> {
  if (typeof from === 'number') {
    const found = await admin.fetchTopicOffsetsByTimestamp(topic, from)
    return found.map(({ partition, offset }) => ({ partition, offset: Number(offset) }))
  }
  const found = await admin.fetchTopicOffsets(topic)
  return found.map(({ partition, low, high }) => ({ partition, offset: Number(from === 'earliest' ? low : high) }))
}
