import type { History, SourceRecord } from '../core/record.ts'

/** A record of the dead-letter topic, with what its headers tell of it. */
export interface DeadLetter {
  /** As it stands in the dead-letter topic; its timestamp is the time at which it became a dead letter. */
  readonly record: SourceRecord
  readonly history: History
  /** Undefined: the header is missing, so somebody else wrote the record. */
  readonly reason: string | undefined
  readonly detail: string | undefined
  /** Key, value and headers together. */
  readonly bytes: number
}

/** What one fetch brought of one partition. */
export interface Slice {
  readonly partition: number
  readonly letters: readonly DeadLetter[]
  /** The offset behind the slice; offsets between its last record and this one hold none. */
  readonly upTo: number
}

export interface Source {
  /** Hands over slice after slice, never two at once, until the ends are reached or `take` answers false. Rejects when `take` does. */
  read(take: (slice: Slice) => Promise<boolean>): Promise<void>
}

export interface Tier {
  /** Resolves when every in-sync replica has them all, due at once; rejects when any may be missing. */
  put(letters: readonly DeadLetter[]): Promise<void>
}

export interface Memory {
  /** The same replay goes on from `offset` in this partition; `replayed` of its records lie behind it. Rejects when it is not kept. */
  keep(partition: number, offset: number, replayed: number): Promise<void>
}
