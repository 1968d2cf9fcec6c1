import assert from 'node:assert/strict'
import type { Answer } from '../../src/core/outcome.ts'
import type { Schedule } from './schedule.ts'

/** A request, as it was sent. */
export interface Sent {
  readonly app: string
  readonly at: number
  /** Since when everything was held when it was sent; undefined: nothing was. */
  readonly heldSince: number | undefined
  /** What it is to find out. */
  readonly probes: readonly Refused[]
}

interface Refused {
  readonly since: number
  probedAt: number
  isProbing: boolean
}

/** What a process has to hold back, by the answers that it has heard. Knows the contract, and nothing of the gate. */
export class Holding {
  readonly #rules: Schedule['gate']
  #failures = 0
  #held: Refused | undefined
  readonly #apps = new Map<string, Refused>()
  /** Apps that were refused and are so no more. */
  readonly #ended: { readonly app: string; readonly since: number; readonly until: number }[] = []
  #wellAt = Number.NEGATIVE_INFINITY
  readonly #appWellAt = new Map<string, number>()
  #pausedUntil = 0
  /** When requests went, of the last second. */
  #lately: readonly number[] = []

  constructor(rules: Schedule['gate']) {
    this.#rules = rules
  }

  get isHeld(): boolean {
    return this.#held !== undefined
  }

  /** Whether the app is refused, or was at that time. */
  isRefused(app: string, at?: number): boolean {
    if (this.#apps.has(app)) return true
    return at !== undefined && this.#ended.some((each) => each.app === app && each.since <= at && at <= each.until)
  }

  sending(app: string, at: number): Sent {
    assert.ok(at >= this.#pausedUntil, 'a request goes in a pause that the tracker asked for')
    this.#checkRate(at)
    this.#probe(this.#held, at, 'the tracker is down')
    this.#probe(this.#apps.get(app), at, `${app} is refused`)
    const probes = [this.#held, this.#apps.get(app)].filter((each) => each !== undefined)
    return { app, at, heldSince: this.#held?.since, probes }
  }

  /** A tenth of a second may be saved up, and one goes at once. */
  #checkRate(at: number): void {
    const { requestsPerSecond } = this.#rules
    if (requestsPerSecond === 0) return
    this.#lately = [...this.#lately.filter((each) => each > at - 1_000), at]
    const most = 1.1 * requestsPerSecond + 1
    assert.ok(this.#lately.length <= most, `${this.#lately.length} requests within a second`)
  }

  #probe(refused: Refused | undefined, at: number, why: string): void {
    if (refused === undefined) return
    assert.ok(!refused.isProbing, `${why}, and two requests are under way to see whether it still is`)
    assert.ok(at >= refused.probedAt + this.#rules.probes.afterMs, `${why}, and it is tried again at once`)
    refused.isProbing = true
  }

  /** What the answer counts as; `refusedAt`: when its hits were refused before. */
  heard(sent: Sent, answer: Answer | 'bug', refusedAt: number | undefined, now: number): 'counts' | 'waits' | 'own' {
    const isForbidden = answer !== 'bug' && answer.kind === 'halt' && answer.reason === 'forbidden'
    this.#probed(sent, now)
    if (answer === 'bug') return 'own'
    if (answer.kind === 'reject') this.#taken(sent, now)
    if (answer.kind === 'delivered') this.#well(sent, now)
    if (answer.kind === 'pace') this.#pausedUntil = Math.max(this.#pausedUntil, now + answer.afterMs)
    if (answer.kind === 'retry') {
      this.#failures += 1
      if (this.#failures >= (this.#rules.failures ?? Number.POSITIVE_INFINITY)) this.#hold(now)
      return this.#held === undefined || sent.heldSince !== undefined ? 'counts' : 'waits'
    }
    if (answer.kind !== 'halt') return answer.kind === 'pace' ? 'waits' : 'counts'
    const wellAt = isForbidden ? this.#appWellAt.get(sent.app) : this.#wellAt
    if (refusedAt !== undefined && (wellAt ?? 0) > refusedAt) return 'own'
    if (!isForbidden) this.#hold(now)
    else if (!this.#apps.has(sent.app)) this.#apps.set(sent.app, { since: now, probedAt: now, isProbing: false })
    return 'waits'
  }

  #hold(now: number): void {
    this.#held ??= { since: now, probedAt: now, isProbing: false }
  }

  #probed({ probes }: Sent, now: number): void {
    for (const each of probes) Object.assign(each, { isProbing: false, probedAt: now })
  }

  #well(sent: Sent, now: number): void {
    const { app, at } = sent
    this.#failures = 0
    this.#held = undefined
    this.#wellAt = Math.max(this.#wellAt, at)
    this.#appWellAt.set(app, Math.max(this.#appWellAt.get(app) ?? 0, at))
    this.#taken(sent, now)
  }

  /** Its token is taken. */
  #taken({ app, at, probes }: Sent, now: number): void {
    const refused = this.#apps.get(app)
    if (refused !== undefined && (probes.includes(refused) || at >= refused.since)) this.#end(app, now)
  }

  #end(app: string, until: number): void {
    const since = this.#apps.get(app)?.since ?? until
    this.#apps.delete(app)
    this.#ended.push({ app, since, until })
  }
}
