import type { Clock, Timer } from '../core/clock.ts'
import type { Answer } from '../core/outcome.ts'
import type { Batch, OpenHit, Part } from './batch.ts'
import { halve } from './batch.ts'
import type { Door, Judgement, Pass } from './gate.ts'
import { HeldBatches } from './held-batches.ts'
import type { NextStep } from './next-step.ts'
import { nextStep } from './next-step.ts'
import type { PipelineProbe, Sender } from './ports.ts'
import type { InPlaceRetry } from './retry-policy.ts'

export interface DispatcherOptions {
  readonly sender: Sender
  readonly probe: PipelineProbe
  readonly clock: Clock
  readonly random: () => number
  readonly door: Door
  readonly retry: InPlaceRetry
  /** Batches of this lane between their first sending and the end of their last part. */
  readonly maxInFlight: number
  /** The batch is about to be sent for the first time: it takes no more hits. */
  readonly onSending: (batch: Batch) => void
  readonly onDelivered: (part: Part, batch: Batch) => void
  readonly onLeaving: (part: Part, batch: Batch, step: Extract<NextStep, { kind: 'leave' }>) => void
  /** A request has ended and its consequences are drawn, or something may be sent that might not before. */
  readonly onMoved: () => void
}

/** Sends one lane's batches, and sends again what must be, until each of their parts is delivered or leaves by the side. */
export class Dispatcher {
  readonly #options: DispatcherOptions
  /** Batches that were sent before go first: others may wait for their keys. */
  readonly #again: Batch[] = []
  #ready: Batch[] = []
  readonly #held = new HeldBatches()
  #underWay = 0
  #requests = 0
  readonly #backoffs = new Set<Timer>()
  #stopped = false
  #suspended = false
  /** The lane as a whole moves: what is set aside makes room for others. */
  readonly #wake = (): void => this.#options.onMoved()

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  /** Requests that have no answer yet. */
  get requests(): number {
    return this.#requests
  }

  /** Nothing is queued, in flight or waiting to be sent again, but for what waits for an app that is refused. */
  get idle(): boolean {
    return this.#underWay === 0 && this.#ready.length === 0
  }

  /** More batches wait than will be sent in the next two turns. */
  get isStocked(): boolean {
    return this.#ready.length >= 2 * this.#options.maxInFlight
  }

  /** What waits for an app that is refused. */
  get held(): Pick<HeldBatches, 'isEmpty' | 'size' | 'batches' | 'takeOldest'> {
    return this.#held
  }

  queue(batch: Batch): void {
    batch.queued = true
    this.#ready.push(batch)
  }

  /** Sends what it may. Called whenever something was queued; the gate calls it too, when it lets something go. */
  send(): void {
    if (this.#stopped || this.#suspended) return
    if (!this.#held.isEmpty) this.#sendHeld()
    while (this.#again.length > 0) {
      const batch = this.#again[0] as Batch
      const pass = this.#enter(batch)
      if (pass === undefined) return
      this.#again.shift()
      if (pass === 'blocked') this.#underWay -= 1
      this.#go(batch, pass)
    }
    while (this.#ready.length > 0 && this.#underWay < this.#options.maxInFlight) {
      const batch = this.#ready[0] as Batch
      const pass = this.#enter(batch)
      if (pass === undefined) return
      this.#ready.shift()
      if (pass !== 'blocked') this.#underWay += 1
      this.#go(batch, pass)
    }
  }

  /** Of an app that is refused no more, all go on; of one that still is, one may go to find that out. */
  #sendHeld(): void {
    for (const app of this.#held.apps()) {
      if (!this.#options.door.isRefused(app)) {
        this.#ready = [...this.#held.take(app), ...this.#ready]
        continue
      }
      const batch = this.#held.next(app)
      if (batch === undefined || this.#underWay >= this.#options.maxInFlight) continue
      const pass = this.#enter(batch)
      if (pass === undefined) return
      if (pass === 'blocked') continue
      this.#held.remove(batch)
      this.#underWay += 1
      this.#request(batch, pass)
    }
  }

  #enter({ route }: Batch): Pass | 'blocked' | undefined {
    return this.#options.door.enter(route.app, this.#wake)
  }

  #go(batch: Batch, pass: Pass | 'blocked'): void {
    if (pass === 'blocked') this.#held.push(batch)
    else this.#request(batch, pass)
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

  /** Nobody needs any of its batches any more. */
  letGoOfAll(): void {
    this.#again.length = 0
    this.#ready = []
    this.#held.clear()
  }

  /** Sends the batch's first part. */
  #request(batch: Batch, pass: Pass): void {
    const { sender, clock, door, probe, onMoved, onSending } = this.#options
    if (batch.parts.length === 0) {
      onSending(batch)
      batch.seal()
    }
    const part = batch.parts[0] as Part
    this.#requests += 1
    const end = (answer: Answer, judgement: Judgement): void => {
      this.#requests -= 1
      probe.answered({ route: batch.route, hits: part.hits, answer, durationMs: clock.now() - pass.startedAt })
      this.#onAnswer(batch, { answer, judgement, pass })
      door.leave(pass)
      onMoved()
    }
    const hits = part.hits.map((hit: OpenHit) => hit.content)
    sender.send(batch.route, hits).then(
      (answer) => end(answer, door.judge(pass, answer, part.refusedAt)),
      // A rejected promise is a bug that nobody classified: hold the batch, never drop it.
      (error) => end({ kind: 'halt', reason: 'misconfigured', detail: `bug: ${error}` }, door.broke(pass)),
    )
  }

  #onAnswer(batch: Batch, { answer, judgement, pass }: { answer: Answer; judgement: Judgement; pass: Pass }): void {
    // After `stop` only a delivery still counts: what is neither delivered nor on its way out stays uncommitted.
    if (this.#stopped && answer.kind !== 'delivered') return
    const part = batch.parts[0] as Part
    const now = this.#options.clock.now()
    if (judgement === 'probed') forgive(part, pass.ofTracker?.since)
    // The halves of what is refused by its own fault need no second proof that others are taken.
    const isSplit = judgement === 'own' && part.hits.length > 1
    if (answer.kind === 'halt' && judgement !== 'broken' && !isSplit) part.refusedAt = now
    if (answer.kind === 'retry' && pass.ofApp !== undefined) part.probedApp = true
    const { failures } = part
    const step = nextStep(part, { answer, judgement }, this.#options.retry, this.#options.random())
    if (part.failures > failures) part.firstFailedAt ??= now
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
        this.#later(step.afterMs, () => this.#again.push(batch))
        return
      case 'rest':
        this.#underWay -= 1
        this.#later(step.afterMs, () => this.#ready.push(batch))
        return
      case 'wait':
        // Behind all others of the lane: those that wait take turns.
        this.#underWay -= 1
        this.#ready.push(batch)
        return
    }
  }

  /** The first part is dealt with. */
  #next(batch: Batch): void {
    batch.parts.shift()
    if (batch.parts.length > 0) this.#again.push(batch)
    else this.#underWay -= 1
  }

  #later(delayMs: number, comeBack: () => void): void {
    const timer = this.#options.clock.set(() => {
      this.#backoffs.delete(timer)
      comeBack()
      this.#wake()
    }, delayMs)
    this.#backoffs.add(timer)
  }
}

/** What failed before everything waited was the tracker's fault, too: as a probe, the part begins to count anew. */
function forgive(part: Part, since: number | undefined): void {
  if (since === undefined || part.probedSince === since) return
  part.probedSince = since
  part.attempts = 0
}
