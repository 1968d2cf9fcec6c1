import type { Message } from 'kafkajs'
import type { Clock } from '../../../src/core/clock.ts'
import type { Faults } from './faults.ts'
import { Group } from './group.ts'
import type { MemberOptions } from './member.ts'
import { MemoryMember } from './member.ts'
import type { Stored } from './partition-log.ts'
import { MemoryProducer } from './producer.ts'
import { toStored } from './record-batch.ts'
import type { TopicPartition } from './topics.ts'
import { Topics } from './topics.ts'

/** What a broker has where nobody has said anything else. */
const MAX_MESSAGE_BYTES = 1_048_588
const LATENCY_MS = 1

/**
 * One Kafka broker in memory, as it looks from behind kafkajs. It has no time, chance or input of its own: the same calls on the same
 * clock give the same run. The suite in test/contract holds it to what a real broker does.
 *
 * Left out: leaders that move, partitions that are added, retention, and sessions that end while their member lives.
 */
export class MemoryBroker {
  readonly #clock: Clock
  readonly #faults: Faults
  readonly #topics = new Topics()
  readonly #groups = new Map<string, Group>()

  constructor(clock: Clock, faults: Faults = {}) {
    this.#clock = clock
    this.#faults = faults
  }

  createTopic(name: string, { partitions, maxMessageBytes }: { partitions: number; maxMessageBytes?: number }): void {
    this.#topics.create(name, partitions, maxMessageBytes ?? MAX_MESSAGE_BYTES)
  }

  deleteTopic(name: string): void {
    this.#topics.delete(name)
    for (const group of this.#groups.values()) group.forget(name)
  }

  /** The offset after the last of each partition. */
  ends(topic: string): number[] {
    return this.#topics.demand(topic).partitions.map(({ end }) => end)
  }

  /** What a reader of the topic can see, partition by partition. */
  records(topic: string): (Stored & { partition: number })[] {
    const { partitions } = this.#topics.demand(topic)
    return partitions.flatMap(({ visible }, partition) => visible.map((stored) => ({ ...stored, partition })))
  }

  /** What a reader of the partition can see from the offset on. */
  read(from: TopicPartition, offset: number): readonly Stored[] {
    return this.#log(from).read(offset, { maxRecords: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY }).records
  }

  /** Stores source records at once, without a connection that could fail. */
  append(to: TopicPartition, messages: readonly Message[]): void {
    this.#store(to, messages, 'commit')
  }

  /** As a transaction leaves them: with a marker behind them, which has an offset; nobody sees what was aborted. */
  appendTransaction(to: TopicPartition, messages: readonly Message[], outcome: 'commit' | 'abort'): void {
    this.#store(to, messages, outcome)
    this.#log(to).append(toStored({ value: null }, this.#clock.now()), true)
    this.#topics.appended(to)
  }

  /** Leaves away offsets, as compaction does. */
  skip(to: TopicPartition, count: number): void {
    this.#log(to).skip(count)
  }

  /** As retention does: what lies below the offset can be read no more, but for `read` and `records` here. */
  expire(of: TopicPartition, below: number): void {
    this.#log(of).expire(below)
  }

  /** The first offset that a consumer can read. */
  low(of: TopicPartition): number {
    return this.#log(of).low
  }

  /** By partition; undefined: the group has committed nothing there. */
  committed(groupId: string, topic: string): ({ offset: number; metadata: string } | undefined)[] {
    const group = this.#group(groupId)
    return [...this.#topics.demand(topic).partitions.keys()].map((partition) => {
      const commit = group.committed({ topic, partition })
      return commit && { offset: commit.offset, metadata: commit.metadata }
    })
  }

  /** Puts metadata into the group's commit, as another tool may. */
  spoil(groupId: string, of: TopicPartition, metadata: string): void {
    this.#group(groupId).spoil(of, metadata)
  }

  producer(): MemoryProducer {
    return new MemoryProducer({ clock: this.#clock, topics: this.#topics, faults: this.#faults, latencyMs: this.#latencyMs })
  }

  member(options: MemberOptions): MemoryMember {
    const group = this.#group(options.groupId)
    const parts = { clock: this.#clock, topics: this.#topics, faults: this.#faults, latencyMs: this.#latencyMs }
    return new MemoryMember({ ...parts, group }, options)
  }

  readonly #latencyMs = (): number => this.#faults.latencyMs?.() ?? LATENCY_MS

  #store(to: TopicPartition, messages: readonly Message[], outcome: 'commit' | 'abort'): void {
    const log = this.#log(to)
    for (const message of messages) log.append(toStored(message, this.#clock.now()), outcome === 'abort')
    this.#topics.appended(to)
  }

  #log(to: TopicPartition) {
    const log = this.#topics.log(to)
    if (log === undefined) throw new Error(`there is no partition ${to.topic}-${to.partition}`)
    return log
  }

  #group(groupId: string): Group {
    const group = this.#groups.get(groupId) ?? new Group(this.#topics)
    this.#groups.set(groupId, group)
    return group
  }
}
