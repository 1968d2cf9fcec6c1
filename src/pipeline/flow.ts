import { Committer } from './committer.ts'
import type { LaneContext, LaneStart } from './lane-context.ts'
import { Lanes } from './lanes.ts'
import type { Fetched, FlowHandlers, Member } from './ports.ts'

export interface FlowOptions {
  readonly context: Omit<LaneContext, 'source'>
  readonly commitIntervalMs: number
  /** Makes the group's member, which tells the flow what happens. */
  readonly member: (handlers: FlowHandlers) => Member
}

/** What one consumer group reads, from its member to its commits. */
export class Flow implements FlowHandlers {
  readonly #member: Member
  readonly #lanes: Lanes
  readonly #committer: Committer

  constructor({ context, commitIntervalMs, member }: FlowOptions) {
    this.#member = member(this)
    this.#lanes = new Lanes({ ...context, source: this.#member })
    const { clock, probe } = context
    this.#committer = new Committer({ lanes: this.#lanes, source: this.#member, probe, clock, intervalMs: commitIntervalMs })
  }

  rejoining(): void {
    this.#lanes.assign([])
  }

  assigned(partitions: readonly LaneStart[]): void {
    this.#lanes.assign(partitions)
  }

  fetched(fetched: Fetched): boolean {
    return this.#lanes.accept(fetched)
  }

  /** Records without an outcome. */
  get open(): number {
    return this.#lanes.open
  }

  /** Resolves once the group is joined. */
  async start(): Promise<void> {
    await this.#member.start()
    this.#committer.start()
  }

  /**
   * Sends nothing new, waits for what is under way until `deadline` resolves, and commits. Says whether everything under way ended in
   * time and is committed; the rest is read again by whoever comes next.
   */
  async drain(deadline: Promise<unknown>): Promise<boolean> {
    this.#committer.stop()
    const late = deadline.then(() => false)
    const drained = await Promise.race([this.#lanes.drain().then(() => true), late])
    const committed = await Promise.race([this.#committer.commit(), late])
    return drained && committed
  }

  /** Leaves the group. */
  leave(): Promise<void> {
    return this.#member.stop()
  }
}
