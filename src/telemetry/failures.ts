import type { Reason } from '../core/outcome.ts'

/** Where on its way a record failed. */
export type Stage = 'decode' | 'mapping' | 'rules' | 'delivery'

const stages: Readonly<Record<Reason, Stage>> = {
  'not-framed': 'decode',
  'unknown-schema': 'decode',
  malformed: 'decode',
  unmapped: 'mapping',
  'mapping-failed': 'mapping',
  'invalid-hit': 'rules',
  'too-large': 'rules',
  rejected: 'delivery',
  unavailable: 'delivery',
  corrupted: 'delivery',
  forbidden: 'delivery',
  misconfigured: 'delivery',
}

export interface Failure {
  /** Epoch ms. */
  readonly at: number
  /** Where the record first stood. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly stage: Stage
  readonly reason: Reason
  /** No payload, no token. */
  readonly detail: string
}

const KEPT = 50

/** The last records that were parked or became dead letters. */
export class Failures {
  #failures: readonly Failure[] = []

  /** Of one write, so that it is not done for each record. */
  add(failures: readonly Omit<Failure, 'stage'>[]): void {
    const staged = failures.slice(-KEPT).map((failure) => ({ ...failure, stage: stages[failure.reason] }))
    this.#failures = [...this.#failures, ...staged].slice(-KEPT)
  }

  /** Newest first. */
  newestFirst(): readonly Failure[] {
    return this.#failures.toReversed()
  }
}
