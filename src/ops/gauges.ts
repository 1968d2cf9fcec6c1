import type { GaugeName } from '../telemetry/metric-definitions.ts'
import type { PartitionFacts, Snapshot } from './snapshot.ts'
import { lagOf, lagSecondsOf, oldestOpenSecondsOf, retentionLeftOf } from './snapshot.ts'
import { appsOf, parkedOf } from './status.ts'

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** Every gauge with its series, as they are now. */
export function gaugesOf(snapshot: Snapshot): Readonly<Record<GaugeName, readonly Sample[]>> {
  const { now, partitions, tracker, holds, retentionMs } = snapshot
  const each = (value: (facts: PartitionFacts) => number | undefined): Sample[] =>
    partitions.flatMap((facts) => {
      const { topic, partition } = facts
      const found = value(facts)
      return found === undefined ? [] : [{ labels: { topic, partition }, value: found }]
    })
  return {
    lag_records: each(lagOf),
    lag_seconds: each((facts) => lagSecondsOf(facts, now)),
    retention_left_seconds: each((facts) => retentionLeftOf(facts, retentionMs.get(facts.topic), now)),
    parked_waiting: parkedOf(snapshot).map(({ tier, waiting }) => ({ labels: { tier }, value: waiting })),
    open_records: each(({ open }) => open),
    oldest_open_seconds: each((facts) => oldestOpenSecondsOf(facts, now)),
    in_flight_requests: alone(tracker.inFlight),
    in_flight_limit: alone(holds.inFlightLimit),
    breaker_open: alone(holds.breaker.state === 'closed' ? 0 : 1),
    app_blocked: appsOf(snapshot).map(({ name, state }) => ({ labels: { app: name }, value: state === 'blocked' ? 1 : 0 })),
    partitions_assigned: alone(partitions.length),
  }
}

const alone = (value: number): Sample[] => [{ labels: {}, value }]
