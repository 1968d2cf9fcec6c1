/** What the pipeline needs of the world. Adapters satisfy these structurally; the pipeline knows no Kafka, no HTTP, no Avro. */
import type { HeldBack } from '../core/held-back.ts'
import type { Hit, Route } from '../core/hit.ts'
import type { ResumePoint } from '../core/offset-runs.ts'
import type { Answer, Reason, Reject, Skip, SkipReason } from '../core/outcome.ts'
import type { SourceRecord } from '../core/record.ts'

/** The record cannot be judged yet (its schema is on the way): ask again once `ready` resolves. It never rejects. */
export interface Wait {
  readonly kind: 'wait'
  readonly ready: Promise<void>
}

/** Turns a record into a hit: decode, map, validate, serialise. Synchronous, because a promise per record is what costs most. */
export interface Preparer {
  prepare(record: SourceRecord): Hit | Skip | Reject | Wait
}

/** One request. Network trouble is an answer; a rejected promise is a bug and holds the batch. */
export interface Sender {
  send(route: Route, hits: readonly Hit[]): Promise<Answer>
}

/** A record that leaves the pipeline by the side: to a retry tier or to the dead letters. */
export interface Exit {
  readonly record: SourceRecord
  readonly to: 'tier' | 'dead-letter'
  readonly reason: Reason
  readonly detail: string
  /** How many deliveries of it have failed. */
  readonly attempt: number
  /** Epoch ms of the last failure, from which a tier's delay counts, and of the first. */
  readonly failedAt: number
  readonly firstFailedAt: number
}

export interface SideExit {
  /**
   * Resolves with the exits as they were written, once all in-sync replicas have acknowledged them: what a topic refuses for its size may go
   * another way. Undefined stands for one that may not be written, and is to be handed in again. Rejects where that is true of all.
   */
  write(exits: readonly Exit[]): Promise<readonly (Exit | undefined)[]>
}

/** Where a restart of a partition goes on. */
export interface CommitPoint extends ResumePoint {
  readonly topic: string
  readonly partition: number
}

export interface Source {
  pause(topic: string, partition: number): void
  resume(topic: string, partition: number): void
  /** Reading goes on from there. */
  seek(topic: string, partition: number, offset: number): void
  /** Returns those that count as committed: of a topic that is gone none does. */
  commit(points: readonly CommitPoint[]): Promise<readonly CommitPoint[]>
}

/** A member of a consumer group. */
export interface Member extends Source {
  /** Resolves once the group is joined. */
  start(): Promise<void>
  /** Leaves the group; nothing is handed over or committed any more. */
  stop(): Promise<void>
}

export interface Fetched {
  readonly topic: string
  readonly partition: number
  readonly records: readonly SourceRecord[]
  /** The offset after the fetch; offsets between the last record and this one hold none. */
  readonly upTo: number
}

/** A partition that was dealt to this member. */
export interface Assigned {
  readonly topic: string
  readonly partition: number
  /** What is committed for it. */
  readonly resume: ResumePoint
  /** Whether what was read of the partition before stands in the log that it has now. */
  readonly isSameLog: boolean
}

/** A lane as it can be seen from outside; times are epoch ms. */
export interface LaneView {
  readonly topic: string
  readonly partition: number
  /** The offset that is known to be committed. */
  readonly committed: number | undefined
  /** Records without an outcome. */
  readonly open: number
  /** The oldest record that was fetched and has no outcome: its own timestamp, and since when it is here. */
  readonly oldest: { readonly timestamp: number; readonly since: number } | undefined
  /** It waits for a schema. */
  readonly awaitsSchemaSince: number | undefined
  /** Records of apps that the tracker refuses. */
  readonly blocked: number
}

/** What a member tells. */
export interface FlowHandlers {
  /**
   * Partitions are about to be dealt out anew. Until `assigned`, what is handed over must be refused. The join waits for the promise: what
   * is under way should end within that time, and be committed.
   */
  revoking(withinMs: number): Promise<void>
  assigned(partitions: readonly Assigned[]): void
  /** False: not taken over; it will come again. */
  fetched(fetched: Fetched): boolean
}

/** One call per happening, per batch rather than per record. */
export interface PipelineProbe {
  skipped(reason: SkipReason, record: SourceRecord): void
  answered(event: { route: Route; hits: readonly { readonly record: SourceRecord }[]; answer: Answer; durationMs: number }): void
  exited(exits: readonly Exit[]): void
  exitFailed(event: { topic: string; partition: number; waiting: number; error: unknown }): void
  committed(points: readonly CommitPoint[], durationMs: number): void
  held(what: HeldBack & { readonly detail: string }): void
  released(what: HeldBack): void
  commitFailed(error: unknown): void
}
