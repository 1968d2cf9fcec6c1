import type { Route } from '../../src/core/hit.ts'
import type { PipelineOptions } from '../../src/pipeline/pipeline.ts'
import { randomOf } from '../support/seeded-random.ts'
import type { BrakePlan } from './brake-plan.ts'
import { brakePlanOf, turnedBad } from './brake-plan.ts'

export const routes: readonly Route[] = [
  { app: 'shop', method: 'registration' },
  { app: 'shop', method: 'login' },
  { app: 'game', method: 'login' },
]

/**
 * What shall happen to a record. The tracker refuses what is `refused` (400) or `oversized` (413) and fails at what is `doomed` (500). Until
 * the mapping is mended, no hit comes of what is `mistyped`, and the tracker refuses that of what is `mistold`.
 */
export type Fate = 'good' | 'refused' | 'oversized' | 'doomed' | 'skip' | 'malformed' | 'late-schema' | 'mistyped' | 'mistold'

export interface Planned {
  readonly fate: Fate
  readonly key: string | null
  /** Index of its route. */
  readonly route: number
  /** Characters that the hit gains, and bytes that the value does. */
  readonly bulk: number
  /** Offsets left out before it. */
  readonly gap: number
  /** Milliseconds from the start until it is produced. */
  readonly at: number
}

export interface Source {
  readonly topic: string
  /** By partition. */
  readonly records: readonly (readonly Planned[])[]
}

export interface Restart {
  /** Milliseconds from the start. */
  readonly at: number
  /**
   * `join`: one more begins; `leave`: one of several is drained; `kill` and `drain`: one ends, and another begins in its place;
   * `lose`: the sessions of one end while it goes on; `spoil`: metadata that is not ours gets into the commits;
   * `expire`: what lies before some offset of each source partition can be read no more.
   */
  readonly how: 'kill' | 'drain' | 'join' | 'leave' | 'lose' | 'spoil' | 'expire'
}

/** The tracker as a whole fails, or refuses an app, from one time to another, milliseconds from the start. */
export interface Outage {
  readonly what: 'down' | 'misconfigured' | 'shop' | 'game'
  readonly from: number
  readonly to: number
}

/** Everything that a run is made of; the rest follows from the seed. */
export interface Schedule {
  readonly seed: number
  readonly sources: readonly Source[]
  readonly restarts: readonly Restart[]
  readonly limits: {
    readonly maxEvents: number
    readonly maxBytes: number
    readonly lingerMs: number
    readonly attempts: number
    readonly giveUpMs: number
    readonly ordering: 'key' | 'none'
    readonly maxInFlightPerPartition: number
    readonly windowEvents: number
    readonly windowBytes: number
  }
  readonly gate: PipelineOptions['gate']
  readonly outages: readonly Outage[]
  readonly tierDelaysMs: readonly number[]
  readonly tierPartitions: number
  /** `max.message.bytes` of the retry and dead-letter topics. */
  readonly sideBytesMax: number
  /** In [0, 1], until `endMs` from the start. */
  readonly faults: { readonly tracker: number; readonly send: number; readonly commit: number; readonly endMs: number }
  /** Undefined: the brake is off. */
  readonly brake: BrakePlan | undefined
}

export class Dice {
  readonly random: () => number

  constructor(seed: number) {
    this.random = randomOf(seed)
  }

  between(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1))
  }

  of<T>(...choices: readonly T[]): T {
    return choices[this.between(0, choices.length - 1)] as T
  }

  chance(share: number): boolean {
    return this.random() < share
  }
}

/** Of so many schedules. */
const BRAKED_SHARE = 0.1

export function scheduleOf(seed: number): Schedule {
  const dice = new Dice(seed)
  const partitions = dice.between(1, 3)
  const spanMs = dice.of(0, 500, 8_000)
  const planned = plannedOf(dice, spanMs)
  const isCalm = dice.chance(0.3)
  const rate = (): number => (isCalm ? 0 : dice.of(0, 0.1, 0.4, 0.8))
  const sourceOf = (topic: string, partitions: number, most: number): Source => ({
    topic,
    records: Array.from({ length: partitions }, () =>
      Array.from({ length: dice.between(0, most) }, planned).toSorted((a, b) => a.at - b.at),
    ),
  })
  const schedule = {
    seed,
    sources: [sourceOf('orders', partitions, 70)],
    restarts: restartsOf(dice, spanMs),
    ...limitsOf(dice),
    outages: outagesOf(dice, spanMs),
    tierDelaysMs: dice.of([1_000], [500, 4_000], [1_000, 3_000, 9_000]),
    tierPartitions: dice.between(1, 3),
    sideBytesMax: dice.of(700, 1_000_000, 1_000_000),
    faults: { tracker: rate(), send: rate(), commit: rate(), endMs: dice.of(1_000, 10_000, 60_000) },
  }
  if (!dice.chance(BRAKED_SHARE)) return { ...schedule, brake: undefined }
  // One more topic, which must go on whatever is held.
  const sources = turnedBad([...schedule.sources, sourceOf('users', dice.between(1, 2), 40)], dice)
  return { ...schedule, sources, brake: brakePlanOf(dice, spanMs) }
}

function plannedOf(dice: Dice, spanMs: number): () => Planned {
  const troubled = dice.of<readonly Fate[]>([], ['refused', 'oversized', 'malformed'], ['doomed'], ['refused', 'doomed', 'skip'])
  const trouble = dice.of(0.02, 0.1, 0.4)
  return () => ({
    fate:
      troubled.length > 0 && dice.chance(trouble) ? dice.of(...troubled) : dice.of('good', 'good', 'good', 'good', 'late-schema'),
    key: dice.of(null, 'a', 'b', 'c', 'd', 'é'),
    route: dice.of(0, 0, 0, 1, 2),
    bulk: dice.of(0, 0, 0, 20, 90, 400),
    gap: dice.of(0, 0, 0, 0, 1, 5),
    at: dice.between(0, spanMs),
  })
}

function restartsOf(dice: Dice, spanMs: number): readonly Restart[] {
  const hows = dice.of<readonly Restart['how'][]>(
    ['kill'],
    ['kill', 'drain'],
    ['join', 'leave'],
    ['join', 'leave', 'drain'],
    ['kill', 'drain', 'join'],
    ['lose', 'join'],
    ['spoil', 'kill', 'join'],
    ['expire', 'spoil', 'lose', 'kill', 'join'],
  )
  return Array.from({ length: dice.of(0, 0, 1, 2, 5) }, () => ({
    at: dice.between(1, spanMs + 4_000),
    how: dice.of(...hows),
  })).toSorted((a, b) => a.at - b.at)
}

function limitsOf(dice: Dice): Pick<Schedule, 'limits' | 'gate'> {
  return {
    limits: {
      maxEvents: dice.of(1, 2, 5, 20, 20),
      maxBytes: dice.of(600, 1_500, 10_000),
      lingerMs: dice.of(0, 10, 250),
      attempts: dice.between(1, 4),
      giveUpMs: dice.of(1_000, 10_000, 40_000),
      ordering: dice.of('key', 'key', 'key', 'none'),
      maxInFlightPerPartition: dice.between(1, 4),
      windowEvents: dice.of(dice.between(1, 8), dice.between(9, 100)),
      windowBytes: dice.of(500, 5_000, 1_000_000),
    },
    gate: {
      maxInFlight: dice.of(1, 2, 4, 64),
      requestsPerSecond: dice.of(0, 0, 0, 20),
      failures: dice.of(undefined, 3, 10),
      // Much sooner than in earnest: a run would take hours of its own time.
      probes: { afterMs: dice.of(200, 1_000), maxMs: 2_000 },
    },
  }
}

function outagesOf(dice: Dice, spanMs: number): readonly Outage[] {
  return Array.from({ length: dice.of(0, 0, 1, 3) }, () => {
    const from = dice.between(0, spanMs + 2_000)
    return {
      what: dice.of<Outage['what']>('down', 'misconfigured', 'shop', 'game'),
      from,
      to: from + dice.of(100, 3_000, 20_000),
    }
  })
}
