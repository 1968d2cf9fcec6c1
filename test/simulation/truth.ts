import type { Origin, SourceRecord } from '../../src/core/record.ts'
import type { Planned } from './schedule.ts'

/** One source record, and all that has become of it. */
export interface Entry extends Planned {
  readonly id: string
  readonly origin: Origin
  /** How often the tracker took it. */
  accepted: number
}

export const nameOf = ({ topic, partition, offset }: Pick<Origin, 'topic' | 'partition' | 'offset'>): string =>
  `${topic}/${partition}@${offset}`

/** What is true of all processes together: which records there are, and which copies have their outcome. */
export class Truth {
  readonly entries = new Map<string, Entry>()
  /** Names of copies that may be committed. */
  readonly done = new Set<string>()
  /** Names of copies that were said to be missed. */
  readonly missed = new Set<string>()
  /** Copies by topic-partition and key, in order. */
  readonly #byKey = new Map<string, string[]>()

  stored(copy: Pick<SourceRecord, 'topic' | 'partition' | 'offset'>, key: string | null): void {
    if (key === null) return
    const name = `${copy.topic}/${copy.partition} ${key}`
    const earlier = this.#byKey.get(name) ?? []
    earlier.push(nameOf(copy))
    this.#byKey.set(name, earlier)
  }

  /** Names of the copies of its key that stand before it. */
  earlierOfKey({ topic, partition, offset, key }: SourceRecord): readonly string[] {
    if (key === null) return []
    const all = this.#byKey.get(`${topic}/${partition} ${key}`) ?? []
    return all.slice(0, all.indexOf(nameOf({ topic, partition, offset })))
  }
}
