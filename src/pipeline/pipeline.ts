import type { BrakeLooks } from './brake.ts'
import { Brake } from './brake.ts'
import { Flow } from './flow.ts'
import type { GateOptions } from './gate.ts'
import { Gate } from './gate.ts'
import type { LaneContext } from './lane-context.ts'
import { notBefore } from './not-before.ts'
import type { FlowHandlers, LaneView, Member } from './ports.ts'
import { WindowBytes } from './window-bytes.ts'

export interface PipelineOptions extends Omit<LaneContext, 'source' | 'dueAt' | 'door' | 'brake' | 'windowBytes'> {
  /** Of both flows together. */
  readonly gate: Omit<GateOptions, 'clock' | 'probe'>
  /** Of a topic's last records, how many may be about to become dead letters, from 0 to 1; undefined: all. */
  readonly brakeShare: number | undefined
  /** How many those are; left out: as many as the configuration's pages say. */
  readonly brakeLooks?: BrakeLooks
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
  readonly #gate: Gate
  readonly #brake: Brake

  constructor(options: PipelineOptions) {
    const { limits, clock, probe, commitIntervalMs, tierDelaysMs, members } = options
    this.#gate = new Gate({ ...options.gate, clock, probe })
    this.#brake = new Brake({
      share: options.brakeShare,
      ...(options.brakeLooks === undefined ? {} : { looks: options.brakeLooks }),
      now: () => clock.now(),
      onHeld: (name, { detail }) => {
        this.#flows[0]?.hold(name)
        probe.held({ why: 'brake', name, detail })
      },
    })
    const shared = { ...options, windowBytes: new WindowBytes(options.windowBytes) }
    const first = { ...shared, door: this.#gate.door('first'), brake: this.#brake }
    // Each record alone, so that one which fails by itself takes no other with it.
    const alone = { ...limits, batch: { ...limits.batch, maxEvents: 1 } }
    const door = this.#gate.door('retried')
    const retried = { ...shared, door, brake: undefined, limits: alone, dueAt: notBefore(tierDelaysMs) }
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

  /** What is held back, as it is now. */
  holds() {
    return { ...this.#gate.view(), brakes: this.#brake.held() }
  }

  /** Resolves once the groups are joined. */
  async start(): Promise<void> {
    await Promise.all(this.#flows.map((flow) => flow.start()))
  }

  /** See Flow.drain. */
  async drain(deadline: Promise<unknown>): Promise<boolean> {
    this.#gate.stop()
    const clean = await Promise.all(this.#flows.map((flow) => flow.drain(deadline)))
    return clean.every(Boolean)
  }

  /** Leaves the groups. */
  async leave(): Promise<void> {
    await Promise.all(this.#flows.map((flow) => flow.leave()))
  }
}
