import assert from 'node:assert/strict'
import { DoneBefore } from '../../src/core/offset-runs.ts'
import type { SourceRecord } from '../../src/core/record.ts'
import { decodeOffsetMap } from '../../src/kafka/offset-map.ts'
import type { Assigned, Fetched } from '../../src/pipeline/ports.ts'
import type { MemoryBroker } from '../support/memory-broker/memory-broker.ts'
import { nameOf } from './truth.ts'

/** How partitions came back after a join, of all processes together. */
export interface Comings {
  /** Stayed with their member and read on, and of these: from behind what was committed. */
  retained: number
  readAhead: number
  /** Began from a commit whose metadata called records done. */
  withRuns: number
  /** Began from a commit with metadata that is not ours. */
  foreign: number
}

interface Place {
  /** Everything before it was taken over. */
  upTo: number
  /** Known where nothing was taken over since it was dealt out. What was committed meanwhile may be read once more. */
  isFresh: boolean
  readonly doneBefore: DoneBefore
}

/** Checks what one member reads against the log and the commits: each record once from where it began, and nothing that was done before. */
export class Reading {
  readonly #broker: MemoryBroker
  readonly #groupId: string
  readonly #comings: Comings
  #places = new Map<string, Place>()

  constructor(broker: MemoryBroker, groupId: string, comings: Comings) {
    this.#broker = broker
    this.#groupId = groupId
    this.#comings = comings
  }

  /** `soughtTo`: where those that stay were told to read on, by topic/partition. */
  assigned(partitions: readonly Assigned[], soughtTo: ReadonlyMap<string, number>): void {
    const before = this.#places
    this.#places = new Map()
    for (const { topic, partition, resume, isSameLog } of partitions) {
      const name = `${topic}/${partition}`
      const sought = soughtTo.get(name)
      const place = before.get(name)
      if (sought === undefined) {
        this.#places.set(name, this.#fresh(topic, partition, resume.offset))
        continue
      }
      assert.ok(place !== undefined && isSameLog, `${name} goes on in a member that did not have it`)
      assert.equal(sought, place.upTo, `${name} goes on from another place than it had come to`)
      this.#places.set(name, place)
      this.#comings.retained += 1
      if (sought > resume.offset) this.#comings.readAhead += 1
    }
  }

  taken({ topic, partition, records, upTo }: Fetched): void {
    const name = `${topic}/${partition}`
    const place = this.#places.get(name) ?? assert.fail(`${name} is taken in, and is not this member's`)
    const offsets = records.map(({ offset }) => offset).filter((offset) => !place.isFresh || offset >= place.upTo)
    const due = this.#broker.read({ topic, partition }, place.upTo).map(({ offset }) => offset)
    assert.deepEqual(
      offsets,
      due.filter((offset) => offset < upTo),
      `${name} is read on from ${place.upTo}`,
    )
    place.upTo = Math.max(place.upTo, upTo)
    place.isFresh = false
  }

  /** What expired before it was read, from where it was to be read on up to the log's start. Returns the offsets of the records there. */
  missed({ topic, partition, from, to }: { topic: string; partition: number; from: number; to: number }): number[] {
    const name = `${topic}/${partition}`
    const place = this.#places.get(name) ?? assert.fail(`${name} has missed something, and is not this member's`)
    const low = this.#broker.low({ topic, partition })
    assert.deepEqual([from, to], [place.upTo, low], `${name}: what was missed`)
    place.upTo = to
    const between = this.#broker.read({ topic, partition }, from).filter(({ offset }) => offset < to)
    return between.map(({ offset }) => offset).filter((offset) => !place.doneBefore.has(offset))
  }

  /** After a crash at most that is sent again which was under way, or was accepted since the last commit. */
  sending(records: readonly SourceRecord[]): void {
    for (const record of records) {
      const place = this.#places.get(`${record.topic}/${record.partition}`)
      assert.ok(!place?.doneBefore.has(record.offset), `${nameOf(record)} is sent again, and was committed as done`)
    }
  }

  #fresh(topic: string, partition: number, offset: number): Place {
    const metadata = this.#broker.committed(this.#groupId, topic)[partition]?.metadata ?? ''
    const runs = decodeOffsetMap(metadata)
    if (runs === undefined && metadata !== '') this.#comings.foreign += 1
    if (runs !== undefined && runs.length > 1) this.#comings.withRuns += 1
    return { upTo: offset, isFresh: true, doneBefore: new DoneBefore({ offset, runs: runs ?? [] }) }
  }
}
