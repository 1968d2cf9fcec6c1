import type { HeldBack } from '../core/held-back.ts'
import type { Route } from '../core/hit.ts'
import type { Answer, Reason, SkipReason } from '../core/outcome.ts'
import { reasons, skipReasons } from '../core/outcome.ts'
import type { SourceRecord } from '../core/record.ts'
import { answerLines } from './answer-lines.ts'
import { Failures } from './failures.ts'
import type { Delivered, Exited, Place } from './happenings.ts'
import { noCounts, rebuildReasons } from './happenings.ts'
import { heldLines } from './held-lines.ts'
import type { Log } from './log.ts'
import { Metrics } from './metrics.ts'
import { missedLine } from './missed-line.ts'
import { Requests } from './requests.ts'
import { Sampler } from './sampler.ts'
import { Troubles } from './troubles.ts'

/** One method per happening: it counts, and says in the log what belongs there. */
export class Probe {
  readonly counts = noCounts()
  readonly metrics = new Metrics()
  readonly failures = new Failures()
  readonly troubles: Troubles
  readonly requests = new Requests(this.metrics)
  readonly #log: Log
  readonly #now: () => number
  readonly #sampler: Sampler
  readonly #dropped: Record<string, number> = {}
  readonly #latency = this.metrics.histogram('record_latency_seconds')
  readonly #tierAfter: (topic: string, reason: Reason) => string

  /** `tierAfter`: the name of the tier that a record of `topic` is parked on for that reason. */
  constructor(log: Log, now: () => number = Date.now, tierAfter: (topic: string, reason: Reason) => string = () => 'none') {
    this.#log = log
    this.#tierAfter = tierAfter
    this.#now = now
    this.#sampler = new Sampler(now)
    this.troubles = new Troubles(now)
    // Of a series that begins with its first happening, Prometheus does not see that one happening.
    for (const reason of reasons) this.metrics.add('records_dead_lettered_total', { reason }, 0)
    for (const reason of rebuildReasons) this.metrics.add('consumer_rebuilds_total', { reason }, 0)
    for (const result of ['ok', 'failed']) this.metrics.add('offset_commits_total', { result }, 0)
  }

  /** The counters that move with single records, for who reads the metrics. */
  settle(): void {
    const skipped = skipReasons.map((reason) => ({ labels: { reason }, value: this.counts.skipped[reason] ?? 0 }))
    this.metrics.total('records_skipped_total', skipped)
    const dropped = Object.entries(this.#dropped).map(([param, value]) => ({ labels: { param }, value }))
    this.metrics.total('params_dropped_total', dropped)
  }

  // --- the service ---

  /** What is missed of these topics is counted from 0 on: in a series that begins with it nobody would see an increase. */
  reads(topics: readonly string[]): void {
    for (const topic of topics) this.metrics.add('records_missed_total', { topic }, 0)
  }

  starting(facts: {
    version: string
    groupId: string
    endpoint: string
    /** Without its credentials; absent where there is none. */
    proxy?: string | undefined
    apps: readonly { name: string; idApp: number }[]
    topics: readonly string[]
  }): void {
    this.#log.info(facts, 'mytracker-sink is starting')
  }

  serving(url: string): void {
    this.#log.info({ url }, 'the status page, health and metrics are served')
  }

  /** Once for each change of the state. */
  stateChanged(state: string, verdict: string, isBad: boolean): void {
    this.#log[isBad ? 'warn' : 'info']({ state, verdict }, 'the state has changed')
  }

  assigned(groupId: string, partitions: readonly Place[]): void {
    this.metrics.add('rebalances_total', {})
    this.#log.info(
      { groupId, partitions: partitions.map(({ topic, partition }) => `${topic}-${partition}`) },
      'the group was joined',
    )
  }

  /** `from`: the offset that was to be read next, negative where the group had lost its place; `to`: the log's first, where reading goes on. */
  recordsMissed({ from, to, ...place }: Place & { from: number; to: number }): void {
    // Where the log is another one or the place is lost, nobody knows how many.
    const missed = from < 0 ? 0 : Math.max(0, to - from)
    this.counts.missed += missed
    this.metrics.add('records_missed_total', { topic: place.topic }, missed)
    this.#log.error({ ...place, from, to, missed }, missedLine(from, missed))
  }

  metadataIgnored(place: Place): void {
    this.#sampled(
      'warn',
      'metadata',
      place,
      "a commit's metadata is not ours or is damaged and was ignored; what was done behind it is sent again",
    )
  }

  metadataCut(place: Place): void {
    this.#sampled(
      'warn',
      'metadata cut',
      place,
      'too many records are open between done ones to note them all with the commit; after a crash, some that are done are sent again',
    )
  }

  rejoining(groupId: string): void {
    this.#log.info({ groupId }, 'the group is being joined')
  }

  rebuilding({ groupId, reason, error }: { groupId: string; reason: (typeof rebuildReasons)[number]; error: unknown }): void {
    this.metrics.add('consumer_rebuilds_total', { reason })
    const fields = { groupId, reason, error: messageOf(error) }
    this.#sampled('warn', `rebuild ${groupId} ${reason}`, fields, 'the consumer is made anew and joins the group again')
  }

  tierForgotten(tier: { topic: string; records: number }): void {
    this.#log.warn(tier, 'a retry topic holds records, but retry.tiers no longer names it: nobody reads them until it does again')
  }

  draining(open: number): void {
    this.#log.info({ open }, 'draining: only what is under way is waited for')
  }

  drained(facts: { clean: boolean; open: number }): void {
    if (facts.clean) this.#log.info({ ...facts, counts: this.counts }, 'drained; what is open stays uncommitted')
    else this.#log.error({ ...facts, counts: this.counts }, 'the drain ran out of time; what was in flight may be sent twice')
  }

  failed(error: unknown): void {
    this.#log.error({ error: messageOf(error) }, 'the consumer has ended; the process must be started again')
  }

  kafkaSaid(level: 'error' | 'warn' | 'debug', message: string, fields: Readonly<Record<string, unknown>>): void {
    const { stack: _stack, ...rest } = fields
    // kafkajs calls each of its own retries an error; none of them needs a person.
    this.#sampled(level === 'debug' ? 'debug' : 'warn', `kafka ${message}`, { ...rest, kafka: message }, 'the Kafka client says')
  }

  /** Each change of the files, and where what stands there now is of no use, why. */
  readonly certificates = {
    renewed: (event: { files: string }): void => this.#log.info(event, 'renewed certificates are used from now on'),
    kept: (event: { files: string; why: string }): void =>
      this.#log.warn(event, 'renewed certificates cannot be used: those of before stay in use'),
  }

  // --- schemas and mappings ---

  schemaLoaded({ id, name }: { id: number; name: string }): void {
    this.troubles.ended('registry')
    this.#log.info({ schemaId: id, record: name }, 'a schema was loaded')
  }

  registryFailed(id: number, error: unknown): void {
    this.troubles.began('registry', '', messageOf(error))
    this.#sampled(
      'warn',
      'registry',
      { schemaId: id, error: messageOf(error) },
      'the schema registry does not answer; records that need it wait',
    )
  }

  mappingProblems(record: string, topic: string, problems: readonly string[]): void {
    for (const problem of problems) this.#log.warn({ record, topic, problem }, 'a mapping does not fit its schema')
  }

  paramsDropped(params: readonly string[]): void {
    for (const param of params) {
      this.#dropped[param] = (this.#dropped[param] ?? 0) + 1
      this.#sampled('warn', `param ${param}`, { param }, 'a parameter broke a rule of the tracker and was left out')
    }
  }

  // --- the pipeline ---

  consumed(topic: string, records: number): void {
    this.counts.consumed += records
    this.metrics.add('records_consumed_total', { topic }, records)
  }

  retried(topic: string, records: number): void {
    this.counts.retried += records
    this.metrics.add('records_consumed_total', { topic }, records)
  }

  skipped(reason: SkipReason): void {
    this.counts.skipped[reason] = (this.counts.skipped[reason] ?? 0) + 1
  }

  answered({ route, hits, answer }: { route: Route; hits: readonly Delivered[]; answer: Answer; durationMs: number }): void {
    this.counts.requests += 1
    if (answer.kind === 'delivered') {
      this.#delivered(route, hits)
      return
    }
    this.counts.failedRequests += 1
    const isElsewhere = answer.kind === 'halt' && answer.reason === 'misconfigured'
    if (answer.kind === 'retry') this.troubles.began('tracker', '', answer.detail)
    else if (isElsewhere) this.troubles.began('misconfigured', `${route.app} ${route.method}`, answer.detail)
    // One that is refused in earnest is one that was heard.
    else if (answer.kind === 'reject') this.troubles.ended('tracker')
    const reason = 'reason' in answer ? { reason: answer.reason } : {}
    const fields = { app: route.app, method: route.method, events: hits.length, ...reason, detail: answer.detail }
    const { level, message } = answerLines[answer.kind]
    this.#sampled(level, `${answer.kind} ${route.app} ${answer.detail}`, fields, message)
  }

  #delivered(route: Route, hits: readonly Delivered[]): void {
    this.counts.delivered += hits.length
    this.metrics.add('records_delivered_total', { app: route.app, method: route.method }, hits.length)
    const now = this.#now()
    for (const { record } of hits) {
      this.#latency.observe(Math.max(0, now - (record.history?.origin ?? record).timestamp) / 1_000)
    }
    this.troubles.ended('tracker')
    this.troubles.ended('misconfigured', `${route.app} ${route.method}`)
  }

  /** Once for each thing that begins to be held back. */
  held({ why, name, detail }: HeldBack & { detail: string }): void {
    const { level, begins } = heldLines[why]
    this.#sampled(level, `held ${why} ${name}`, { ...(name === '' ? {} : { name }), detail }, begins)
  }

  released({ why, name }: HeldBack): void {
    this.#sampled('info', `released ${why} ${name}`, name === '' ? {} : { name }, heldLines[why].ends)
  }

  exited(exits: readonly Exited[]): void {
    const at = this.#now()
    const [first] = exits
    if (first !== undefined) this.troubles.ended('side-topic', `${first.record.topic}/${first.record.partition}`)
    this.failures.add(exits.slice(-50).map(({ record, reason, detail }) => ({ at, ...originOf(record), reason, detail })))
    for (const { to, reason, record, detail } of exits) {
      if (to === 'tier') this.metrics.add('records_parked_total', { tier: this.#tierAfter(record.topic, reason), reason })
      else this.metrics.add('records_dead_lettered_total', { reason })
      const counts = to === 'tier' ? this.counts.parked : this.counts.deadLettered
      counts[reason] = (counts[reason] ?? 0) + 1
      const { topic, partition, offset } = record
      const said = to === 'tier' ? 'a record was parked' : 'a record became a dead letter'
      this.#sampled('warn', `${to} ${reason} ${topic}`, { topic, partition, offset, reason, detail }, said)
    }
  }

  exitFailed({ error, ...place }: Place & { waiting: number; error: unknown }): void {
    this.troubles.began('side-topic', `${place.topic}/${place.partition}`, messageOf(error))
    this.#sampled(
      'error',
      `exit ${place.topic}`,
      { ...place, error: messageOf(error) },
      'a retry or dead-letter topic cannot be written; nothing is committed past its records',
    )
  }

  committed(_points: readonly unknown[] = [], durationMs = 0): void {
    this.#sampler.forget('commit')
    this.troubles.ended('commit')
    this.metrics.add('offset_commits_total', { result: 'ok' })
    this.metrics.histogram('commit_duration_seconds').observe(durationMs / 1_000)
  }

  commitFailed(error: unknown): void {
    this.troubles.began('commit', '', messageOf(error))
    this.metrics.add('offset_commits_total', { result: 'failed' })
    this.#sampled('warn', 'commit', { error: messageOf(error) }, 'a commit failed and is tried again')
  }

  #sampled(level: 'debug' | 'info' | 'warn' | 'error', key: string, fields: object, message: string): void {
    const repeated = this.#sampler.take(key)
    if (repeated !== undefined) this.#log[level](repeated === 0 ? fields : { ...fields, repeated }, message)
  }
}

function originOf(record: SourceRecord): { topic: string; partition: number; offset: number } {
  const { topic, partition, offset } = record.history?.origin ?? record
  return { topic, partition, offset }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
