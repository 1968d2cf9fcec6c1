import type { Answer, Reason } from '../core/outcome.ts'
import type { Part } from './batch.ts'
import type { InPlaceRetry } from './retry-policy.ts'
import { backoffMs, holdMs } from './retry-policy.ts'

/** What a lane does with a part of a batch after the answer to its request. */
export type NextStep =
  | { readonly kind: 'close' }
  | { readonly kind: 'halve' }
  | { readonly kind: 'leave'; readonly to: 'tier' | 'dead-letter'; readonly reason: Reason; readonly detail: string }
  | { readonly kind: 'again'; readonly afterMs: number }

/**
 * Enters the answer into the part's counts and says what follows. A refusal is the fault of some of its hits: halved until the culprit
 * stands alone. Waiting for our own fault (`halt`) or at the tracker's wish (`pace`) counts as nothing.
 */
export function nextStep(part: Part, answer: Answer, policy: InPlaceRetry, random: number): NextStep {
  switch (answer.kind) {
    case 'delivered':
      return { kind: 'close' }
    case 'reject':
      part.failures += 1
      return part.hits.length > 1
        ? { kind: 'halve' }
        : { kind: 'leave', to: 'dead-letter', reason: answer.reason, detail: answer.detail }
    case 'retry':
      part.failures += 1
      part.attempts += 1
      return part.attempts < policy.attempts
        ? { kind: 'again', afterMs: backoffMs(policy, part.attempts, random) }
        : { kind: 'leave', to: 'tier', reason: answer.reason, detail: answer.detail }
    case 'halt':
      part.holds += 1
      return { kind: 'again', afterMs: holdMs(part.holds, random) }
    case 'pace':
      return { kind: 'again', afterMs: answer.afterMs }
  }
}
