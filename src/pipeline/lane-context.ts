import type { Clock } from '../core/clock.ts'
import type { ResumePoint } from '../core/offset-runs.ts'
import type { BatchLimits } from './batcher.ts'
import type { Permits, WindowBytes } from './limits.ts'
import type { PipelineProbe, Preparer, Sender, SideExit, Source } from './ports.ts'
import type { InPlaceRetry } from './retry-policy.ts'

export interface LaneLimits {
  readonly batch: BatchLimits
  readonly retry: InPlaceRetry
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
  readonly preparer: Preparer
  readonly sender: Sender
  readonly sideExit: SideExit
  readonly source: Source
  readonly probe: PipelineProbe
  readonly clock: Clock
  readonly random: () => number
  readonly permits: Permits
  readonly windowBytes: WindowBytes
}

/** A partition, and what a predecessor of its lane had done of it already. */
export interface LaneStart {
  readonly topic: string
  readonly partition: number
  readonly resume: ResumePoint | undefined
}
