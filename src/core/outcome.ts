/**
 * Why a record failed. The same words stand in headers, metrics, logs and on the status page.
 *
 * decode: `not-framed`, `unknown-schema`, `malformed`; mapping: `unmapped`, `mapping-failed`; rules: `invalid-hit`, `too-large`;
 * `rejected`: alone and refused; `unavailable`: 5xx, network, time-out; `corrupted`: 400 with any other text;
 * `forbidden`: 401, 403; `misconfigured`: every other answer.
 */
export const reasons = [
  'not-framed',
  'unknown-schema',
  'malformed',
  'unmapped',
  'mapping-failed',
  'invalid-hit',
  'too-large',
  'rejected',
  'unavailable',
  'corrupted',
  'forbidden',
  'misconfigured',
] as const
export type Reason = (typeof reasons)[number]

/** Why a record was left out on purpose. */
export const skipReasons = ['tombstone', 'filtered', 'skipped', 'unmapped'] as const
export type SkipReason = (typeof skipReasons)[number]

/** The record's own fault: nothing but a dead letter can become of it. */
export interface Reject {
  readonly kind: 'reject'
  readonly reason: Reason
  /** For the person who mends it: where, what, and what instead. At most 1,000 characters, no payload, no token. */
  readonly detail: string
}

export interface Skip {
  readonly kind: 'skip'
  readonly reason: SkipReason
}

/**
 * What became of one request.
 *
 * `retry`: the tracker's or the network's fault, counted as an attempt. `reject`: the hits' fault. `halt`: ours (token, endpoint);
 * never counted, never a reason to drop. `pace`: the tracker asks for fewer requests; never counted.
 */
export type Answer =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly reason: 'unavailable' | 'corrupted'; readonly detail: string }
  | { readonly kind: 'reject'; readonly reason: 'rejected' | 'too-large'; readonly detail: string }
  | { readonly kind: 'halt'; readonly reason: 'forbidden' | 'misconfigured'; readonly detail: string }
  | { readonly kind: 'pace'; readonly afterMs: number; readonly detail: string }
