import type { Clock } from '../core/clock.ts'
import { Committer } from './committer.ts'
import type { LaneContext, LaneStart } from './lane-context.ts'
import { Lanes } from './lanes.ts'
import type { Fetched, FlowHandlers, LaneView, Member } from './ports.ts'

export interface FlowOptions {
  readonly context: Omit<LaneContext, 'source'>
  readonly commitIntervalMs: number
  /** Makes the group's member, which tells the flow what happens. */
  readonly member: (handlers: FlowHandlers) => Member
}

/** Of the commit before a join. A broker that is gone must not keep this member from joining. */
const LAST_COMMIT_MS = 1_500

/** What one consumer group reads, from its member to its commits. */
export class Flow implements FlowHandlers {
  readonly #clock: Clock
  readonly #member: Member
  readonly #lanes: Lanes
  readonly #committer: Committer
  #isDraining = false

  constructor({ context, commitIntervalMs, member }: FlowOptions) {
    this.#clock = context.clock
    this.#member = member(this)
    this.#lanes = new Lanes({ ...context, source: this.#member })
    const { clock, probe } = context
    this.#committer = new Committer({ lanes: this.#lanes, source: this.#member, probe, clock, intervalMs: commitIntervalMs })
  }

  async revoking(withinMs: number): Promise<void> {
    // The commits go on meanwhile: nothing else tells the coordinator that this member is alive.
    await this.#within(withinMs, this.#lanes.suspend())
    // None after this one: the partitions may be somebody else's then.
    this.#committer.stop()
    await this.#within(LAST_COMMIT_MS, this.#committer.commit())
  }

  async #within(ms: number, work: Promise<unknown>): Promise<void> {
    const late = Promise.withResolvers<void>()
    const timer = this.#clock.set(late.resolve, ms)
    await Promise.race([work, late.promise])
    this.#clock.clear(timer)
  }

  assigned(partitions: readonly LaneStart[]): void {
    this.#lanes.assign(partitions)
    if (!this.#isDraining) this.#committer.start()
  }

  fetched(fetched: Fetched): boolean {
    return this.#lanes.accept(fetched)
  }

  hold(topic: string): void {
    this.#lanes.hold(topic)
  }

  /** Records without an outcome. */
  get open(): number {
    return this.#lanes.open
  }

  views(): LaneView[] {
    return [...this.#lanes.all()].map((lane) => lane.view())
  }

  /** Resolves once the group is joined. */
  async start(): Promise<void> {
    await this.#member.start()
  }

  /**
   * Sends nothing new, waits for what is under way until `deadline` resolves, and commits. Says whether everything under way ended in
   * time and is committed; the rest is read again by whoever comes next.
   */
  async drain(deadline: Promise<unknown>): Promise<boolean> {
    this.#isDraining = true
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
