import type { PartitionFacts, Snapshot } from '../../src/ops/snapshot.ts'

export const NOW = Date.UTC(2026, 0, 2, 12, 0, 0)
/** Five minutes before. */
export const SINCE = NOW - 300_000

export const partition = (facts: Partial<PartitionFacts> = {}): PartitionFacts => ({
  ...{ topic: 'shop.orders', partition: 0, committed: 100, end: 100, open: 0, oldest: undefined, awaitsSchemaSince: undefined },
  blocked: 0,
  ...facts,
})

/** With records that wait: 1,234 of them, the oldest ten minutes old and here for five. */
export const waiting = (facts: Partial<PartitionFacts> = {}): PartitionFacts =>
  partition({ end: 1_334, open: 50, oldest: { timestamp: NOW - 600_000, since: SINCE }, ...facts })

/** All is well and nothing is to be done, but for `changes`. */
export const snapshot = (changes: Partial<Snapshot> = {}): Snapshot => ({
  ...{ now: NOW, version: '1.2.3', groupId: 'sink', phase: 'running' },
  counts: { consumed: 1, delivered: 1, skipped: {}, parked: {}, deadLettered: {}, missed: 0, retried: 0, requests: 1 },
  partitions: [partition()],
  tiers: [],
  apps: [
    { name: 'android', idApp: 1 },
    { name: 'web', idApp: 2 },
  ],
  tracker: { inFlight: 3, p50Ms: 12.34, p99Ms: undefined, answers: { 200: 4 } },
  holds: {
    ...{ breaker: { state: 'closed' }, apps: [], misconfigured: undefined, pace: undefined, brakes: [] },
    inFlightLimit: 64,
  },
  ...{ troubles: [], brokersSilent: undefined, laggingSince: undefined, failures: [], retentionMs: new Map() },
  ...changes,
})
