/** The service seen from outside: gathers what is known, judges it, and serves it. */
import { about } from './about.ts'
import type { Config } from './config/config.ts'
import { redactor } from './config/redact.ts'
import type { PartitionEnds } from './kafka/partition-ends.ts'
import { stallLimits } from './kafka/session-watch.ts'
import { ownTopics } from './kafka/topics.ts'
import { gaugesOf } from './ops/gauges.ts'
import { livenessOf, readinessOf } from './ops/health.ts'
import { LagTrend } from './ops/lag-trend.ts'
import type { OpsServer } from './ops/server.ts'
import { startOpsServer } from './ops/server.ts'
import type { Holds, PartitionFacts, Phase, Snapshot } from './ops/snapshot.ts'
import { totalLag } from './ops/snapshot.ts'
import { StateWatch } from './ops/state-watch.ts'
import type { StatusDocument } from './ops/status.ts'
import { statusOf } from './ops/status.ts'
import { verdictOf } from './ops/verdict.ts'
import type { Pipeline } from './pipeline/pipeline.ts'
import type { LaneView } from './pipeline/ports.ts'
import type { GaugeName } from './telemetry/metric-definitions.ts'
import type { Probe } from './telemetry/probe.ts'

const LOOK_EVERY_MS = 1_000
/** Of the lag's trend, in looks. */
const TREND_EVERY = 5

interface Running {
  readonly pipeline: Pipeline
  readonly ends: PartitionEnds
}

export class Lookout {
  readonly #config: Config
  readonly #probe: Probe
  readonly #tierOf: ReadonlyMap<string, string>
  readonly #trend = new LagTrend()
  readonly #watch: StateWatch
  #running: Running | undefined
  #server: OpsServer | undefined
  #timer: NodeJS.Timeout | undefined
  #looks = 0
  /** Undefined: the group was never joined. */
  #joining: boolean | undefined
  #draining = false
  /** When a fetch last ended, epoch ms, by the group. */
  readonly #movedAt = new Map<string, number>()

  constructor(config: Config, probe: Probe) {
    this.#config = config
    this.#probe = probe
    const { groupId } = config.kafka
    const { tiers } = ownTopics(groupId, config.retry.tiers)
    this.#tierOf = new Map(tiers.map(({ topic, name }) => [topic, name]))
    this.#watch = new StateWatch(Date.now(), ({ state, verdict }) =>
      probe.stateChanged(state, verdict, state === 'blocked' || state === 'falling-behind'),
    )
  }

  /** Rejects with a StartError where it cannot listen. */
  async serve(): Promise<void> {
    const pages = {
      live: () => this.#live(),
      ready: () => readinessOf(this.#phase),
      status: () => this.status(),
      metrics: () => this.#metrics(),
    }
    this.#server = await startOpsServer({ ...this.#config.http, pages, redact: redactor(this.#config) })
    this.#probe.serving(this.#server.url)
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref()
  }

  /** Of the group that reads the sources, like the one below. */
  rejoining(): void {
    this.#joining = true
  }

  assigned(): void {
    this.#joining = false
  }

  fetched(topic: string, partition: number, end: number | undefined): void {
    if (end !== undefined) this.#running?.ends.note(topic, partition, end)
  }

  /** A fetch of the group has ended. */
  moved(groupId: string): void {
    this.#movedAt.set(groupId, Date.now())
  }

  /** There is something to look at. */
  running(running: Running): void {
    this.#running = running
  }

  draining(): void {
    this.#draining = true
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#server?.close()
  }

  status(): StatusDocument {
    const snapshot = this.#snapshot()
    const verdict = verdictOf(snapshot)
    this.#watch.look(verdict, snapshot.now)
    return statusOf(snapshot, verdict, this.#watch.since)
  }

  get #phase(): Phase {
    if (this.#draining) return 'draining'
    if (this.#running === undefined || this.#joining === undefined) return 'starting'
    return this.#joining ? 'rebalancing' : 'running'
  }

  #look(): void {
    const snapshot = this.#snapshot()
    this.#looks += 1
    if (this.#looks % TREND_EVERY === 0) this.#trend.add(totalLag(snapshot.partitions), snapshot.now)
    this.#watch.look(verdictOf(snapshot), snapshot.now)
  }

  #live() {
    const { sessionTimeout: sessionTimeoutMs, rebalanceTimeout: rebalanceTimeoutMs } = this.#config.kafka
    return livenessOf({
      ...{ now: Date.now(), phase: this.#phase, movedAt: this.#movedAt },
      brokersSilent: this.#running?.ends.silent,
      brokersAnswerSince: this.#running?.ends.answersSince,
      // A new session comes first, and has as long again.
      stuckMs: 2 * stallLimits({ sessionTimeoutMs, rebalanceTimeoutMs }).joinMs,
    })
  }

  async #metrics() {
    const { metrics } = this.#probe
    this.#probe.settle()
    for (const [name, samples] of Object.entries(gaugesOf(this.#snapshot()))) metrics.set(name as GaugeName, samples)
    return await metrics.text()
  }

  #snapshot(): Snapshot {
    const { failedRequests: _, ...counts } = this.#probe.counts
    const { requests, troubles, failures } = this.#probe
    const { durations, inFlight, answers } = requests
    const views = this.#running?.pipeline.views()
    const ends = this.#running?.ends
    return {
      ...{ now: Date.now(), version: about.version, groupId: this.#config.kafka.groupId, phase: this.#phase, counts },
      partitions: (views?.first ?? []).map((view) => this.#facts(view)).sort(byPlace),
      tiers: (views?.retried ?? []).map((view) => ({ ...this.#facts(view), tier: this.#tierOf.get(view.topic) ?? view.topic })),
      apps: this.#config.tracker.apps,
      tracker: { inFlight, p50Ms: durations.quantile(0.5), p99Ms: durations.quantile(0.99), answers },
      holds: this.#running?.pipeline.holds() ?? this.#nothingHeld,
      troubles: troubles.all(),
      brokersSilent: ends?.silent,
      laggingSince: this.#trend.since,
      failures: failures.newestFirst(),
      retentionMs: ends?.retentionMs ?? new Map(),
    }
  }

  #facts(view: LaneView): PartitionFacts {
    return { ...view, end: this.#running?.ends.of(view.topic, view.partition) }
  }

  /** Before there is a pipeline. */
  get #nothingHeld(): Holds {
    return {
      ...{ breaker: { state: 'closed' }, apps: [], misconfigured: undefined, pace: undefined, brakes: [] },
      inFlightLimit: this.#config.delivery.maxInFlight,
    }
  }
}

function byPlace(a: PartitionFacts, b: PartitionFacts): number {
  return a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1
}
