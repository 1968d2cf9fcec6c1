import type { Message, Producer } from 'kafkajs'
import type { Reason } from '../core/outcome.ts'
import type { SourceRecord } from '../core/record.ts'
import { failureHeaders } from './headers.ts'
import { isTooLarge, sendToPartition } from './send.ts'

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

export interface Tier {
  readonly topic: string
  readonly delayMs: number
}

export interface SideTopics {
  /** In the order in which records pass them; the last one repeats. */
  readonly tiers: readonly Tier[]
  readonly deadLetter: string
}

export interface SideExitOptions {
  readonly producer: Pick<Producer, 'send'>
  readonly topics: SideTopics
  /** How many partitions the topic has now. Rejects where there is no such topic. */
  readonly partitionsOf: (topic: string) => Promise<number>
}

/** One exit on its way: what it was handed in as, what it is written as, and where. */
interface Draft {
  readonly asked: Exit
  readonly exit: Exit
  readonly topic: string
  readonly partition: number
  readonly message: Message
}

/** One produce is one record batch, which must stay below the topic's `max.message.bytes`; a single larger record goes alone. */
const SEND_BYTES_MAX = 512 * 1024
/** What a record gains at most: the headers of its history, and its framing. */
const HISTORY_BYTES = 2_048
/** Framing of a header, beside its name and value. */
const HEADER_BYTES = 10

/** Writes records to the retry tiers and to the dead letters. */
export class SideExitProducer {
  readonly #options: SideExitOptions
  /** Partitions of a topic, as long as writing to it works: it may be made anew with fewer. */
  readonly #partitions = new Map<string, number>()

  constructor(options: SideExitOptions) {
    this.#options = options
  }

  /**
   * Resolves with the exits as every in-sync replica has them: one that its topic refuses for its size is a dead letter, and one that even
   * that topic refuses is without its value; undefined stands for those that may be missing. Rejects where that is true of all.
   */
  async write(exits: readonly Exit[]): Promise<readonly (Exit | undefined)[]> {
    const drafts: Draft[] = []
    for (const exit of exits) drafts.push(await this.#draft(exit, exit))
    const written = new Map<Exit, Exit>()
    try {
      for (const group of inSends(drafts)) await this.#send(group, written)
    } catch (error) {
      // Whoever hands in the rest will meet it again, and what is written is not written twice.
      if (written.size === 0) throw error
    }
    return exits.map((exit) => written.get(exit))
  }

  /** All drafts are of one topic-partition. `written`: what each was written as. */
  async #send(drafts: readonly Draft[], written: Map<Exit, Exit>): Promise<void> {
    const [{ topic, partition } = NOWHERE] = drafts
    try {
      const messages = drafts.map(({ message }) => message)
      await sendToPartition(this.#options.producer, topic, partition, messages)
      for (const { asked, exit } of drafts) written.set(asked, exit)
    } catch (error) {
      if (!isTooLarge(error)) {
        this.#partitions.delete(topic)
        throw error
      }
      if (drafts.length === 1) return await this.#sendLess(drafts[0] as Draft, written, error)
      const middle = Math.ceil(drafts.length / 2)
      await this.#send(drafts.slice(0, middle), written)
      await this.#send(drafts.slice(middle), written)
    }
  }

  /** Its topic refuses the record for its size: the rest of its lane must not wait for it for ever. */
  async #sendLess({ asked, exit, topic }: Draft, written: Map<Exit, Exit>, error: unknown): Promise<void> {
    const less = lessOf(exit, topic)
    if (less === undefined) throw error
    await this.#send([await this.#draft(asked, less)], written)
  }

  async #draft(asked: Exit, exit: Exit): Promise<Draft> {
    const { record, reason, detail, attempt, failedAt, firstFailedAt } = exit
    const { tiers, deadLetter } = this.#options.topics
    const tier = exit.to === 'tier' ? nextTier(tiers, record.topic, reason) : undefined
    const topic = tier?.topic ?? deadLetter
    // By the source's partition: records of one key stay in one partition, in their order.
    const partition = (record.history?.origin ?? record).partition % (await this.#partitionsOf(topic))
    const notBefore = tier === undefined ? undefined : failedAt + tier.delayMs
    const headers = failureHeaders(record, { reason, detail, attempt, firstFailedAt, notBefore })
    const key = record.key === null ? null : Buffer.from(record.key, 'latin1')
    return { asked, exit, topic, partition, message: { key, value: record.value, headers } }
  }

  async #partitionsOf(topic: string): Promise<number> {
    const known = this.#partitions.get(topic)
    if (known !== undefined) return known
    const partitions = await this.#options.partitionsOf(topic)
    this.#partitions.set(topic, partitions)
    return partitions
  }
}

const NOWHERE = { topic: '', partition: 0 }

/**
 * The tier after the one that the record comes from; the last one repeats. What waits for its app has not failed, and waits on the first, so
 * that it is not far when the app is taken again.
 */
export function nextTier<T extends Tier>(tiers: readonly T[], topic: string, reason: Reason): T | undefined {
  if (reason === 'forbidden') return tiers[0]
  return tiers[Math.min(tiers.findIndex((tier) => tier.topic === topic) + 1, tiers.length - 1)]
}

/** What is written instead of an exit that `topic` refuses for its size: a dead letter, then without its value, then its history alone. */
function lessOf(exit: Exit, topic: string): Exit | undefined {
  const { record, detail } = exit
  if (exit.to === 'tier') return { ...exit, to: 'dead-letter', detail: `too large for ${topic}; ${detail}` }
  if (record.value !== null) {
    const left = `value of ${record.value.length} bytes left out, too large for ${topic}`
    return { ...exit, record: { ...record, value: null }, detail: `${left}; ${detail}` }
  }
  if (record.headers === undefined && record.key === null) return undefined
  return { ...exit, record: { ...record, key: null, headers: undefined }, detail: `key and headers left out; ${detail}` }
}

/** Groups what one send may take, in order. */
function* inSends(drafts: readonly Draft[]): Generator<readonly Draft[]> {
  const groups = new Map<string, { drafts: Draft[]; bytes: number }>()
  for (const draft of drafts) {
    const bytes = bytesOf(draft.exit.record) + HISTORY_BYTES
    const name = `${draft.topic}-${draft.partition}`
    let group = groups.get(name)
    if (group !== undefined && group.bytes + bytes > SEND_BYTES_MAX) {
      yield group.drafts
      group = undefined
    }
    if (group === undefined) {
      group = { drafts: [], bytes: 0 }
      groups.set(name, group)
    }
    group.drafts.push(draft)
    group.bytes += bytes
  }
  for (const group of groups.values()) yield group.drafts
}

/** Own headers count too: many records with long ones would make a batch that the broker refuses for ever. */
export function bytesOf({ key, value, headers = {} }: SourceRecord): number {
  let bytes = (value?.length ?? 0) + (key?.length ?? 0)
  for (const [name, values] of Object.entries(headers)) {
    for (const each of [values ?? []].flat()) bytes += Buffer.byteLength(name) + Buffer.byteLength(each ?? '') + HEADER_BYTES
  }
  return bytes
}
