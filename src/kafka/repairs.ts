/**
 * Everything that kafkajs 2.2.4 is mended in from outside, each with the failure that it prevents. It is unmaintained, so what is
 * broken stays broken; a patch applied to a version that it was not written for would be worse, hence the look at the version.
 */
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { lz4Codec, snappyCodec, zstdCodec } from './codecs.ts'
import { repairDeletion } from './deletion-repairs.ts'
import { repairReading } from './reading-repairs.ts'

const require = createRequire(import.meta.url)

interface RequestQueue {
  readonly pending: readonly unknown[]
}

let repaired = false

/** Idempotent; called before the first client is made. */
export function repairKafkajs(): void {
  if (repaired) return
  repaired = true
  const { version } = require('kafkajs/package.json') as { version: string }
  if (version !== '2.2.4') throw new Error(`the repairs of kafkajs were written for 2.2.4, but ${version} is installed`)
  repairReading()
  stopIdleTimerLoop()
  waitLongerWhileNothingIsPaused()
  askTheLeaderAgain()
  goOnAtTheStart()
  repairDeletion()
  endWhatFetchesForNobody()
  beatWhereTheCoordinatorIs()
  endWhatIsNotAuthenticated()
  // A record in a codec that is not registered ends the consumer for good.
  const { CompressionCodecs, CompressionTypes } = kafkajs
  CompressionCodecs[CompressionTypes.Snappy] = () => snappyCodec
  CompressionCodecs[CompressionTypes.LZ4] = () => lz4Codec
  CompressionCodecs[CompressionTypes.ZSTD] = () => zstdCodec
}

/**
 * The request queue arms its timer again and again with a negative delay while nothing is pending: thousands of wake-ups a second,
 * about 3 % of a core for each idle consumer. Whatever is queued later arms it anew, so an empty queue needs no timer.
 */
function stopIdleTimerLoop(): void {
  const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: { scheduleCheckPendingRequests(): void } }
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this)
  }
}

/** Of a fetch. What it delays while nothing is paused is a join and an orderly end. */
const UNPAUSED_WAIT_MS = 1_000

/**
 * A fetch ends with the first record that comes, however long it may wait, so that a short wait serves one thing only: a partition that
 * is resumed is not asked for before the fetch that goes round without it has ended. While none is paused there is no such partition, and
 * a short wait is nothing but a third of a millisecond of CPU for every broker, twenty times a second.
 */
function waitLongerWhileNothingIsPaused(): void {
  interface ConsumerGroup {
    paused(): readonly unknown[]
  }
  const { prototype } = require('kafkajs/src/consumer/consumerGroup') as { prototype: ConsumerGroup }
  const asked = new WeakMap<ConsumerGroup, number>()
  // Read for each fetch, and set when the group is made.
  Object.defineProperty(prototype, 'maxWaitTime', {
    get(this: ConsumerGroup): number {
      const ms = asked.get(this) ?? UNPAUSED_WAIT_MS
      return this.paused().length > 0 ? ms : Math.max(ms, UNPAUSED_WAIT_MS)
    },
    set(this: ConsumerGroup, ms: number) {
      asked.set(this, ms)
    },
  })
}

/** Of offsets, while a leader moves or a topic has just been made. */
const LEADER_WAIT_MS = 100
const LEADER_ATTEMPTS = 100

/**
 * Asked for the offsets of a partition, a broker that does not lead it (any more, or not yet: the topic was made a moment ago) says so, and
 * kafkajs gives up at once, with the metadata that misled it kept for five minutes.
 */
function askTheLeaderAgain(): void {
  interface Cluster {
    fetchTopicsOffset(topics: unknown): Promise<unknown>
    refreshMetadata(): Promise<void>
  }
  const { prototype } = require('kafkajs/src/cluster') as { prototype: Cluster }
  const ask = prototype.fetchTopicsOffset
  prototype.fetchTopicsOffset = async function (this: Cluster, topics: unknown): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await ask.call(this, topics)
      } catch (error) {
        const { type } = error as { type?: string }
        if (type !== 'NOT_LEADER_FOR_PARTITION' || attempt === LEADER_ATTEMPTS) throw error
      }
      await sleep(LEADER_WAIT_MS)
      await this.refreshMetadata()
    }
  }
}

/**
 * A broker takes one handshake from a connection. Where the attempt behind it has failed, on a token that was not to be had for a moment,
 * the next one would begin with another handshake, and be refused for good as out of place; so the connection ends, and the next attempt
 * has one of its own.
 */
function endWhatIsNotAuthenticated(): void {
  interface Authenticator {
    readonly connection: { readonly socket: Socket }
    authenticate(): Promise<void>
  }
  const { prototype } = require('kafkajs/src/broker/saslAuthenticator') as { prototype: Authenticator }
  const authenticate = prototype.authenticate
  prototype.authenticate = async function (this: Authenticator): Promise<void> {
    try {
      await authenticate.call(this)
    } catch (error) {
      this.connection.socket.destroy(new Error('not authenticated'))
      throw error
    }
  }
}

/** A reading position that the log does not hold: its records were deleted, or the log is another one. */
export interface OutOfRange {
  readonly topic: string
  readonly partition: number
  /** The position. */
  readonly from: number
  /** The log's first offset, and the one after its last. */
  readonly low: number
  readonly high: number
}

/** Who wants to know, by kafkajs' cluster object: it has one for each consumer. */
const listeners = new WeakMap<object, (event: OutOfRange) => void>()

export function onOutOfRange(cluster: object, listener: (event: OutOfRange) => void): void {
  listeners.set(cluster, listener)
}

/**
 * Out of range, kafkajs commits -1 or -2 for the group and reads on from there without a word: with the one it skips to the end of the
 * log. Here nothing is committed, reading goes on at the log's start, and the consumer hears of it.
 */
function goOnAtTheStart(): void {
  interface OffsetManager {
    readonly cluster: { fetchTopicsOffset(topics: unknown): Promise<{ partitions: { offset: string }[] }[]> }
    readonly resolvedOffsets: Record<string, Record<number, string>>
    nextOffset(topic: string, partition: number): { toString(): string }
    setDefaultOffset(of: { topic: string; partition: number }): Promise<void>
  }
  const { prototype } = require('kafkajs/src/consumer/offsetManager') as { prototype: OffsetManager }
  prototype.setDefaultOffset = async function (this: OffsetManager, { topic, partition }): Promise<void> {
    // Dealt to somebody else since it was fetched from.
    const ofTopic = this.resolvedOffsets[topic]
    if (ofTopic === undefined) return
    const { cluster } = this
    const ask = async (fromBeginning: boolean): Promise<string> => {
      const [found] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning }])
      return found?.partitions[0]?.offset ?? '0'
    }
    const [low, high] = [await ask(true), await ask(false)]
    const from = Number(this.nextOffset(topic, partition))
    // Sought while the broker was asked, by the loop that fetches from another broker.
    if (from >= Number(low) && from <= Number(high)) return
    ofTopic[partition] = low
    listeners.get(cluster)?.({ topic, partition, from, low: Number(low), high: Number(high) })
  }
}

/**
 * Brokers that come or go let kafkajs end its fetch loops and begin new ones. Stopped just in between, it begins them all the same, and each
 * is told at once that there is nothing to fetch, for ever: the whole process stands still and takes a core. Here they end.
 */
function endWhatFetchesForNobody(): void {
  interface Runner {
    readonly running: boolean
    fetch(nodeId: string): Promise<unknown[]>
  }
  const { prototype } = require('kafkajs/src/consumer/runner') as { prototype: Runner }
  const { fetch } = prototype
  prototype.fetch = async function (this: Runner, nodeId): Promise<unknown[]> {
    if (!this.running) throw new Error('the consumer was stopped')
    return await fetch.call(this, nodeId)
  }
}

/** Who finds the group's coordinator of now, by kafkajs' cluster object. */
const finders = new WeakMap<object, () => Promise<unknown>>()

export function onCoordinatorGone(cluster: object, find: () => Promise<unknown>): void {
  finders.set(cluster, find)
}

/** A broker that does not answer, or not any more. */
const GONE = ['KafkaJSConnectionError', 'KafkaJSConnectionClosedError', 'KafkaJSRequestTimeoutError']

/**
 * When the coordinator's broker is gone, kafkajs sends its heartbeats there all the same, fails with each, fetches nothing meanwhile, and
 * only after a dozen seconds begins anew. Until then the others of the group wait for it, for the whole of its session. Here the next
 * heartbeat goes to whoever coordinates now, which knows the group's members.
 */
function beatWhereTheCoordinatorIs(): void {
  interface ConsumerGroup {
    readonly cluster: object
    coordinator: unknown
    heartbeat(options: { interval: number }): Promise<void>
  }
  const { prototype } = require('kafkajs/src/consumer/consumerGroup') as { prototype: ConsumerGroup }
  const { heartbeat } = prototype
  prototype.heartbeat = async function (this: ConsumerGroup, options): Promise<void> {
    try {
      await heartbeat.call(this, options)
    } catch (error) {
      const find = finders.get(this.cluster)
      if (find === undefined || !GONE.includes((error as Error).name)) throw error
      this.coordinator = await find()
      await heartbeat.call(this, options)
    }
  }
}
