import type { Clock, Timer } from '../core/clock.ts'
import type { Answer } from '../core/outcome.ts'
import type { Batch, OpenHit, Part } from './batch.ts'
import { halve } from './batch.ts'
import type { Permits } from './limits.ts'
import type { NextStep } from './next-step.ts'
import { nextStep } from './next-step.ts'
import type { PipelineProbe, Sender } from './ports.ts'
import type { InPlaceRetry } from './retry-policy.ts'

export interface DispatcherOptions {
  readonly sender: Sender
  readonly probe: PipelineProbe
  readonly clock: Clock
  readonly random: () => number
  readonly permits: Permits
  readonly retry: InPlaceRetry
  /** Batches of this lane between their first sending and the end of their last part. */
  readonly maxInFlight: number
  /** The batch is about to be sent for the first time: it takes no more hits. */
  readonly onSending: (batch: Batch) => void
  readonly onDelivered: (part: Part, batch: Batch) => void
  readonly onLeaving: (part: Part, batch: Batch, step: Extract<NextStep, { kind: 'leave' }>) => void
  /** A request has ended and its consequences are drawn. */
  readonly onMoved: () => void
}

/** Sends one lane's batches, and sends again what must be, until each of their parts is delivered or leaves by the side. */
export class Dispatcher {
  readonly #options: DispatcherOptions
  /** Batches that were sent before go first: others may wait for their keys. */
  readonly #again: Batch[] = []
  readonly #ready: Batch[] = []
  #underWay = 0
  #requests = 0
  readonly #backoffs = new Set<Timer>()
  #stopped = false
  #suspended = false
  readonly #wake = (): void => this.send()

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  /** Requests that have no answer yet. */
  get requests(): number {
    return this.#requests
  }

  /** Nothing is queued, in flight or waiting to be sent again. */
  get idle(): boolean {
    return this.#underWay === 0 && this.#ready.length === 0
  }

  /** More batches wait than will be sent in the next two turns. */
  get isStocked(): boolean {
    return this.#ready.length >= 2 * this.#options.maxInFlight
  }

  queue(batch: Batch): void {
    batch.queued = true
    this.#ready.push(batch)
  }

  /** Sends what it may. Called whenever something was queued; a permit given back calls it too. */
  send(): void {
    if (this.#stopped || this.#suspended) return
    while (this.#again.length > 0) {
      if (!this.#options.permits.take(this.#wake)) return
      this.#request(this.#again.shift() as Batch)
    }
    while (this.#ready.length > 0 && this.#underWay < this.#options.maxInFlight) {
      if (!this.#options.permits.take(this.#wake)) return
      const batch = this.#ready.shift() as Batch
      this.#options.onSending(batch)
      batch.seal()
      this.#underWay += 1
      this.#request(batch)
    }
  }

  /** Sends nothing for now; requests in flight go on, and what must be sent again waits. */
  suspend(): void {
    this.#suspended = true
  }

  goOn(): void {
    this.#suspended = false
  }

  /** Sends nothing any more; requests in flight go on. */
  stop(): void {
    this.#stopped = true
    for (const timer of this.#backoffs) this.#options.clock.clear(timer)
  }

  /** Sends the batch's first part, with a permit that was taken for it. */
  #request(batch: Batch): void {
    const { sender, clock, permits, probe, onMoved } = this.#options
    const part = batch.parts[0] as Part
    const startedAt = clock.now()
    this.#requests += 1
    const end = (answer: Answer): void => {
      this.#requests -= 1
      probe.answered({ route: batch.route, hits: part.hits, answer, durationMs: clock.now() - startedAt })
      this.#onAnswer(batch, part, answer)
      permits.give()
      onMoved()
    }
    const hits = part.hits.map((hit: OpenHit) => hit.content)
    // A rejected promise is a bug that nobody classified: hold the batch, never drop it.
    sender.send(batch.route, hits).then(end, (error) => end({ kind: 'halt', reason: 'misconfigured', detail: `bug: ${error}` }))
  }

  #onAnswer(batch: Batch, part: Part, answer: Answer): void {
    // After `stop` only a delivery still counts: what is neither delivered nor on its way out stays uncommitted.
    if (this.#stopped && answer.kind !== 'delivered') return
    if (answer.kind === 'reject' || answer.kind === 'retry') part.firstFailedAt ??= this.#options.clock.now()
    const step = nextStep(part, answer, this.#options.retry, this.#options.random())
    switch (step.kind) {
      case 'close':
        this.#next(batch)
        this.#options.onDelivered(part, batch)
        return
      case 'halve':
        batch.parts.splice(0, 1, ...halve(part))
        this.#again.push(batch)
        return
      case 'leave':
        this.#next(batch)
        this.#options.onLeaving(part, batch, step)
        return
      case 'again':
        this.#later(batch, step.afterMs)
        return
    }
  }

  /** The first part is dealt with. */
  #next(batch: Batch): void {
    batch.parts.shift()
    if (batch.parts.length > 0) this.#again.push(batch)
    else this.#underWay -= 1
  }

  #later(batch: Batch, delayMs: number): void {
    const timer = this.#options.clock.set(() => {
      this.#backoffs.delete(timer)
      this.#again.push(batch)
      this.send()
    }, delayMs)
    this.#backoffs.add(timer)
  }
}
