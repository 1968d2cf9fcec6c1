import type { Message, Producer } from 'kafkajs'
import type { ConsumerHandlers } from '../../src/kafka/consumer.ts'
import type { StartFrom } from '../../src/kafka/start-positions.ts'
import type { Point } from '../support/memory-broker/member.ts'

export interface Member {
  start(): Promise<void>
  pause(topic: string, partition: number): void
  resume(topic: string, partition: number): void
  seek(topic: string, partition: number, offset: number): void
  commit(points: readonly Point[]): Promise<unknown>
  stop(): Promise<void>
}

export interface ContractMemberOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  readonly isOwn: boolean
  readonly handlers: ConsumerHandlers
  readonly startFrom?: StartFrom
  readonly maxBytesPerPartition?: number
}

/** A broker, real or in memory, with the passing of its time. */
export interface BrokerUnderTest {
  createTopic(name: string, shape: { partitions: number; maxMessageBytes?: number }): Promise<void>
  deleteTopic(name: string): Promise<void>
  readonly producer: Pick<Producer, 'send'>
  /** Source records in one transaction, which leaves a marker behind them. */
  appendTransaction(
    to: { topic: string; partition: number },
    messages: readonly Message[],
    outcome: 'commit' | 'abort',
  ): Promise<void>
  ends(topic: string): Promise<number[]>
  committed(groupId: string, topic: string): Promise<({ offset: number; metadata: string } | undefined)[]>
  member(options: ContractMemberOptions): Promise<Member>
  /** A member joins, commits, and its process is killed: it says nothing to the group. */
  killedMember(options: { groupId: string; points: readonly Point[] }): Promise<void>
  /** Lets time pass until it holds; rejects when it does not come to that. */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void>
  /** Lets time pass until the promise has settled. */
  settled<T>(promise: Promise<T>): Promise<T>
}

/** One thing that is expected of a broker as it looks from our side of kafkajs. */
export interface Expectation {
  readonly title: string
  /** The names are this run's own. */
  readonly run: (broker: BrokerUnderTest, names: { topic: string; groupId: string }) => Promise<void>
}
