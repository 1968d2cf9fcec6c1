import assert from 'node:assert/strict'
import { DoneBefore } from '../../src/core/offset-runs.ts'
import { decodeOffsetMap } from '../../src/kafka/offset-map.ts'
import type { MemoryBroker } from '../support/memory-broker/memory-broker.ts'
import type { Truth } from './truth.ts'
import { nameOf } from './truth.ts'

interface Commit {
  readonly offset: number
  readonly metadata: string
}

/** Holds every commit against the truth: it never goes back, and nothing is committed that has no outcome. */
export class CommitCheck {
  readonly #broker: MemoryBroker
  readonly #truth: Truth
  /** What was last seen, by partition. */
  readonly #seen = new Map<string, Commit>()

  constructor(broker: MemoryBroker, truth: Truth) {
    this.#broker = broker
    this.#truth = truth
  }

  look({ groupId, topic }: { groupId: string; topic: string }): void {
    this.#broker.committed(groupId, topic).forEach((commit, partition) => {
      const name = `${topic}/${partition}`
      const before = this.#seen.get(name)
      if (commit === undefined || (before?.offset === commit.offset && before.metadata === commit.metadata)) return
      assert.ok(before === undefined || commit.offset >= before.offset, `${name}: the commit goes back to ${commit.offset}`)
      this.#check({ topic, partition }, commit)
      this.#seen.set(name, commit)
    })
  }

  #check(place: { topic: string; partition: number }, commit: Commit): void {
    const doneBefore = new DoneBefore({ offset: commit.offset, runs: decodeOffsetMap(commit.metadata) ?? [] })
    for (const { offset } of this.#broker.read(place, 0)) {
      const name = nameOf({ ...place, offset })
      const isCommitted = offset < commit.offset || doneBefore.has(offset)
      assert.ok(!isCommitted || this.#truth.done.has(name), `${name} is committed without an outcome`)
    }
  }
}
