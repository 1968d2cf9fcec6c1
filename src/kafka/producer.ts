import type { Producer } from 'kafkajs'
import type { Reason } from '../core/outcome.ts'
import type { SourceRecord } from '../core/record.ts'
import { failureHeaders } from './headers.ts'

export interface Exit {
  readonly record: SourceRecord
  readonly to: 'tier' | 'dead-letter'
  readonly reason: Reason
  readonly detail: string
  readonly attempt: number
  /** Epoch ms. */
  readonly failedAt: number
  readonly firstFailedAt: number
}

export interface SideTopic {
  readonly topic: string
  readonly partitions: number
}

export interface SideTopics {
  readonly tier: SideTopic & { readonly delayMs: number }
  readonly deadLetter: SideTopic
}

interface Message {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Record<string, Buffer | string | (Buffer | string)[] | undefined>
  readonly partition: number
}

/** One produce is one record batch, which must stay below the topic's `max.message.bytes`; a single larger record goes alone. */
const SEND_BYTES_MAX = 512 * 1024
/** What a record gains at most: the headers of its history, and its framing. */
const HISTORY_BYTES = 2_048
/** Framing of a header, beside its name and value. */
const HEADER_BYTES = 10

/** Writes records to a retry tier or to the dead letters. */
export class SideExitProducer {
  readonly #producer: Producer
  readonly #topics: SideTopics

  constructor(producer: Producer, topics: SideTopics) {
    this.#producer = producer
    this.#topics = topics
  }

  /** Resolves when every in-sync replica has them all; rejects when any may be missing. */
  async write(exits: readonly Exit[]): Promise<void> {
    for (const { topic, messages } of this.#sends(exits)) {
      // One topic-partition for each send: a send over several loses records silently when a leader moves meanwhile.
      const written = await this.#producer.send({ topic, acks: -1, messages: [...messages] })
      const partition = messages[0]?.partition
      const answer = written.find((entry) => entry.topicName === topic && entry.partition === partition)
      // A partition that kafkajs does not know, it leaves out and resolves all the same.
      if (answer === undefined || answer.errorCode !== 0) {
        throw new Error(`${topic}-${partition}: ${messages.length} records were not acknowledged`)
      }
    }
  }

  *#sends(exits: readonly Exit[]): Generator<{ topic: string; messages: readonly Message[] }> {
    const groups = new Map<string, { topic: string; messages: Message[]; bytes: number }>()
    for (const exit of exits) {
      const { topic, partitions } = exit.to === 'tier' ? this.#topics.tier : this.#topics.deadLetter
      // By the source's partition: records of one key stay in one partition, in their order.
      const partition = exit.record.partition % partitions
      const bytes = bytesOf(exit.record) + HISTORY_BYTES
      const name = `${topic}-${partition}`
      let group = groups.get(name)
      if (group !== undefined && group.bytes + bytes > SEND_BYTES_MAX) {
        yield group
        group = undefined
      }
      if (group === undefined) {
        group = { topic, messages: [], bytes: 0 }
        groups.set(name, group)
      }
      group.messages.push(this.#message(exit, partition))
      group.bytes += bytes
    }
    yield* groups.values()
  }

  #message(exit: Exit, partition: number): Message {
    const { record, to, reason, detail, attempt, failedAt, firstFailedAt } = exit
    const notBefore = to === 'tier' ? failedAt + this.#topics.tier.delayMs : undefined
    const headers = failureHeaders(record, { reason, detail, attempt, firstFailedAt, notBefore })
    const key = record.key === null ? null : Buffer.from(record.key, 'latin1')
    return { key, value: record.value, headers, partition }
  }
}

/** Own headers count too: many records with long ones would make a batch that the broker refuses for ever. */
function bytesOf({ key, value, headers = {} }: SourceRecord): number {
  let bytes = (value?.length ?? 0) + (key?.length ?? 0)
  for (const [name, values] of Object.entries(headers)) {
    for (const each of [values ?? []].flat()) bytes += Buffer.byteLength(name) + Buffer.byteLength(each) + HEADER_BYTES
  }
  return bytes
}
