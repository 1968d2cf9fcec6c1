import type { LaneContext } from './lane-context.ts'

/**
 * When a parked record may be sent: at the time that its header names. Anybody may have written that, and clocks differ, so it is
 * never later than the tier's delay after the record was read.
 */
export function notBefore(delaysMs: ReadonlyMap<string, number>): NonNullable<LaneContext['dueAt']> {
  return ({ history, topic }, fetchedAt) => Math.min(history?.notBefore ?? 0, fetchedAt + (delaysMs.get(topic) ?? 0))
}
