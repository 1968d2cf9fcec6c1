/** What a mapping module is written against. Types only: a module needs nothing of this at run time. */

/**
 * A decoded event, all of it, as plain data.
 *
 * Records and maps are objects, arrays are arrays, an enum is its symbol; a value of a union stands bare, whatever its branch. Numbers
 * are numbers, a 64-bit integer beyond 2^53 a bigint. Timestamps are Dates, in UTC; local ones ISO texts without an offset; a `date` is
 * a text like `2024-02-29`, a `decimal` its exact digits as text, a `uuid` a text; `bytes` and `fixed` are Buffers.
 */
export type MappingEvent = Readonly<Record<string, unknown>>

/** Where an event comes from: of a record that is tried again, the place where it first stood. */
export interface MappingContext {
  /** Avro full name. */
  readonly record: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** The Kafka record's own, epoch ms; -1: it has none. */
  readonly timestamp: number
  /** As UTF-8 text. */
  readonly key: string | null
  /** As UTF-8 text; null: a header without a value. Of a name that stands several times, the last. */
  readonly headers: Readonly<Record<string, string | null>>
}

/** One call of the tracker. It is checked against the tracker's rules like the hit of any other mapping. */
export interface ModuleHit {
  /** A name under tracker.apps. */
  readonly app: string
  readonly method: 'registration' | 'login' | 'customEvent'
  /**
   * By the tracker's names. Numbers and booleans become texts where a text is wanted; null and undefined are absent. `eventTimestamp`
   * is in Unix seconds, or a Date; absent, it is the record's own timestamp.
   */
  readonly params: Readonly<Record<string, unknown>>
}

/** The record is left out, and counted. */
export type ModuleSkip = 'skip' | { readonly skip: true }

/** The record becomes a dead letter with this message, of which the first 500 characters are kept. Put no payload into it. */
export interface ModuleReject {
  readonly reject: string
}

export type ModuleResult = ModuleHit | ModuleSkip | ModuleReject

/** Called once for each event, and must answer at once: no promise is waited for. What it throws makes the record a dead letter. */
export type ModuleMap = (event: MappingEvent, context: MappingContext) => ModuleResult
