import type { Fate, ShopEvent } from './events.ts'
import { FIRST_EVENT_S } from './payloads.ts'

/** An accepted hit, as the stand-in tracker kept it. */
export interface Accepted {
  readonly request: number
  readonly params: Readonly<Record<string, unknown>>
}

/** A record of a retry or dead-letter topic, by where it first stood. */
export interface SideRecord {
  readonly headers: Readonly<Record<string, string>>
}

export interface Findings {
  readonly produced: number
  readonly accepted: number
  readonly eventsPerRequest: number
  readonly skipped: number
  readonly parked: number
  readonly deadLetters: Readonly<Record<string, number>>
  /** In no place where a person could find them. */
  readonly lost: number
  readonly sentTwice: number
  /** Accepted after a later one of the same topic, partition and key. */
  readonly outOfOrder: number
  /** Ended elsewhere than such an event must. */
  readonly astray: number
}

export interface Evidence {
  /** In the order of production. */
  readonly events: readonly Omit<ShopEvent, 'value'>[]
  readonly accepted: readonly Accepted[]
  readonly parked: readonly SideRecord[]
  readonly deadLetters: readonly SideRecord[]
  /** What the topics are called here, in front of the shop's own names. */
  readonly prefix: string
}

/** What became of every event, from what the tracker and the topics hold; the service's own counts are not asked. */
export function findingsOf({ events, accepted, parked, deadLetters, prefix }: Evidence): Findings {
  const placeOf = placesOf(events, prefix)
  const acceptedTimes = new Map<number, number>()
  for (const { params } of accepted) {
    const number = Number(params.eventTimestamp) - FIRST_EVENT_S
    acceptedTimes.set(number, (acceptedTimes.get(number) ?? 0) + 1)
  }
  const dead = new Set(deadLetters.map(originOf))
  const waiting = new Set(parked.map(originOf))
  const counts = { skipped: 0, lost: 0, sentTwice: 0, astray: 0 }
  for (const event of events) {
    const place = placeOf.get(event.number) as string
    const times = acceptedTimes.get(event.number) ?? 0
    if (times > 1) counts.sentTwice += 1
    const fate: Fate | 'parked' | undefined =
      times > 0 ? 'accepted' : dead.has(place) ? 'dead-letter' : waiting.has(place) ? 'parked' : undefined
    if (fate === undefined && event.fate === 'skipped') counts.skipped += 1
    else if (fate === undefined) counts.lost += 1
    else if (fate !== event.fate && fate !== 'parked') counts.astray += 1
  }
  return {
    ...counts,
    produced: events.length,
    accepted: accepted.length,
    eventsPerRequest: accepted.length / Math.max(1, new Set(accepted.map(({ request }) => request)).size),
    parked: parked.length,
    deadLetters: countBy(deadLetters.map(({ headers }) => headers['mts-reason'] ?? 'no reason')),
    outOfOrder: countOutOfOrder(events, accepted),
  }
}

/** Where each event stands: the topics are new, so an event's offset is its turn in its partition. */
function placesOf(events: Evidence['events'], prefix: string): Map<number, string> {
  const ends = new Map<string, number>()
  return new Map(
    events.map(({ number, topic, partition }) => {
      const name = `${prefix}${topic}/${partition}`
      const offset = ends.get(name) ?? 0
      ends.set(name, offset + 1)
      return [number, `${name}@${offset}`]
    }),
  )
}

function originOf({ headers }: SideRecord): string {
  return `${headers['mts-origin-topic']}/${headers['mts-origin-partition']}@${headers['mts-origin-offset']}`
}

function countOutOfOrder(events: Evidence['events'], accepted: readonly Accepted[]): number {
  const byNumber = new Map(events.map((event) => [event.number, event]))
  const newest = new Map<string, number>()
  let late = 0
  for (const { params } of accepted) {
    const number = Number(params.eventTimestamp) - FIRST_EVENT_S
    const event = byNumber.get(number)
    const name = `${event?.topic} ${event?.key}`
    if (number < (newest.get(name) ?? -1)) late += 1
    else newest.set(name, number)
  }
  return late
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

export function isGood({ lost, sentTwice, outOfOrder, astray }: Findings): boolean {
  return lost + sentTwice + outOfOrder + astray === 0
}

/** The verdict for a person. */
export function describe(findings: Findings): string {
  const { deadLetters, eventsPerRequest } = findings
  const reasons = Object.entries(deadLetters).map(([reason, count]) => `${count} ${reason}`)
  const dead = Object.values(deadLetters).reduce((sum, count) => sum + count, 0)
  const rows: readonly (readonly [string, number, string])[] = [
    ['produced', findings.produced, ''],
    ['accepted', findings.accepted, `by the stand-in tracker, ${eventsPerRequest.toFixed(1)} events a request`],
    ['skipped', findings.skipped, 'by a rule of the mapping, or without a value'],
    ['parked', findings.parked, 'on the retry topic'],
    ['dead letters', dead, reasons.join(', ')],
    ['lost', findings.lost, ''],
    ['sent twice', findings.sentTwice, ''],
    ['out of order', findings.outOfOrder, 'within a key'],
    ...(findings.astray === 0 ? [] : [['astray', findings.astray, 'ended elsewhere than they must'] as const]),
  ]
  const lines = rows.map(([name, count, remark]) =>
    `  ${name.padEnd(14)}${count.toLocaleString('en').padStart(9)}   ${remark}`.trimEnd(),
  )
  const sentence = isGood(findings)
    ? `Nothing was lost and nothing was sent twice: each of the ${findings.produced.toLocaleString('en')} events reached the tracker, or is where you can find it.`
    : 'Something went wrong: see the numbers above.'
  return `${lines.join('\n')}\n\n${sentence}\n`
}
