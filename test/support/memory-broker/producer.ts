import type { Producer, ProducerRecord, RecordMetadata } from 'kafkajs'
import kafkajs from 'kafkajs'
import type { Clock } from '../../../src/core/clock.ts'
import { connectionLost, exhausted, refusal } from './errors.ts'
import type { Faults, SendFate } from './faults.ts'
import type { Unplaced } from './record-batch.ts'
import { batchBytes, toStored } from './record-batch.ts'
import type { Topics } from './topics.ts'
import { Wire } from './wire.ts'

/** kafkajs asks six times for a topic that does not exist. */
const MISSING_TOPIC_MS = 10_000

export interface ProducerParts {
  readonly clock: Clock
  readonly topics: Topics
  readonly faults: Faults
  readonly latencyMs: () => number
}

type Answer = { readonly written: RecordMetadata[] } | { readonly error: Error; readonly afterMs?: number }

/** As much of kafkajs' producer as writes to a topic. */
export class MemoryProducer implements Pick<Producer, 'send'> {
  readonly #parts: ProducerParts
  readonly #there: Wire
  readonly #back: Wire

  constructor(parts: ProducerParts) {
    this.#parts = parts
    this.#there = new Wire(parts.clock, parts.latencyMs)
    this.#back = new Wire(parts.clock, parts.latencyMs)
  }

  async send({ topic, messages }: ProducerRecord): Promise<RecordMetadata[]> {
    const { clock, faults } = this.#parts
    const without = messages.find(({ value }) => value === undefined)
    if (without !== undefined) throw new kafkajs.KafkaJSNonRetriableError(`Invalid message without value for topic "${topic}"`)
    const batches = new Map<number, Unplaced[]>()
    for (const message of messages) {
      if (message.partition === undefined) throw new Error('a message without a partition is more than this producer knows')
      const batch = batches.get(message.partition) ?? []
      batch.push(toStored(message, clock.now(), batch.length))
      batches.set(message.partition, batch)
    }
    const { promise, resolve, reject } = Promise.withResolvers<RecordMetadata[]>()
    const fate = faults.send?.() ?? 'ok'
    this.#there.carry(() => {
      const answer = this.#arrive(topic, batches, fate)
      const settle = (): void => ('error' in answer ? reject(answer.error) : resolve(answer.written))
      const afterMs = 'error' in answer ? (answer.afterMs ?? 0) : 0
      if (afterMs === 0) this.#back.carry(settle)
      else clock.set(() => this.#back.carry(settle), afterMs)
    })
    return await promise
  }

  /** Its process is killed: what has not reached the broker never will, and nothing settles any more. */
  crash(): void {
    this.#there.cut()
    this.#back.cut()
  }

  #arrive(topic: string, batches: ReadonlyMap<number, readonly Unplaced[]>, fate: SendFate): Answer {
    if (fate === 'reject-unwritten') return { error: connectionLost() }
    if (fate === 'partition-missing') return { written: [] }
    if (this.#parts.topics.find(topic) === undefined) {
      return { error: exhausted('UNKNOWN_TOPIC_OR_PARTITION'), afterMs: MISSING_TOPIC_MS }
    }
    const answer = this.#store(topic, batches)
    if ('error' in answer) return answer
    if (fate === 'reject-written') return { error: connectionLost() }
    return fate === 'written-twice' ? this.#store(topic, batches) : answer
  }

  /** A batch that is too large hinders the others of its send in nothing but the answer. */
  #store(topic: string, batches: ReadonlyMap<number, readonly Unplaced[]>): Answer {
    const { topics } = this.#parts
    const { partitions, maxMessageBytes } = topics.demand(topic)
    const written: RecordMetadata[] = []
    let isTooLarge = false
    for (const [partition, batch] of batches) {
      const log = partitions[partition]
      if (log === undefined) continue
      if (batchBytes(batch) > maxMessageBytes) {
        isTooLarge = true
        continue
      }
      const baseOffset = String(log.end)
      for (const record of batch) log.append(record)
      topics.appended({ topic, partition })
      written.push({ topicName: topic, partition, errorCode: 0, baseOffset, logAppendTime: '-1', logStartOffset: '0' })
    }
    return isTooLarge ? { error: refusal('MESSAGE_TOO_LARGE') } : { written }
  }
}
