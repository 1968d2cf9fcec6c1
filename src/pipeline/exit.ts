import type { SourceRecord } from '../core/record.ts'
import type { Exit } from './ports.ts'

/** Why a record leaves by the side, as far as this pass through the pipeline knows. */
export interface Leave extends Pick<Exit, 'to' | 'reason' | 'detail'> {
  /** Deliveries that have failed in this pass. */
  readonly attempt: number
  /** Epoch ms of the first of them; undefined: none has. */
  readonly firstFailedAt: number | undefined
}

/**
 * Adds the record's history to what this pass knows. A record that has failed for `giveUpMs` is parked no more, unless it waits for an app
 * that is refused: that is no failure of its own, however long it lasts. A first failure in the future is somebody's wrong clock, and must
 * not keep the record on the tiers for ever.
 */
export function exitOf(record: SourceRecord, leave: Leave, { now, giveUpMs }: { now: number; giveUpMs: number }): Exit {
  const { attempt = 0, firstFailedAt: noted } = record.history ?? {}
  const { to, reason, detail } = leave
  // One that was parked before its first attempt had not failed yet.
  const known = attempt > 0 ? (noted ?? leave.firstFailedAt) : leave.firstFailedAt
  const firstFailedAt = Math.min(known ?? now, now)
  const exit = { record, reason, attempt: attempt + leave.attempt, failedAt: now, firstFailedAt }
  if (to === 'tier' && reason !== 'forbidden' && now - firstFailedAt >= giveUpMs) {
    const seconds = Math.floor((now - firstFailedAt) / 1_000)
    return { ...exit, to: 'dead-letter', detail: `given up ${seconds} s after the first failure; the last one: ${detail}` }
  }
  return { ...exit, to, detail }
}
