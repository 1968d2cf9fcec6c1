import assert from 'node:assert/strict'
import type { Clock } from '../../src/core/clock.ts'
import type { Hit, Route } from '../../src/core/hit.ts'
import type { Answer } from '../../src/core/outcome.ts'
import { bodyOf } from '../../src/tracker/request.ts'
import type { Book, Copy } from './book.ts'
import type { Dice, Fate, Schedule } from './schedule.ts'

export interface TrackerParts {
  readonly schedule: Schedule
  readonly dice: Dice
  /** Of the world: what has been sent arrives even when the sender is killed. */
  readonly clock: Clock
  /** Whether faults may still happen. */
  readonly isFaulty: () => boolean
}

/** What an instance gives along with its requests. */
export interface Connection {
  readonly clock: Clock
  readonly book: Book
  /** The copy that a hit was made of. */
  readonly copyOf: (hit: Hit) => Copy
  /** Whether the hits are of a mapping that is mended. */
  readonly isMended: boolean
  inFlight: number
}

/** Answers as the tracker does, and fails as networks do. */
export class Tracker {
  readonly #parts: TrackerParts
  /** Answers that were lost after their events had been accepted. */
  lostAnswers = 0
  requests = 0
  readonly #startedAt: number

  constructor(parts: TrackerParts) {
    this.#parts = parts
    this.#startedAt = parts.clock.now()
  }

  send(route: Route, hits: readonly Hit[], connection: Connection): Promise<Answer> {
    const { schedule, dice, clock } = this.#parts
    const { maxEvents, maxBytes } = schedule.limits
    const { maxInFlight } = schedule.gate
    assert.ok(hits.length >= 1 && hits.length <= maxEvents, `${hits.length} hits in a request`)
    assert.ok(Buffer.byteLength(bodyOf(hits)) <= maxBytes, 'a body is too large')
    for (const hit of hits) assert.equal(hit.route, route)
    connection.inFlight += 1
    assert.ok(connection.inFlight <= maxInFlight, `${connection.inFlight} requests are in flight`)
    this.requests += 1
    const copies = hits.map((hit) => connection.copyOf(hit))
    const sent = connection.book.sending(copies, route.app, clock.now())
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    clock.set(
      () => {
        const answer = this.#outage(route) ?? this.#answer(copies, connection)
        connection.clock.set(
          () => {
            connection.inFlight -= 1
            connection.book.answered(copies, sent, answer, clock.now())
            if (answer === 'bug') reject(new TypeError('by the plan'))
            else resolve(answer)
          },
          dice.between(1, 30),
        )
      },
      dice.between(1, 30),
    )
    return promise
  }

  #outage({ app }: Route): Answer | undefined {
    const at = this.#parts.clock.now() - this.#startedAt
    const now = this.#parts.schedule.outages.filter(({ from, to }) => from <= at && at < to).map(({ what }) => what)
    if (now.includes('down')) return { kind: 'retry', reason: 'unavailable', detail: 'down' }
    if (now.includes('misconfigured')) return { kind: 'halt', reason: 'misconfigured', detail: 'elsewhere' }
    return now.some((what) => what === app) ? { kind: 'halt', reason: 'forbidden', detail: 'refused' } : undefined
  }

  #answer(copies: readonly Copy[], { book, isMended }: Connection): Answer | 'bug' {
    const { dice, schedule, isFaulty } = this.#parts
    const verdict = verdictOf(copies.map(({ entry }) => (isMended && entry.fate === 'mistold' ? 'good' : entry.fate)))
    const isFailing = isFaulty() && dice.chance(schedule.faults.tracker)
    if (!isFailing) {
      if (verdict.kind === 'delivered') book.accepted(copies)
      return verdict
    }
    if (verdict.kind === 'delivered' && dice.chance(0.2)) {
      this.lostAnswers += 1
      book.accepted(copies)
      return { kind: 'retry', reason: 'unavailable', detail: 'the answer was lost' }
    }
    return dice.of<Answer | 'bug'>(
      { kind: 'retry', reason: 'unavailable', detail: 'by the plan' },
      { kind: 'retry', reason: 'unavailable', detail: 'by the plan' },
      { kind: 'retry', reason: 'corrupted', detail: 'by the plan' },
      { kind: 'pace', afterMs: dice.between(0, 3_000), detail: 'by the plan' },
      'bug',
    )
  }
}

function verdictOf(fates: readonly Fate[]): Answer {
  if (fates.includes('doomed')) return { kind: 'retry', reason: 'unavailable', detail: 'doomed' }
  if (fates.includes('oversized')) return { kind: 'reject', reason: 'too-large', detail: 'oversized' }
  if (fates.includes('refused') || fates.includes('mistold')) return { kind: 'reject', reason: 'rejected', detail: 'refused' }
  return { kind: 'delivered' }
}
