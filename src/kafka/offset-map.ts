import type { OffsetRuns } from '../core/offset-runs.ts'

/** The version that the text begins with. */
const VERSION = 'mts1:'
/** Brokers refuse a commit whose metadata is longer than 4,096 bytes. */
const CHARS_MAX = 4_000

/**
 * Runs as the metadata of a commit: the version, then the lengths as base-128 varints in base64. What does not fit is left away from
 * the end: those offsets count as open, and are at worst delivered again.
 */
export function encodeOffsetMap(runs: OffsetRuns): string {
  if (runs.length < 2) return ''
  const bytesMax = Math.floor(((CHARS_MAX - VERSION.length) * 3) / 4)
  const bytes: number[] = []
  let complete = 0
  for (let index = 0; index < runs.length && bytes.length <= bytesMax; index += 1) {
    // Only whole pairs mean something: a last run of open offsets says nothing that its absence does not.
    if (index % 2 === 0) complete = bytes.length
    for (let rest = runs[index] as number; ; rest = Math.floor(rest / 128)) {
      bytes.push(rest < 128 ? rest : (rest % 128) + 128)
      if (rest < 128) break
    }
  }
  const fits = bytes.length <= bytesMax && runs.length % 2 === 0 ? bytes : bytes.slice(0, complete)
  return VERSION + Buffer.from(fits).toString('base64url')
}

/** Whether runs were left away from the metadata that these became. */
export function isCut(runs: OffsetRuns, metadata: string): boolean {
  // A pair is at most 22 characters: what is shorter had room for another.
  return metadata.length > CHARS_MAX - 22 && (decodeOffsetMap(metadata) ?? []).length < runs.length - (runs.length % 2)
}

/** The runs that a commit's metadata holds; undefined: it is none of ours, or no whole one. */
export function decodeOffsetMap(metadata: string): OffsetRuns | undefined {
  if (!metadata.startsWith(VERSION)) return undefined
  const runs: number[] = []
  let value = 0
  let factor = 1
  for (const byte of Buffer.from(metadata.slice(VERSION.length), 'base64url')) {
    value += (byte % 128) * factor
    factor *= 128
    if (byte >= 128) continue
    if (!Number.isSafeInteger(value)) return undefined
    runs.push(value)
    value = 0
    factor = 1
  }
  return factor === 1 ? runs : undefined
}
