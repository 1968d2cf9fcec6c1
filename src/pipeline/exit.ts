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
 * Adds the record's history to what this pass knows. A record that has failed for `giveUpMs` is parked no more. A first failure in the
 * future is somebody's wrong clock, and must not keep the record on the tiers for ever.
 */
export function exitOf(record: SourceRecord, leave: Leave, { now, giveUpMs }: { now: number; giveUpMs: number }): Exit {
  const { history } = record
  const { to, reason, detail } = leave
  const firstFailedAt = Math.min(history?.firstFailedAt ?? leave.firstFailedAt ?? now, now)
  const exit = { record, reason, attempt: (history?.attempt ?? 0) + leave.attempt, failedAt: now, firstFailedAt }
  if (to === 'tier' && now - firstFailedAt >= giveUpMs) {
    const seconds = Math.floor((now - firstFailedAt) / 1_000)
    return { ...exit, to: 'dead-letter', detail: `given up ${seconds} s after the first failure; the last one: ${detail}` }
  }
  return { ...exit, to, detail }
}
