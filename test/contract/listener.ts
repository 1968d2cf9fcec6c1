import assert from 'node:assert/strict'
import type { Message } from 'kafkajs'
import type { SourceRecord } from '../../src/core/record.ts'
import type { ConsumerHandlers } from '../../src/kafka/consumer.ts'
import type { Point } from '../support/memory-broker/member.ts'
import type { BrokerUnderTest, ContractMemberOptions, Member } from './broker-under-test.ts'

/** Takes what a member hands over, as a pipeline would: nothing before it knows where its partitions go on. */
export class Listener {
  /** `revoking`, and each assignment. */
  readonly happened: string[] = []
  readonly records: SourceRecord[] = []
  readonly fetches: { readonly topic: string; readonly partition: number; readonly offsets: number[]; readonly upTo: number }[] =
    []
  readonly refused: number[][] = []
  /** Of the last assignment. */
  resumes: readonly Point[] = []
  failure: unknown
  /** What a member does before it joins again, and when its partitions are dealt to it. */
  onRevoking: () => Promise<void> = async () => undefined
  onAssigned: () => void = () => undefined
  /** Says whether a fetch is taken over. */
  take: (offsets: readonly number[], partition: number) => boolean = () => true
  #isAssigned = false

  readonly handlers: ConsumerHandlers = {
    revoking: async () => {
      this.#isAssigned = false
      this.happened.push('revoking')
      await this.onRevoking()
    },
    assigned: (partitions) => {
      this.#isAssigned = true
      this.resumes = partitions.map(({ topic, partition, resume }) => ({ topic, partition, ...resume }))
      this.onAssigned()
      this.happened.push(`assigned ${this.partitions}`)
    },
    fetched: ({ topic, partition, records, upTo }) => {
      const offsets = records.map(({ offset }) => offset)
      if (!this.#isAssigned) return false
      if (!this.take(offsets, partition)) {
        this.refused.push(offsets)
        return false
      }
      this.records.push(...records)
      this.fetches.push({ topic, partition, offsets, upTo })
      return true
    },
    failed: (error) => {
      this.failure = error
    },
  }

  /** Those assigned now, in their order. */
  get partitions(): string {
    return this.resumes
      .map(({ partition }) => partition)
      .toSorted((a, b) => a - b)
      .join(' ')
  }

  get isAssigned(): boolean {
    return this.#isAssigned
  }

  offsetsOf(partition: number): number[] {
    return this.records.filter((record) => record.partition === partition).map(({ offset }) => offset)
  }
}

/** The whole numbers from `from` up to and without `end`. */
export function range(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_, index) => from + index)
}

export function messagesOf(partition: number, count: number, value = 'value'): Message[] {
  return Array.from({ length: count }, (_, index) => ({ partition, key: `key-${index}`, value }))
}

/** A member that has its partitions, and what it hears. */
export async function joined(
  broker: BrokerUnderTest,
  options: Omit<ContractMemberOptions, 'handlers' | 'isOwn'> & { isOwn?: boolean },
  listener = new Listener(),
): Promise<{ member: Member; listener: Listener }> {
  const member = await broker.member({ isOwn: false, ...options, handlers: listener.handlers })
  await broker.settled(member.start())
  await broker.until('the partitions are assigned', () => listener.isAssigned)
  return { member, listener }
}

/** Batch by batch, each in a send of its own. */
export async function fill(broker: BrokerUnderTest, topic: string, batches: readonly (readonly Message[])[]): Promise<void> {
  for (const messages of batches) {
    const written = await broker.settled(broker.producer.send({ topic, acks: -1, messages: [...messages] }))
    assert.equal(written.length, 1)
  }
}

/** Asked again and again in vain: the error that is left names the broker's in its cause. */
export function givenUpOver(type: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Error)
    const cause = error.cause as { name?: string; type?: string } | undefined
    const seen = { name: error.name, cause: cause?.name, type: cause?.type }
    assert.deepEqual(seen, { name: 'KafkaJSNumberOfRetriesExceeded', cause: 'KafkaJSProtocolError', type })
    return true
  }
}
