import type { Answer, Reason } from '../core/outcome.ts'
import type { Part } from './batch.ts'
import type { Judgement } from './gate.ts'
import type { InPlaceRetry } from './retry-policy.ts'
import { backoffMs, holdMs } from './retry-policy.ts'

/** What a lane does with a part of a batch after the answer to its request. */
export type NextStep =
  | { readonly kind: 'close' }
  | { readonly kind: 'halve' }
  | { readonly kind: 'leave'; readonly to: 'tier' | 'dead-letter'; readonly reason: Reason; readonly detail: string }
  | { readonly kind: 'again'; readonly afterMs: number }
  /** The same, and gives its place up meanwhile. */
  | { readonly kind: 'rest'; readonly afterMs: number }
  /** As soon as the gate lets it. */
  | { readonly kind: 'wait' }

/** So often one record alone is refused while others of its app are taken, before it is its own fault. */
const OWN_REFUSALS = 3

/**
 * Enters the answer into the part's counts and says what follows. A refusal is the fault of some of its hits: halved until the culprit
 * stands alone. Waiting for our own fault (`halt`), at the tracker's wish (`pace`) or while the tracker is down counts as nothing.
 */
export function nextStep(
  part: Part,
  { answer, judgement }: { answer: Answer; judgement: Judgement },
  policy: InPlaceRetry,
  random: number,
): NextStep {
  if (answer.kind === 'delivered') return { kind: 'close' }
  if (judgement === 'waits' || answer.kind === 'pace') return { kind: 'wait' }
  if (judgement === 'broken' || (answer.kind === 'halt' && answer.reason === 'misconfigured')) return comesAgain(part, random)
  // A token that is good for others: it is a record that the tracker does not want, or one that came just when the token was changed.
  if (answer.kind === 'halt') {
    part.ownRefusals = (part.ownRefusals ?? 0) + 1
    if (part.hits.length === 1 && part.ownRefusals < OWN_REFUSALS) return comesAgain(part, random)
  }
  part.failures += 1
  const { detail } = answer
  if (answer.kind === 'retry') {
    part.attempts += 1
    if (part.attempts >= policy.attempts) return { kind: 'leave', to: 'tier', reason: answer.reason, detail }
    return judgement === 'probed' ? { kind: 'wait' } : { kind: 'again', afterMs: backoffMs(policy, part.attempts, random) }
  }
  if (part.hits.length > 1) return { kind: 'halve' }
  const reason = answer.kind === 'halt' ? 'rejected' : answer.reason
  return { kind: 'leave', to: 'dead-letter', reason, detail }
}

function comesAgain(part: Part, random: number): NextStep {
  part.holds += 1
  return { kind: 'rest', afterMs: holdMs(part.holds, random) }
}
