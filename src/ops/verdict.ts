import type { Cause } from './causes.ts'
import { causesOf, count } from './causes.ts'
import type { Snapshot } from './snapshot.ts'
import { lagSecondsOf, retentionLeftOf, totalLag } from './snapshot.ts'

export type State = 'starting' | 'delivering' | 'falling-behind' | 'blocked' | 'idle' | 'rebalancing' | 'draining'

export interface Verdict {
  readonly state: State
  /** A sentence or two that a person can act on. */
  readonly verdict: string
}

export function verdictOf(snapshot: Snapshot): Verdict {
  const { phase } = snapshot
  if (phase === 'draining') return { state: 'draining', verdict: draining(snapshot) }
  const causes = causesOf(snapshot)
  const [gravest, ...others] = causes
  // Without a broker nothing is dealt out, and it does not go on in a few seconds.
  const isHeldUp = phase === 'running' || snapshot.brokersSilent !== undefined
  if (gravest !== undefined && isHeldUp) return { state: 'blocked', verdict: blocked(gravest, others, snapshot) }
  if (phase === 'starting') {
    return {
      state: 'starting',
      verdict: 'Starting: the topics are looked at and the group is being joined. Nothing is read yet.',
    }
  }
  if (phase === 'rebalancing') {
    return {
      state: 'rebalancing',
      verdict:
        'Partitions are being dealt out among the instances of the group; it goes on by itself in a few seconds. Nothing new is read meanwhile.',
    }
  }
  if (snapshot.laggingSince !== undefined) {
    return { state: 'falling-behind', verdict: fallingBehind(snapshot, snapshot.laggingSince) }
  }
  return isIdle(snapshot) ? { state: 'idle', verdict: idle(snapshot) } : { state: 'delivering', verdict: delivering(snapshot) }
}

/** Whether everything is well: what `status` ends with 0 for. */
export function isWell(state: State): boolean {
  return state === 'delivering' || state === 'idle'
}

function blocked(cause: Cause, others: readonly Cause[], snapshot: Snapshot): string {
  const { partitions } = snapshot
  const { what, since, detail, cure, meanwhile } = cause
  const said = detail === '' ? '' : ` (${detail})`
  const also = others.length === 0 ? '' : ` Besides: ${others.map((other) => other.what).join('; ')}.`
  return `${what}${sinceText(since)}${said}; ${count(totalLag(partitions), 'record is', 'records are')} not committed yet. ${cure}. ${meanwhile}.${also}${expiring(snapshot)}`
}

/** With less than this part of a topic's retention left, its records are in danger. */
const LAST_PART = 0.1

/** A sentence on records that wait and may be deleted before they are read; empty: there are none. */
function expiring({ partitions, retentionMs, now }: Snapshot): string {
  let soonest: { readonly topic: string; readonly seconds: number } | undefined
  for (const facts of partitions) {
    const kept = retentionMs.get(facts.topic)
    const seconds = retentionLeftOf(facts, kept, now)
    if (kept === undefined || seconds === undefined || seconds * 1_000 > kept * LAST_PART) continue
    if (soonest === undefined || seconds < soonest.seconds) soonest = { topic: facts.topic, seconds }
  }
  if (soonest === undefined) return ''
  return ` The oldest records of ${soonest.topic} expire in ${duration(soonest.seconds)}: raise its retention.ms, or they will be lost.`
}

function draining({ partitions, tiers, tracker }: Snapshot): string {
  const open = [...partitions, ...tiers].reduce((sum, facts) => sum + facts.open, 0)
  return `Draining: ${count(tracker.inFlight, 'request', 'requests')} under way, ${count(open, 'record', 'records')} open; what has no outcome when it ends stays uncommitted and is read again by whoever comes next.`
}

function fallingBehind(snapshot: Snapshot, since: number): string {
  const { partitions, now, holds } = snapshot
  const oldest = Math.max(0, ...partitions.map((facts) => lagSecondsOf(facts, now)))
  const pace = paced(holds)
  const cure =
    pace ??
    'Add instances (up to the number of partitions), or raise delivery.maxInFlight and kafka.maxBytesPerFetch if the tracker answers quickly'
  return `Delivering, but more comes in than goes out${sinceText(since)}: ${count(totalLag(partitions), 'record is', 'records are')} not committed yet, the oldest is ${duration(oldest)} old. ${cure}.${expiring(snapshot)}`
}

function delivering(snapshot: Snapshot): string {
  const { partitions, now, holds } = snapshot
  const oldest = Math.max(0, ...partitions.map((facts) => lagSecondsOf(facts, now)))
  const age = oldest < 1 ? '' : `, the oldest is ${duration(oldest)} old`
  const pace = paced(holds)
  const slower = pace === undefined ? '' : ` ${pace}.`
  return `Delivering: ${count(totalLag(partitions), 'record is', 'records are')} on the way${age}.${slower}${expiring(snapshot)}`
}

function paced({ pace }: Snapshot['holds']): string | undefined {
  if (pace === undefined) return undefined
  return `The tracker asks for fewer requests${sinceText(pace.since)} (${pace.detail}), so the whole service goes slower; nothing is parked or lost for that`
}

function isIdle({ partitions }: Snapshot): boolean {
  return partitions.every((facts) => facts.open === 0) && totalLag(partitions) === 0
}

function idle({ partitions, tiers }: Snapshot): string {
  if (partitions.length === 0) {
    return 'Nothing to do: this instance has no partition; there are more instances than partitions, or the others have not let go yet.'
  }
  const parked = totalLag(tiers)
  const waiting = parked === 0 ? '' : ` ${count(parked, 'parked record waits', 'parked records wait')} for another try.`
  return `Nothing to do: all that stands in the sources has its outcome and is committed.${waiting}`
}

function sinceText(since: number): string {
  return since === 0 ? '' : ` since ${new Date(since).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** `90` is `2 min`. */
function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`
}
