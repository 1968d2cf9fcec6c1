import type { Clock } from '../core/clock.ts'
import type { ResumePoint } from '../core/offset-runs.ts'
import type { SourceRecord } from '../core/record.ts'
import type { BatchLimits } from './batcher.ts'
import type { Brake } from './brake.ts'
import type { Door } from './gate.ts'
import type { PipelineProbe, Preparer, Sender, SideExit, Source } from './ports.ts'
import type { InPlaceRetry } from './retry-policy.ts'
import type { WindowBytes } from './window-bytes.ts'

export interface LaneLimits {
  readonly batch: BatchLimits
  readonly retry: InPlaceRetry
  /** Milliseconds from a record's first failure until it is parked no more. */
  readonly giveUpMs: number
  /** `key`: see KeyOrder. `none`: whatever is ready goes. */
  readonly ordering: 'key' | 'none'
  /** Batches between their first sending and the end of their last part. */
  readonly maxInFlight: number
  /** Records without an outcome. */
  readonly windowEvents: number
}

/** What all lanes of a process share. */
export interface LaneContext {
  readonly limits: LaneLimits
  /**
   * When a record that was fetched at `fetchedAt` may be sent, both epoch ms. Records of a partition are due in order, so the lane waits
   * for the oldest. Undefined: all are due.
   */
  readonly dueAt?: (record: SourceRecord, fetchedAt: number) => number
  readonly preparer: Preparer
  readonly sender: Sender
  readonly sideExit: SideExit
  readonly source: Source
  readonly probe: PipelineProbe
  readonly clock: Clock
  readonly random: () => number
  /** What every request goes through. */
  readonly door: Door
  /** Undefined: too many dead letters are no reason to hold. */
  readonly brake: Brake | undefined
  readonly windowBytes: WindowBytes
}

/** A partition, and what a predecessor of its lane had done of it already. */
export interface LaneStart {
  readonly topic: string
  readonly partition: number
  readonly resume: ResumePoint | undefined
  /** See Assigned. */
  readonly isSameLog?: boolean
}
