import type { Stack } from '../../src/stack/stack.ts'
import type { Judgement } from './judge.ts'
import type { Scenario } from './scenario.ts'
import { Stage } from './stage.ts'

export interface Performance extends Judgement {
  /** Undefined: only reported. */
  readonly allowedTwice: number | undefined
  readonly peakRssMiB: number
  readonly seconds: number
  readonly remark: string
  /** What should not have happened, a sentence each. */
  readonly faults: readonly string[]
}

/** One run of a scenario on brokers of its own, fresh ones. Rejects where something does not happen in its time. */
export async function perform(
  scenario: Scenario,
  options: { readonly stack: Stack; readonly seed: number; readonly isShort: boolean },
): Promise<Performance> {
  const startedAt = Date.now()
  const { isShort } = options
  const stage = await Stage.set(scenario, options)
  try {
    const remark = await scenario.play(stage)
    const { failures, ...result } = await stage.finish()
    const allowedTwice = { none: 0, bounded: stage.allowedTwice, reported: undefined }[scenario.twice]
    const restarts = failures === 0 ? '' : `${failures} times the process ended by itself`
    return {
      ...result,
      allowedTwice,
      remark: [remark, restarts, isShort ? 'short form' : ''].filter((text) => text !== '').join('; '),
      seconds: (Date.now() - startedAt) / 1_000,
      faults: faultsOf(scenario.order === 'reported' ? { ...result, outOfOrder: 0 } : result, allowedTwice),
    }
  } finally {
    await stage.clear()
  }
}

function faultsOf({ lost, twice, outOfOrder, stray }: Judgement, allowedTwice: number | undefined): string[] {
  return [
    ...(lost > 0 ? [`${lost} lost`] : []),
    ...(twice > (allowedTwice ?? Number.POSITIVE_INFINITY) ? [`${twice} twice, allowed are ${allowedTwice}`] : []),
    ...(outOfOrder > 0 ? [`${outOfOrder} out of order`] : []),
    ...(stray > 0 ? [`${stray} accepted or acknowledged that the log does not hold`] : []),
  ]
}
