/**
 * Everything that kafkajs 2.2.4 is mended in from outside, each with the failure that it prevents. It is unmaintained, so what is
 * broken stays broken; a patch applied to a version that it was not written for would be worse, hence the look at the version.
 */
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { lz4Codec, snappyCodec, zstdCodec } from './codecs.ts'

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
  stopIdleTimerLoop()
  readOffsetsFast()
  askTheLeaderAgain()
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

/** Every offset of every record goes through here as a text; parsed as a number first it takes a fraction of the time, and 15 digits are exact. */
function readOffsetsFast(): void {
  const Long = require('kafkajs/src/utils/long') as { fromString(text: string): unknown; fromNumber(value: number): unknown }
  const fromString = Long.fromString
  Long.fromString = function (this: typeof Long, text: string): unknown {
    return text.length > 0 && text.length <= 15 ? Long.fromNumber(Number(text)) : fromString.call(this, text)
  }
}
