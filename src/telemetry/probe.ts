import type { Route } from '../core/hit.ts'
import type { Answer, Reason, SkipReason } from '../core/outcome.ts'
import type { SourceRecord } from '../core/record.ts'
import type { Log } from './log.ts'
import { Sampler } from './sampler.ts'

/** What has happened since the start. */
export interface Counts {
  /** Records read from the sources. */
  consumed: number
  /** Records read from the retry topics. */
  retried: number
  delivered: number
  skipped: Partial<Record<SkipReason, number>>
  parked: Partial<Record<Reason, number>>
  deadLettered: Partial<Record<Reason, number>>
  /** Requests that were not answered with a 200. */
  failedRequests: number
  requests: number
}

interface Exited {
  readonly record: SourceRecord
  readonly to: 'tier' | 'dead-letter'
  readonly reason: Reason
  readonly detail: string
}

interface Place {
  readonly topic: string
  readonly partition: number
}

/** One method per happening: it counts, and says in the log what belongs there. */
export class Probe {
  readonly counts: Counts = {
    consumed: 0,
    retried: 0,
    delivered: 0,
    skipped: {},
    parked: {},
    deadLettered: {},
    failedRequests: 0,
    requests: 0,
  }
  readonly #log: Log
  readonly #sampler: Sampler

  constructor(log: Log, now: () => number = Date.now) {
    this.#log = log
    this.#sampler = new Sampler(now)
  }

  // --- the service ---

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

  assigned(groupId: string, partitions: readonly Place[]): void {
    this.#log.info(
      { groupId, partitions: partitions.map(({ topic, partition }) => `${topic}-${partition}`) },
      'the group was joined',
    )
  }

  rejoining(groupId: string): void {
    this.#log.info({ groupId }, 'the group is being joined')
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

  // --- schemas and mappings ---

  schemaLoaded({ id, name }: { id: number; name: string }): void {
    this.#log.info({ schemaId: id, record: name }, 'a schema was loaded')
  }

  registryFailed(id: number, error: unknown): void {
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
    for (const param of params)
      this.#sampled('warn', `param ${param}`, { param }, 'a parameter broke a rule of the tracker and was left out')
  }

  // --- the pipeline ---

  consumed(records: number): void {
    this.counts.consumed += records
  }

  retried(records: number): void {
    this.counts.retried += records
  }

  skipped(reason: SkipReason): void {
    this.counts.skipped[reason] = (this.counts.skipped[reason] ?? 0) + 1
  }

  answered({ route, hits, answer }: { route: Route; hits: readonly unknown[]; answer: Answer; durationMs: number }): void {
    this.counts.requests += 1
    if (answer.kind === 'delivered') {
      this.counts.delivered += hits.length
      return
    }
    this.counts.failedRequests += 1
    const fields = { app: route.app, method: route.method, events: hits.length, detail: answer.detail }
    const key = `${answer.kind} ${route.app} ${answer.detail}`
    if (answer.kind === 'halt')
      this.#sampled('error', key, { ...fields, reason: answer.reason }, 'the tracker refuses us; records wait until it is mended')
    else if (answer.kind === 'pace') this.#sampled('warn', key, fields, 'the tracker asks for fewer requests')
    else if (answer.kind === 'retry')
      this.#sampled('warn', key, { ...fields, reason: answer.reason }, 'a request failed and is tried again')
    else
      this.#sampled(
        'warn',
        key,
        { ...fields, reason: answer.reason },
        'the tracker refused a request; its events are tried apart',
      )
  }

  exited(exits: readonly Exited[]): void {
    for (const { to, reason, record, detail } of exits) {
      const counts = to === 'tier' ? this.counts.parked : this.counts.deadLettered
      counts[reason] = (counts[reason] ?? 0) + 1
      const { topic, partition, offset } = record
      const fields = { topic, partition, offset, reason, detail }
      this.#sampled(
        'warn',
        `${to} ${reason} ${topic}`,
        fields,
        to === 'tier' ? 'a record was parked' : 'a record became a dead letter',
      )
    }
  }

  exitFailed({ error, ...place }: Place & { waiting: number; error: unknown }): void {
    this.#sampled(
      'error',
      `exit ${place.topic}`,
      { ...place, error: messageOf(error) },
      'a retry or dead-letter topic cannot be written; nothing is committed past its records',
    )
  }

  committed(): void {
    this.#sampler.forget('commit')
  }

  commitFailed(error: unknown): void {
    this.#sampled('warn', 'commit', { error: messageOf(error) }, 'a commit failed and is tried again')
  }

  #sampled(level: 'debug' | 'warn' | 'error', key: string, fields: object, message: string): void {
    const repeated = this.#sampler.take(key)
    if (repeated !== undefined) this.#log[level](repeated === 0 ? fields : { ...fields, repeated }, message)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
