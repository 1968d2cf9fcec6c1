import type { Filter } from './filter.ts'
import { matches } from './filter.ts'
import type { DeadLetter, Source } from './ports.ts'
import { Tally } from './tally.ts'

export interface SurveyOptions {
  readonly source: Source
  readonly filter: Filter
  /** Records that are shown; all that match are counted. */
  readonly limit: number
  /** Asked once for each record that is shown, one after the other. */
  readonly show: (letter: DeadLetter) => Promise<void> | void
  readonly signal: AbortSignal
}

/** Reads, shows the first records that match, and counts the others. Nothing is kept. */
export async function survey({ source, filter, limit, show, signal }: SurveyOptions): Promise<Tally> {
  const tally = new Tally()
  await source.read(async ({ letters }) => {
    for (const letter of letters) {
      if (signal.aborted) return false
      if (!matches(filter, letter)) continue
      tally.add(letter)
      if (tally.total <= limit) await show(letter)
    }
    return !signal.aborted
  })
  return tally
}
