/** What became of what was produced: pure, and blind to what the sink says of itself, but for what it skipped, which leaves no other trace. */
import type { Method } from '../core/hit.ts'
import type { SkipReason } from '../core/outcome.ts'
import type { Destiny } from './destiny.ts'

export interface ProducedEvent {
  readonly number: number
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: string
  readonly destiny: Destiny
}

/** Of one hit that the tracker accepted: its event's number, as its time tells it. */
export interface AcceptedEvent {
  readonly number: number
  readonly method: Method
}

/** Where a parked or dead record first stood, by its headers. */
export interface Origin {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface Evidence {
  /** In the order of production. */
  readonly produced: readonly ProducedEvent[]
  /** In the order of arrival. */
  readonly accepted: readonly AcceptedEvent[]
  /** As the sink counts them. */
  readonly skipped: Readonly<Partial<Record<SkipReason, number>>>
  readonly parked: readonly Origin[]
  readonly deadLetters: readonly (Origin & { readonly reason: string })[]
}

type ByReason = Readonly<Record<string, number>>

/** `accepted`, `skipped`, `parked`, `deadLetters` and `lost` add up to `produced`: each event is counted once. */
export interface Verdict {
  readonly produced: number
  readonly accepted: number
  readonly skipped: ByReason
  /** Still on its way: in a retry topic and nowhere else yet. */
  readonly parked: number
  readonly deadLetters: ByReason
  /** In none of these places. */
  readonly lost: number
  /** Accepted again, each time counted. Allowed, since delivery is at least once. */
  readonly sentTwice: number
  /** Accepted after a later event of the same topic and key, without having been parked. */
  readonly outOfOrder: number
  /** In a place where the rules do not put them. */
  readonly misplaced: number
  /** Accepted or dead-lettered, but never produced. */
  readonly unknown: number
}

interface Seen {
  times: number
  method: Method | undefined
  deadLetter: string | undefined
  parked: boolean
}

type Place = Destiny | { readonly kind: 'parked' | 'nowhere' }

export function judge(evidence: Evidence): Verdict {
  const { seen, unknown } = sightings(evidence)
  const skipsLeft: Partial<Record<SkipReason, number>> = { ...evidence.skipped }
  const skipped: Record<string, number> = {}
  const deadLetters: Record<string, number> = {}
  const totals = { accepted: 0, parked: 0, lost: 0, sentTwice: 0, misplaced: 0 }
  for (const [number, event] of indexed(evidence.produced)) {
    const sighting = seen.get(number)
    totals.sentTwice += Math.max(0, (sighting?.times ?? 0) - 1)
    const place = placeOf(event.destiny, sighting, skipsLeft)
    if (isMisplaced(event.destiny, place, sighting)) totals.misplaced++
    if (place.kind === 'accepted') totals.accepted++
    else if (place.kind === 'parked') totals.parked++
    else if (place.kind === 'dead-letter') deadLetters[place.reason] = (deadLetters[place.reason] ?? 0) + 1
    else if (place.kind === 'skipped') skipped[place.reason] = (skipped[place.reason] ?? 0) + 1
    else totals.lost++
  }
  return {
    produced: evidence.produced.length,
    ...totals,
    skipped,
    deadLetters,
    outOfOrder: outOfOrder(evidence, seen),
    unknown,
  }
}

/** Whether everything is where it belongs. Something sent twice is allowed, and so is something parked. */
export function isGood({ lost, outOfOrder, misplaced, unknown }: Verdict): boolean {
  return lost + outOfOrder + misplaced + unknown === 0
}

export function sum(byReason: ByReason): number {
  return Object.values(byReason).reduce((total, count) => total + count, 0)
}

function indexed(produced: readonly ProducedEvent[]): Map<number, ProducedEvent> {
  return new Map(produced.map((event) => [event.number, event]))
}

/** What was seen of each produced event, by number. */
function sightings({ produced, accepted, parked, deadLetters }: Evidence): { seen: Map<number, Seen>; unknown: number } {
  const seen = new Map<number, Seen>()
  const known = indexed(produced)
  const numbers = new Map(produced.map((event) => [originText(event), event.number]))
  let unknown = 0
  const of = (number: number | undefined): Seen | undefined => {
    if (number === undefined || !known.has(number)) {
      unknown++
      return undefined
    }
    const found = seen.get(number) ?? { times: 0, method: undefined, deadLetter: undefined, parked: false }
    seen.set(number, found)
    return found
  }
  for (const { number, method } of accepted) {
    const sighting = of(number)
    if (sighting === undefined) continue
    sighting.times++
    sighting.method = method
  }
  for (const letter of deadLetters) {
    const sighting = of(numbers.get(originText(letter)))
    if (sighting !== undefined) sighting.deadLetter = letter.reason
  }
  for (const origin of parked) {
    const sighting = of(numbers.get(originText(origin)))
    if (sighting !== undefined) sighting.parked = true
  }
  return { seen, unknown }
}

function originText({ topic, partition, offset }: Origin): string {
  return `${topic}-${partition}@${offset}`
}

function placeOf(destiny: Destiny, seen: Seen | undefined, skipsLeft: Partial<Record<SkipReason, number>>): Place {
  if (seen?.method !== undefined) return { kind: 'accepted', method: seen.method }
  if (seen?.deadLetter !== undefined) return { kind: 'dead-letter', reason: seen.deadLetter as never }
  if (seen?.parked) return { kind: 'parked' }
  if (destiny.kind !== 'skipped') return { kind: 'nowhere' }
  const left = skipsLeft[destiny.reason] ?? 0
  skipsLeft[destiny.reason] = left - 1
  return left > 0 ? destiny : { kind: 'nowhere' }
}

function isMisplaced(destiny: Destiny, place: Place, seen: Seen | undefined): boolean {
  if (place.kind === 'nowhere') return false
  if (place.kind === 'parked') return destiny.kind !== 'accepted'
  if (place.kind === 'accepted')
    return destiny.kind !== 'accepted' || destiny.method !== place.method || seen?.deadLetter !== undefined
  return place.kind !== destiny.kind || place.reason !== destiny.reason
}

/** Events that were first accepted after a later one of their topic and key. A parked one may be. */
function outOfOrder({ produced, accepted }: Evidence, seen: ReadonlyMap<number, Seen>): number {
  const known = indexed(produced)
  const newest = new Map<string, number>()
  const met = new Set<number>()
  let late = 0
  for (const { number } of accepted) {
    const event = known.get(number)
    if (event === undefined || met.has(number) || seen.get(number)?.parked) continue
    met.add(number)
    const line = `${event.topic} ${event.key}`
    const before = newest.get(line) ?? -1
    if (number < before) late++
    else newest.set(line, number)
  }
  return late
}
