import { PartitionLog } from './partition-log.ts'

export interface Topic {
  readonly partitions: readonly PartitionLog[]
  readonly maxMessageBytes: number
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export class Topics {
  readonly #topics = new Map<string, Topic>()
  readonly #waiting = new Set<(appended: TopicPartition) => void>()

  create(name: string, partitions: number, maxMessageBytes: number): void {
    if (this.#topics.has(name)) throw new Error(`the topic ${name} exists already`)
    this.#topics.set(name, { partitions: Array.from({ length: partitions }, () => new PartitionLog()), maxMessageBytes })
  }

  delete(name: string): void {
    this.#topics.delete(name)
  }

  find(name: string): Topic | undefined {
    return this.#topics.get(name)
  }

  log({ topic, partition }: TopicPartition): PartitionLog | undefined {
    return this.#topics.get(topic)?.partitions[partition]
  }

  /** For the user's own calls, where a wrong name is a mistake of the test. */
  demand(name: string): Topic {
    const topic = this.#topics.get(name)
    if (topic === undefined) throw new Error(`there is no topic ${name}`)
    return topic
  }

  /** Long polls wait for this. */
  appended(to: TopicPartition): void {
    for (const hear of [...this.#waiting]) hear(to)
  }

  /** Calls `hear` after every append, until the returned function is called. */
  listen(hear: (appended: TopicPartition) => void): () => void {
    this.#waiting.add(hear)
    return () => this.#waiting.delete(hear)
  }
}

export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
