/** Of kafkajs 2.2.4: what it costs to read what brokers answer. Called by repairs.ts, which looks at the version. */
import { createRequire } from 'node:module'
import { setImmediate as turn } from 'node:timers/promises'
import { giveBack } from '../core/give-back.ts'

const require = createRequire(import.meta.url)

export function repairReading(): void {
  readOffsetsFast()
  decodeInSlices()
  giveChunksBack()
}

/** Every offset of every record goes through here as a text; parsed as a number first it takes a fraction of the time, and 15 digits are exact. */
function readOffsetsFast(): void {
  const Long = require('kafkajs/src/utils/long') as { fromString(text: string): unknown; fromNumber(value: number): unknown }
  const fromString = Long.fromString
  Long.fromString = function (this: typeof Long, text: string): unknown {
    return text.length > 0 && text.length <= 15 ? Long.fromNumber(Number(text)) : fromString.call(this, text)
  }
}

/** Of decoding without a pause, milliseconds. */
const SLICE_MS = 5

/**
 * Decodes all record batches of a fetch in one go: 2 MiB of small records stop everything else for 30 ms. What decodes a batch is
 * loaded with the first fetch, by those who then keep it, so that it is replaced before.
 */
function decodeInSlices(): void {
  const path = require.resolve('kafkajs/src/protocol/recordBatch/v0/decoder')
  const decode = require(path) as (decoder: unknown) => Promise<unknown>
  let pausedAt = 0
  const inSlices = async (decoder: unknown): Promise<unknown> => {
    const decoded = await decode(decoder)
    if (performance.now() - pausedAt > SLICE_MS) {
      await turn()
      pausedAt = performance.now()
    }
    return decoded
  }
  const loaded = require.cache[path]
  if (loaded !== undefined) loaded.exports = inSlices
}

/** A response is put together from what comes in by 64 KiB, and then lies in the memory twice until the collector comes by. */
function giveChunksBack(): void {
  interface Connection {
    readonly chunks: readonly Buffer[]
    processData(data: Buffer): void
  }
  const { prototype } = require('kafkajs/src/network/connection') as { prototype: Connection }
  const take = prototype.processData
  prototype.processData = function (this: Connection, data: Buffer): void {
    const chunks = this.chunks
    take.call(this, data)
    // Another list: those of this one were copied into one buffer, unless it was a single one, which was taken as it is.
    if (this.chunks !== chunks && chunks.length > 1) for (const chunk of chunks) giveBack(chunk)
  }
}
