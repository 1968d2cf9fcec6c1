import { Lane } from './lane.ts'
import type { LaneContext, LaneStart } from './lane-context.ts'
import type { Fetched } from './ports.ts'

/** The lanes of the partitions that this instance has now. */
export class Lanes {
  readonly #context: LaneContext
  #lanes = new Map<string, Lane>()
  /** Closed: what comes is refused. */
  #isOpen = true
  #isDraining = false

  constructor(context: LaneContext) {
    this.#context = context
  }

  /** Partitions are about to be dealt out anew: nothing is taken in or sent. Resolves when all that is under way has ended. */
  async suspend(): Promise<void> {
    this.#isOpen = false
    await Promise.all([...this.#lanes.values()].map((lane) => lane.suspend()))
  }

  /**
   * The group was joined. A lane whose partition stays goes on from where it was, if nobody has committed anything of the partition
   * meanwhile: whatever another one may have done of it, he would do again himself. Every
   * other one begins anew from what is committed; requests of the old one go on, but nothing that they bring is committed.
   */
  assign(partitions: readonly LaneStart[]): void {
    const before = this.#lanes
    const staying: Lane[] = []
    this.#lanes = new Map()
    for (const start of partitions) {
      const name = nameOf(start.topic, start.partition)
      const lane = before.get(name)
      const stays = lane !== undefined && start.resume !== undefined && start.isSameLog === true && lane.isCommitted(start.resume)
      if (stays) {
        staying.push(lane)
        before.delete(name)
      }
      this.#lanes.set(name, stays ? lane : this.#begin(start))
    }
    for (const lane of before.values()) void lane.stop()
    // A join in the middle of a drain begins nothing anew; it only tells whose commits still count.
    if (this.#isDraining) return
    this.#isOpen = true
    for (const lane of staying) lane.goOn()
  }

  #begin(start: LaneStart): Lane {
    const lane = new Lane(start, this.#context)
    if (this.#context.brake?.holds(start.topic) === true) void lane.stop()
    return lane
  }

  /** Nothing more of the topic is read, sent or written by the side, and its records make room for those of others. */
  hold(topic: string): void {
    for (const lane of this.#lanes.values()) if (lane.topic === topic) void lane.stop()
  }

  /** False: the partition is not ours, or nothing is taken in; then the records were not taken over. */
  accept(fetched: Fetched): boolean {
    const lane = this.#lanes.get(nameOf(fetched.topic, fetched.partition))
    // While closed it would only pile up: nobody pauses the partition then.
    if (lane === undefined || !this.#isOpen) return false
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
    this.#isDraining = true
    this.#isOpen = false
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop()))
  }
}

function nameOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}
