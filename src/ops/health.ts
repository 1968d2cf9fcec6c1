import type { Phase } from './snapshot.ts'

export interface Health {
  readonly ok: boolean
  /** A sentence for whoever asks. */
  readonly sentence: string
}

export interface Liveness {
  readonly now: number
  readonly phase: Phase
  /** When each group's consume loop last ended a fetch, epoch ms; one that has not yet is left out. */
  readonly movedAt: ReadonlyMap<string, number>
  /** Since when no broker has answered. */
  readonly brokersSilent: { readonly since: number } | undefined
  /** Since when brokers have answered without a break; undefined: they do not, or were not asked yet. */
  readonly brokersAnswerSince: number | undefined
  /** A consume loop may stand still for so long before something is wrong that the consumer has not mended by itself. */
  readonly stuckMs: number
}

/**
 * That this is asked and answered shows that the event loop moves. The consume loops may stand still while no broker answers, and for
 * `stuckMs` once they do.
 */
export function livenessOf(facts: Liveness): Health {
  const { now, phase, movedAt, brokersSilent, brokersAnswerSince, stuckMs } = facts
  // Before the group is joined, and once it is left, nobody fetches.
  if (phase === 'starting' || phase === 'draining') return { ok: true, sentence: `alive, ${phase}` }
  if (brokersSilent !== undefined || brokersAnswerSince === undefined) {
    return { ok: true, sentence: 'alive; no broker answers, which a restart would not mend' }
  }
  for (const [groupId, at] of movedAt) {
    const stillMs = now - Math.max(at, brokersAnswerSince)
    if (stillMs <= stuckMs) continue
    const still = `brokers answer, but ${groupId} has fetched nothing for ${Math.round(stillMs / 1_000)} s`
    return { ok: false, sentence: `stuck: ${still}; start the process again` }
  }
  return { ok: true, sentence: 'alive' }
}

export function readinessOf(phase: Phase): Health {
  if (phase === 'starting') return { ok: false, sentence: 'not ready: the group is not joined yet' }
  if (phase === 'draining') return { ok: false, sentence: 'not ready: draining' }
  return { ok: true, sentence: 'ready' }
}
