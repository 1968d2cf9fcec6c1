/** Dead letters of several reasons in topics of their own, and the commands that read them. */
import type { TestContext } from 'node:test'
import type { Producer } from 'kafkajs'
import kafkajs from 'kafkajs'
import type { Reason } from '../../src/core/outcome.ts'
import type { Exit } from '../../src/kafka/producer.ts'
import { SideExitProducer } from '../../src/kafka/producer.ts'
import type { Cluster } from '../../src/stack/cluster.ts'
import type { Ended } from './cli-process.ts'
import { CliProcess } from './cli-process.ts'
import { encodeScored, framed, writeGameConfig } from './game.ts'

/** Of the source and of the dead-letter topic. */
const PARTITIONS = 3
/** Of a refused event: five fill a chunk of a replay. */
const LARGE = 100_000

/** Where graveyards are dug. */
export interface Ground {
  readonly cluster: Cluster
  readonly producer: Producer
  readonly schemaId: number
  /** Where configurations are written. */
  readonly directory: string
}

/** What a record holds that fails for this reason. */
const valuesBy: Readonly<Record<string, (schemaId: number, id: string) => Buffer>> = {
  rejected: (schemaId, id) => encodeScored(schemaId, { id, player: `secret-${id}`, comment: 'x'.repeat(LARGE) }),
  'invalid-hit': (schemaId, id) => encodeScored(schemaId, { id, player: `secret-${id}` }),
  malformed: (schemaId, id) => encodeScored(schemaId, { id, player: `secret-${id}` }).subarray(0, 12),
  'unknown-schema': (_, id) => framed(987_654, Buffer.from(`secret-${id}`)),
}

/** Each has as many dead letters as the others. */
export const reasons = Object.keys(valuesBy)

/** A sink's source, dead-letter topic and first tier, without the sink. */
export class Graveyard {
  readonly topic: string
  readonly groupId: string
  readonly deadLetter: string
  readonly tier: string
  readonly config: string
  readonly #ground: Ground
  readonly #exit: SideExitProducer

  constructor(ground: Ground, name: string, trackerUrl = 'http://127.0.0.1:9') {
    const { cluster, producer, directory } = ground
    this.#ground = ground
    this.topic = `${name}-events`
    this.groupId = `${name}-sink`
    this.deadLetter = `${this.groupId}.dead-letter`
    this.tier = `${this.groupId}.retry.30s`
    const { topic, groupId } = this
    this.config = writeGameConfig(cluster, directory, { topic, groupId, trackerUrl })
    this.#exit = new SideExitProducer({
      producer,
      topics: { tiers: [{ topic: this.tier, delayMs: 30_000 }], deadLetter: this.deadLetter },
      partitionsOf: async () => PARTITIONS,
    })
  }

  async create(): Promise<void> {
    await this.#ground.cluster.createTopic(this.topic, PARTITIONS)
    await this.#ground.cluster.createTopic(this.deadLetter, PARTITIONS)
    await this.#ground.cluster.createTopic(this.tier, 2)
  }

  /** The dead letter that `index` became, of the reason whose turn it is. */
  letter(index: number, reason = reasons[index % reasons.length] as string): Exit {
    const id = String(index)
    const record = {
      topic: this.topic,
      partition: index % PARTITIONS,
      offset: index,
      timestamp: 1_750_000_000_000 + index,
      key: index % 7 === 0 ? null : `key-${index}\u00ff`,
      value: valuesBy[reason]?.(this.#ground.schemaId, id) ?? null,
      headers: { trace: Buffer.from(`trace-${index}`), authorization: `Bearer ${index}` },
      history: undefined,
    }
    const failedAt = 1_750_000_100_000
    return {
      record,
      to: 'dead-letter',
      reason: reason as Reason,
      detail: `by plan ${id}`,
      attempt: 4,
      failedAt,
      firstFailedAt: failedAt,
    }
  }

  async bury(letters: readonly Exit[]): Promise<void> {
    await this.#exit.write(letters)
  }

  start(t: TestContext, ...args: readonly string[]): CliProcess {
    const [verb = '', ...flags] = args
    return new CliProcess(t, ['dead-letters', verb, '--config', this.config, ...flags])
  }

  run(t: TestContext, ...args: readonly string[]): Promise<Ended> {
    return this.start(t, ...args).ended()
  }

  async onTier(): Promise<number> {
    return (await this.#ground.cluster.ends(this.tier)).reduce((sum, end) => sum + end, 0)
  }

  /** No larger batch fits on the tier from now on. */
  async limitTier(bytes: number): Promise<void> {
    const configEntries = [{ name: 'max.message.bytes', value: String(bytes) }]
    await this.#ground.cluster.admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: this.tier, configEntries }],
    })
  }
}
