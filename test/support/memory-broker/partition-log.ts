/** What is stored, as kafkajs hands it out. */
export interface Stored {
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** A header that stands several times has its values in a list. */
  readonly headers: Record<string, Buffer | Buffer[]>
  readonly bytes: number
  /** A transaction's marker, or a record of one that was aborted: it has an offset, and nobody gets to see it. */
  readonly isHidden: boolean
}

export interface Read {
  readonly records: readonly Stored[]
  /** The offset after the last that was read, hidden ones included. The place read from: there is nothing yet. */
  readonly upTo: number
  readonly bytes: number
}

export interface ReadLimits {
  readonly maxRecords: number
  /** The first record comes whatever its size, as from a broker. */
  readonly maxBytes: number
}

export class PartitionLog {
  readonly #entries: Stored[] = []
  #end = 0
  #low = 0

  /** The first offset that a consumer can read. What expired before it is kept for those who check. */
  get low(): number {
    return this.#low
  }

  /** What lies below the offset expires. */
  expire(below: number): void {
    this.#low = Math.max(this.#low, Math.min(below, this.#end))
  }

  /** The offset that the next record gets. */
  get end(): number {
    return this.#end
  }

  append(record: Omit<Stored, 'offset' | 'isHidden'>, isHidden = false): number {
    const offset = this.#end
    this.#entries.push({ ...record, offset, isHidden })
    this.#end += 1
    return offset
  }

  /** Offsets that hold nothing any more, as compaction leaves them. */
  skip(count: number): void {
    this.#end += count
  }

  read(from: number, { maxRecords, maxBytes }: ReadLimits): Read {
    const records: Stored[] = []
    let upTo = from
    let bytes = 0
    for (let index = this.#indexOf(from); index < this.#entries.length; index += 1) {
      const entry = this.#entries[index] as Stored
      if (records.length > 0 && (records.length >= maxRecords || bytes + entry.bytes > maxBytes)) break
      if (!entry.isHidden) records.push(entry)
      bytes += entry.bytes
      upTo = entry.offset + 1
    }
    return { records, upTo, bytes }
  }

  /** The offset of the first record of that time or later; undefined: there is none. */
  offsetAt(timestamp: number): number | undefined {
    return this.#entries.find((entry) => entry.timestamp >= timestamp)?.offset
  }

  get visible(): Stored[] {
    return this.#entries.filter(({ isHidden }) => !isHidden)
  }

  /** Index of the first entry at or after the offset. */
  #indexOf(offset: number): number {
    let low = 0
    for (let high = this.#entries.length; low < high; ) {
      const middle = (low + high) >>> 1
      if ((this.#entries[middle] as Stored).offset < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
