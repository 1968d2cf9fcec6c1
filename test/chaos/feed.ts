import { setTimeout as sleep } from 'node:timers/promises'
import type { Producer } from 'kafkajs'
import { createKafka, createProducer } from '../../src/kafka/client.ts'
import { sendToPartition } from '../../src/kafka/send.ts'
import type { Cluster } from '../../src/stack/cluster.ts'
import { encodeScored } from '../support/game.ts'
import { randomOf } from '../support/seeded-random.ts'

const TICK_MS = 50
const PLAYERS = 307
const SEND_MAX = 500
/** Longer than any broker is down here. */
const PATIENCE_MS = 150_000

interface Event {
  readonly id: string
  readonly player: string
  readonly partition: number
  readonly platform?: 'ANDROID' | 'WEB'
}

export interface FeedOptions {
  readonly cluster: Cluster
  readonly topic: string
  readonly schemaId: number
  readonly partitions: number
  readonly eventsPerSecond: number
  readonly seed: number
  /** One player in five is of the other app. */
  readonly twoApps?: boolean
}

/** Produces without pause, keyed by player, through whatever happens to the brokers: what is not acknowledged is sent again. */
export class Feed {
  readonly acknowledged: string[] = []
  readonly #options: FeedOptions
  readonly #random: () => number
  #partitions: number
  #producer: Promise<Producer>
  #made = 0
  #isStopping = false
  #running: Promise<void> = Promise.resolve()

  constructor(options: FeedOptions) {
    this.#options = options
    this.#partitions = options.partitions
    this.#random = randomOf(options.seed)
    this.#producer = this.#connect()
  }

  start(): void {
    this.#running = this.#run()
    // It is waited for in `stop`; until then nobody looks.
    this.#running.catch(() => undefined)
  }

  /** Resolves when all that was made is acknowledged; rejects when it could not be. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running
    await (await this.#producer).disconnect()
  }

  /** As fast as it goes. */
  async burst(count: number): Promise<void> {
    await this.#sendAll(this.#make(count))
  }

  /** One event of a player who has no other, and of the other app: it shares its request with nobody. */
  async single(player: string): Promise<void> {
    await this.#sendAll([{ id: `single-${player}`, player, partition: 0, platform: 'WEB' }])
  }

  /** Players move to the partition that is theirs among so many. */
  async grow(partitions: number): Promise<void> {
    const former = await this.#producer
    // A new one knows the new partitions at once.
    this.#producer = this.#connect()
    await this.#producer
    this.#partitions = partitions
    await former.disconnect()
  }

  async #connect(): Promise<Producer> {
    const { brokers } = this.#options.cluster.stack
    const producer = createProducer(
      createKafka({ brokers, clientId: 'feed', ssl: false, sasl: undefined, onLog: () => undefined }),
    )
    await producer.connect()
    return producer
  }

  async #run(): Promise<void> {
    const count = Math.ceil((this.#options.eventsPerSecond * TICK_MS) / 1_000)
    while (!this.#isStopping) {
      await Promise.all([this.#sendAll(this.#make(count)), sleep(TICK_MS)])
    }
  }

  #make(count: number): Event[] {
    return Array.from({ length: count }, () => {
      const player = Math.floor(this.#random() * PLAYERS)
      this.#made += 1
      const platform = this.#options.twoApps === true && player % 5 === 0 ? 'WEB' : 'ANDROID'
      return { id: String(this.#made), player: `player-${player}`, partition: player % this.#partitions, platform }
    })
  }

  async #sendAll(events: readonly Event[]): Promise<void> {
    const byPartition = Map.groupBy(events, ({ partition }) => partition)
    await Promise.all([...byPartition].map(([partition, theirs]) => this.#sendInOrder(partition, theirs)))
  }

  async #sendInOrder(partition: number, events: readonly Event[]): Promise<void> {
    for (let at = 0; at < events.length; at += SEND_MAX) await this.#send(partition, events.slice(at, at + SEND_MAX))
  }

  async #send(partition: number, events: readonly Event[]): Promise<void> {
    const { topic, schemaId } = this.#options
    const messages = events.map((event) => ({
      key: event.player,
      value: encodeScored(schemaId, event),
      headers: { id: event.id },
    }))
    for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(TICK_MS)) {
      try {
        await sendToPartition(await this.#producer, topic, partition, messages)
        for (const { id } of events) this.acknowledged.push(id)
        return
      } catch (error) {
        if (Date.now() > deadline) throw error
      }
    }
  }
}
