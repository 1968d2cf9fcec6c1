import type { Phase } from './snapshot.ts'

export interface Health {
  readonly ok: boolean
  /** A sentence for whoever asks. */
  readonly sentence: string
}

export interface Liveness {
  readonly now: number
  readonly phase: Phase
  /** When the consume loop last ended a fetch, epoch ms; undefined: not yet. */
  readonly movedAt: number | undefined
  /** Since when no broker has answered. */
  readonly brokersSilent: { readonly since: number } | undefined
  /** Since when brokers have answered without a break; undefined: they do not, or were not asked yet. */
  readonly brokersAnswerSince: number | undefined
  /** A join may last so long before something is wrong. */
  readonly stuckMs: number
}

/**
 * That this is asked and answered shows that the event loop moves. The consume loop may stand still while no broker answers, and for as
 * long again as a join may last once they do.
 */
export function livenessOf(facts: Liveness): Health {
  const { now, phase, movedAt, brokersSilent, brokersAnswerSince, stuckMs } = facts
  // Before the group is joined, and once it is left, nobody fetches.
  if (movedAt === undefined || phase === 'starting' || phase === 'draining') return { ok: true, sentence: `alive, ${phase}` }
  if (brokersSilent !== undefined || brokersAnswerSince === undefined) {
    return { ok: true, sentence: 'alive; no broker answers, which a restart would not mend' }
  }
  const stillMs = now - Math.max(movedAt, brokersAnswerSince)
  if (stillMs <= stuckMs) return { ok: true, sentence: 'alive' }
  return {
    ok: false,
    sentence: `stuck: brokers answer, but nothing was fetched for ${Math.round(stillMs / 1_000)} s; start the process again`,
  }
}

export function readinessOf(phase: Phase): Health {
  if (phase === 'starting') return { ok: false, sentence: 'not ready: the group is not joined yet' }
  if (phase === 'draining') return { ok: false, sentence: 'not ready: draining' }
  return { ok: true, sentence: 'ready' }
}
