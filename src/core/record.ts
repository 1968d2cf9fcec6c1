/** A record as Kafka holds it. Its buffers belong to whoever holds the record: they are no views into a fetch response. */
export interface SourceRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  /** The key's bytes as latin1 text, one character a byte: no two keys share a text, and texts are cheap to compare. */
  readonly key: string | null
  readonly value: Buffer | null
  readonly headers: RecordHeaders | undefined
}

/** One name may stand several times; then its values are listed. */
export type RecordHeaders = Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>
