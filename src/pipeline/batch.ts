import type { Hit, Route } from '../core/hit.ts'
import type { Reject } from '../core/outcome.ts'
import type { SourceRecord } from '../core/record.ts'

/** One key of a partition, as long as somebody remembers it. */
export interface Key {
  /** The one batch whose records of this key are open. */
  holder: Batch | undefined
  /** Later records of the key, in order; undefined: none. */
  waiting: OpenRecord[] | undefined
}

/** A record that has no outcome yet. */
export interface OpenRecord {
  readonly record: SourceRecord
  /** Its number in the ledger. */
  readonly sequence: number
  /** What orders it; undefined: nothing does. */
  readonly key: Key | undefined
  /** What will be sent, or why it never will. */
  readonly content: Hit | Reject
  /** What it takes of the window: raw record plus serialised hit. */
  readonly windowBytes: number
}

/** A record with a hit. */
export interface OpenHit extends OpenRecord {
  readonly content: Hit
}

/**
 * Part of a batch that is sent as one request. A batch starts as one part; a refused part is halved until each culprit
 * stands alone. Parts of a batch go one after the other, so records of one key in different parts keep their order.
 */
export interface Part {
  readonly hits: readonly OpenHit[]
  /** In-place attempts that failed for the tracker's or the network's sake. */
  attempts: number
  /** All deliveries that failed, refusals of larger parts included. */
  failures: number
  /** Epoch ms of the first of them. */
  firstFailedAt?: number
  /** How often it was held for a fault of its own that is none of its records'. */
  holds: number
  /** Epoch ms: when it was refused for our fault (token, endpoint). */
  refusedAt?: number
  /** How often it was refused though others of its app were taken. */
  ownRefusals?: number
  /** It was sent to find out about its app, and failed for another reason. */
  probedApp?: boolean
  /** Since when everything waited when it was last sent as a probe, epoch ms. */
  probedSince?: number
}

/** Records that share a request, from their first to their last outcome. Its keys are held until every one of them has one. */
export class Batch {
  readonly route: Route
  readonly hits: OpenHit[] = []
  /** Bytes of the hits' texts, without brackets and commas. */
  hitBytes = 0
  /** When its first hit came; the linger counts from here. */
  readonly since: number
  /** Filled until it is sent for the first time, even when it is due already. */
  filling = true
  /** In the lane's queue of batches to send. */
  queued = false
  /** What is still to be sent; empty: all that is left is on its way out by the side. */
  parts: Part[] = []
  /** Records without an outcome. */
  left = 0

  constructor(route: Route, since: number) {
    this.route = route
    this.since = since
  }

  add(hit: OpenHit): void {
    this.hits.push(hit)
    this.hitBytes += hit.content.bytes
    this.left += 1
  }

  /** Closes it for further hits and makes it one part. */
  seal(): void {
    this.filling = false
    this.parts = [{ hits: this.hits, attempts: 0, failures: 0, holds: 0 }]
  }
}

/** Halves the first part. The halves inherit its failures and when it was refused: each delivery of the whole was one of theirs. */
export function halve(part: Part): [Part, Part] {
  const middle = Math.ceil(part.hits.length / 2)
  const half = (hits: readonly OpenHit[]): Part => ({
    hits,
    attempts: 0,
    failures: part.failures,
    holds: 0,
    ...(part.firstFailedAt === undefined ? {} : { firstFailedAt: part.firstFailedAt }),
    ...(part.refusedAt === undefined ? {} : { refusedAt: part.refusedAt }),
  })
  return [half(part.hits.slice(0, middle)), half(part.hits.slice(middle))]
}
