import { Flow } from './flow.ts'
import type { LaneContext } from './lane-context.ts'
import { PermitPool, WindowBytes } from './limits.ts'
import { notBefore } from './not-before.ts'
import type { FlowHandlers, LaneView, Member } from './ports.ts'

export interface PipelineOptions extends Omit<LaneContext, 'source' | 'dueAt' | 'permits' | 'windowBytes'> {
  /** Requests in flight, both flows together. */
  readonly maxInFlight: number
  /** Bytes of open records, both flows together. */
  readonly windowBytes: number
  readonly commitIntervalMs: number
  /** Milliseconds that a record waits on a retry topic, by its name. */
  readonly tierDelaysMs: ReadonlyMap<string, number>
  readonly members: {
    /** Of the group that reads the sources. */
    readonly first: (handlers: FlowHandlers) => Member
    /** Of the group that reads the retry topics; left out: nobody reads them. */
    readonly retried?: (handlers: FlowHandlers) => Member
  }
}

/** Flows that share the tracker: what comes from the sources, and what was parked and comes again. */
export class Pipeline {
  readonly #flows: readonly Flow[]

  constructor(options: PipelineOptions) {
    const { limits, maxInFlight, commitIntervalMs, tierDelaysMs, members } = options
    const permits = new PermitPool(maxInFlight)
    const shared = { ...options, windowBytes: new WindowBytes(options.windowBytes) }
    const first = { ...shared, permits: permits.first }
    // Each record alone, so that one which fails by itself takes no other with it.
    const alone = { ...limits, batch: { ...limits.batch, maxEvents: 1 } }
    const retried = { ...shared, permits: permits.retried, limits: alone, dueAt: notBefore(tierDelaysMs) }
    this.#flows = [
      new Flow({ context: first, commitIntervalMs, member: members.first }),
      ...(members.retried === undefined ? [] : [new Flow({ context: retried, commitIntervalMs, member: members.retried })]),
    ]
  }

  /** Records without an outcome. */
  get open(): number {
    return this.#flows.reduce((sum, flow) => sum + flow.open, 0)
  }

  /** The lanes as they are now: of the sources, and of the retry topics. */
  views(): { readonly first: readonly LaneView[]; readonly retried: readonly LaneView[] } {
    const [first, retried] = this.#flows
    return { first: first?.views() ?? [], retried: retried?.views() ?? [] }
  }

  /** Resolves once the groups are joined. */
  async start(): Promise<void> {
    await Promise.all(this.#flows.map((flow) => flow.start()))
  }

  /** See Flow.drain. */
  async drain(deadline: Promise<unknown>): Promise<boolean> {
    const clean = await Promise.all(this.#flows.map((flow) => flow.drain(deadline)))
    return clean.every(Boolean)
  }

  /** Leaves the groups. */
  async leave(): Promise<void> {
    await Promise.all(this.#flows.map((flow) => flow.leave()))
  }
}
