/** How a call of the typed client can fail. */
import type { Method } from '../core/hit.ts'
import type { Answer } from '../core/outcome.ts'
import type { ApiMethod } from './spec.ts'

/** An event breaks a rule; nothing was sent. The message names the parameter and the rule, never the value. */
export class InvalidEventError extends Error {
  override readonly name = 'InvalidEventError'
  readonly method: Method
  /** The event's place in its batch, from 0; undefined for a single event. */
  readonly index: number | undefined

  constructor(method: Method, index: number | undefined, detail: string) {
    super(index === undefined ? detail : `events[${index}]: ${detail}`)
    this.method = method
    this.index = index
  }
}

/**
 * `rejected`: 400, an event breaks a rule; nothing of its batch counts. `too-large`: 413. `forbidden`: 401, 403, or a token that no header can carry.
 * `misconfigured`: the endpoint, or the proxy. `too-many-requests`: 429. `unavailable`: 5xx, network, time-out; the events may have arrived all the same.
 * `corrupted`: a 400 that says the body did not arrive as it was sent.
 */
export type TrackerErrorKind =
  | 'rejected'
  | 'too-large'
  | 'forbidden'
  | 'misconfigured'
  | 'too-many-requests'
  | 'unavailable'
  | 'corrupted'

/** The tracker did not take the request. */
export class TrackerError extends Error {
  override readonly name = 'TrackerError'
  readonly method: ApiMethod
  readonly kind: TrackerErrorKind
  /** Of the answer; undefined where none came. */
  readonly status: number | undefined
  /** Of a 429: how long to wait before the next request, within a second and ten minutes. */
  readonly retryAfterMs: number | undefined
  /** The same request may succeed later. The API knows no key against duplicates: one whose answer was lost may count twice. */
  readonly isRetryable: boolean

  constructor(method: ApiMethod, status: number, answer: Exclude<Answer, { kind: 'delivered' }>) {
    super(`${method}: ${answer.detail}`)
    this.method = method
    this.kind = answer.kind === 'pace' ? 'too-many-requests' : answer.reason
    this.status = status === 0 ? undefined : status
    this.retryAfterMs = answer.kind === 'pace' ? answer.afterMs : undefined
    this.isRetryable = answer.kind === 'pace' || answer.kind === 'retry'
  }
}
