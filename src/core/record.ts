/** Where a record first stood: itself in a source topic, kept through every tier and replay. */
export interface Origin {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
}

/** What a record of a retry or dead-letter topic has behind it. */
export interface History {
  readonly origin: Origin
  /** How many deliveries of it have failed. */
  readonly attempt: number
  /** Epoch ms; undefined: none has failed since it was replayed. */
  readonly firstFailedAt: number | undefined
  /** Epoch ms before which it should not be sent. Anybody may have written it: to be bounded by whoever waits for it. */
  readonly notBefore: number | undefined
}

/** A record as Kafka holds it. Its buffers belong to whoever holds the record: they are no views into a fetch response. */
export interface SourceRecord extends Origin {
  /** The key's bytes as latin1 text, one character a byte: no two keys share a text, and texts are cheap to compare. */
  readonly key: string | null
  readonly value: Buffer | null
  readonly headers: RecordHeaders | undefined
  /** Undefined: the record comes from a source topic, whatever its headers claim. */
  readonly history: History | undefined
}

/** One name may stand several times; then its values are listed. A header may be without a value. */
export type RecordHeaders = Readonly<Record<string, Buffer | string | null | (Buffer | string | null)[] | undefined>>
