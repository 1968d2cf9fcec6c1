import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import kafkajs from 'kafkajs'
import { errorText } from '../core/errors.ts'

export interface PartitionEndsOptions {
  readonly admin: Pick<Admin, 'fetchTopicOffsets' | 'describeConfigs'>
  readonly topics: readonly string[]
  readonly now: () => number
}

const LOOK_EVERY_MS = 5_000
/** A look that takes longer has found nobody. */
const ANSWER_MS = 8_000
/** Retention is changed by people: now and then is enough. */
const RETENTION_EVERY_MS = 600_000

/** Where the partitions end, how long their records are kept, and whether any broker answers at all. Looks every few seconds. */
export class PartitionEnds {
  readonly #options: PartitionEndsOptions
  readonly #ends = new Map<string, number>()
  readonly #retentionMs = new Map<string, number | undefined>()
  #retentionAt = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #looking = false
  #answeredAt: number
  #answersSince: number | undefined
  #silent: { readonly since: number; readonly detail: string } | undefined

  constructor(options: PartitionEndsOptions) {
    this.#options = options
    this.#answeredAt = options.now()
  }

  start(): void {
    const look = (): void => void this.#look()
    this.#timer = setInterval(look, LOOK_EVERY_MS).unref()
    look()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** What a fetch told of the partition's end: newer than any look. */
  note(topic: string, partition: number, end: number): void {
    this.#ends.set(`${topic}/${partition}`, end)
  }

  of(topic: string, partition: number): number | undefined {
    return this.#ends.get(`${topic}/${partition}`)
  }

  /** Milliseconds that a topic keeps its records; undefined: for ever. */
  get retentionMs(): ReadonlyMap<string, number | undefined> {
    return this.#retentionMs
  }

  /** Since when no broker has answered, epoch ms. */
  get silent(): { readonly since: number; readonly detail: string } | undefined {
    return this.#silent
  }

  /** Since when brokers have answered every look, epoch ms. */
  get answersSince(): number | undefined {
    return this.#answersSince
  }

  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    const asked = this.#ask().finally(() => {
      this.#looking = false
    })
    const late = sleep(ANSWER_MS, `no answer within ${ANSWER_MS / 1_000} s`, { ref: false })
    const detail = await Promise.race([asked.then(() => undefined, wordsOfSilence), late])
    if (detail === undefined) this.#answered()
    else this.#heardNothing(detail)
  }

  #answered(): void {
    this.#answeredAt = this.#options.now()
    this.#answersSince ??= this.#answeredAt
    this.#silent = undefined
  }

  #heardNothing(detail: string): void {
    this.#answersSince = undefined
    this.#silent = { since: this.#silent?.since ?? this.#answeredAt, detail }
  }

  async #ask(): Promise<void> {
    const { admin, topics, now } = this.#options
    for (const topic of topics) {
      for (const { partition, high } of await admin.fetchTopicOffsets(topic)) this.note(topic, partition, Number(high))
    }
    if (now() - this.#retentionAt < RETENTION_EVERY_MS) return
    this.#retentionAt = now()
    await this.#askRetention()
  }

  async #askRetention(): Promise<void> {
    const { admin, topics } = this.#options
    const configNames = ['retention.ms', 'cleanup.policy']
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames })),
    })
    for (const { resourceName, configEntries } of resources) {
      const settingOf = (name: string) => configEntries.find(({ configName }) => configName === name)?.configValue
      const kept = Number(settingOf('retention.ms') ?? -1)
      const expires = kept >= 0 && (settingOf('cleanup.policy') ?? 'delete').includes('delete')
      this.#retentionMs.set(resourceName, expires ? kept : undefined)
    }
  }
}

/** Undefined: the error is a broker's own answer, so there is one. */
function wordsOfSilence(error: unknown): string | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause.name === 'KafkaJSProtocolError') return undefined
  }
  return errorText(error)
}
