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

  async fetchOffsets({ topics = [] }: { topics?: string[] }): Promise<{ topic: string; partitions: FetchOffsetsPartition[] }[]> {
    return topics.map((topic) => ({
      topic,
      partitions: [...this.#topics.demand(topic).partitions.keys()].map((partition) => {
        const commit = this.#group.committed({ topic, partition })
        return { partition, offset: String(commit?.offset ?? -1), metadata: commit?.metadata ?? null }
      }),
    }))
  }

  async fetchTopicOffsets(topic: string): Promise<(SeekEntry & { high: string; low: string })[]> {
    return this.#topics.demand(topic).partitions.map(({ end }, partition) => {
      return { partition, offset: String(end), high: String(end), low: '0' }
    })
  }

  async fetchTopicOffsetsByTimestamp(topic: string, timestamp = -1): Promise<SeekEntry[]> {
    return this.#topics.demand(topic).partitions.map((log, partition) => {
      return { partition, offset: String(log.offsetAt(timestamp) ?? log.end) }
    })
  }
}
