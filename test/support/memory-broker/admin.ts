import type { Admin, FetchOffsetsPartition, SeekEntry } from 'kafkajs'
import type { Group } from './group.ts'
import type { Topics } from './topics.ts'

/** As much of kafkajs' admin as looks up the positions to start from. */
export class MemoryAdmin implements Pick<Admin, 'fetchOffsets' | 'fetchTopicOffsets' | 'fetchTopicOffsetsByTimestamp'> {
  readonly #topics: Topics
  readonly #group: Group

  constructor(topics: Topics, group: Group) {
    this.#topics = topics
    this.#group = group
  }

  /** Of all topics. */
  async fetchOffsets(): Promise<{ topic: string; partitions: FetchOffsetsPartition[] }[]> {
    return [...Map.groupBy(this.#group.commits, ({ topic }) => topic)].map(([topic, commits]) => ({
      topic,
      partitions: commits.map(({ partition, offset, metadata }) => ({ partition, offset: String(offset), metadata })),
    }))
  }

  async fetchTopicOffsets(topic: string): Promise<(SeekEntry & { high: string; low: string })[]> {
    return this.#topics.demand(topic).partitions.map(({ low, end }, partition) => {
      return { partition, offset: String(end), high: String(end), low: String(low) }
    })
  }

  async fetchTopicOffsetsByTimestamp(topic: string, timestamp = -1): Promise<SeekEntry[]> {
    return this.#topics.demand(topic).partitions.map((log, partition) => {
      return { partition, offset: String(log.offsetAt(timestamp) ?? log.end) }
    })
  }
}
