import { Lane } from './lane.ts'
import type { LaneContext, LaneStart } from './lane-context.ts'
import type { Fetched } from './ports.ts'

/** The lanes of the partitions that this instance has now. */
export class Lanes {
  readonly #context: LaneContext
  #lanes = new Map<string, Lane>()
  #draining = false

  constructor(context: LaneContext) {
    this.#context = context
  }

  /**
   * The group was joined. Every lane begins anew from what is committed: a member may have missed a generation, and what its
   * lanes believe then is no longer true. Requests under way go on, but nothing that they bring is committed.
   */
  assign(partitions: readonly LaneStart[]): void {
    for (const lane of this.#lanes.values()) void lane.stop()
    this.#lanes = new Map(partitions.map((start) => [nameOf(start.topic, start.partition), new Lane(start, this.#context)]))
  }

  /** False: the partition is not ours, or all ends; then the records were not taken over. */
  accept(fetched: Fetched): boolean {
    const lane = this.#lanes.get(nameOf(fetched.topic, fetched.partition))
    // What comes during a drain would only pile up: nobody pauses the partition any more.
    if (lane === undefined || this.#draining) return false
    lane.accept(fetched.records, fetched.upTo)
    return true
  }

  all(): Iterable<Lane> {
    return this.#lanes.values()
  }

  /** Records without an outcome. */
  get open(): number {
    let open = 0
    for (const lane of this.#lanes.values()) open += lane.open
    return open
  }

  /** Nothing new is sent; resolves when all that is under way has ended. */
  async drain(): Promise<void> {
    this.#draining = true
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop()))
  }
}

function nameOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}
