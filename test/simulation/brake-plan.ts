import type { BrakeRules } from './braking.ts'
import type { Dice, Fate, Planned, Source } from './schedule.ts'

/** What the operator does about a topic that is held: begins all anew as they are, with a mapping that is mended, or without the brake. */
export type Cure = 'again' | 'mend' | 'release'

export interface BrakePlan {
  readonly rules: BrakeRules
  /** One after the other, when nothing goes on any more but for what is held; the last one is followed by `release`. */
  readonly cures: readonly Cure[]
  /** Milliseconds from then until the operator has come, and from one process to the next. */
  readonly afterMs: number
  readonly apartMs: number
  /** How each process ends. */
  readonly how: 'kill' | 'drain'
  /** The mapping is mended at that time, milliseconds from the start, whatever is held. */
  readonly mendedAt: number | undefined
}

export function brakePlanOf(dice: Dice, spanMs: number): BrakePlan {
  return {
    rules: { share: dice.of(0.1, 0.5, 0.8), back: dice.of(10, 40), least: dice.between(2, 10) },
    cures: dice.of<readonly Cure[]>(['mend'], ['mend'], ['again', 'mend'], ['release'], ['again', 'release']),
    afterMs: dice.of(0, 1_000, 10_000),
    apartMs: dice.of(0, 700, 3_000),
    how: dice.of('drain', 'drain', 'kill'),
    mendedAt: dice.of(undefined, undefined, undefined, dice.between(1, spanMs + 4_000)),
  }
}

/** From some place on, records of one topic or of all turn bad: by the mapping, by what the tracker thinks of their hits, or by themselves. */
export function turnedBad(sources: readonly Source[], dice: Dice): readonly Source[] {
  const [from, share] = [dice.of(0, 0.3, 0.7), dice.of(0.4, 0.9, 1)]
  const fate = dice.of<Fate>('mistyped', 'mistyped', 'mistyped', 'mistold', 'malformed')
  const topic = dice.of(undefined, ...sources.map((source) => source.topic))
  const turn = (planned: Planned, index: number, all: readonly Planned[]): Planned =>
    index >= from * all.length && dice.chance(share) ? { ...planned, fate } : planned
  return sources.map((source) =>
    topic === undefined || topic === source.topic
      ? { ...source, records: source.records.map((planned) => planned.map(turn)) }
      : source,
  )
}
