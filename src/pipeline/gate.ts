import type { Clock } from '../core/clock.ts'
import type { Answer } from '../core/outcome.ts'
import { Alarm } from './alarm.ts'
import { BlockedApps } from './blocked-apps.ts'
import type { Probe, ProbeTimes } from './hold.ts'
import type { PaceOptions } from './pace.ts'
import { Pace } from './pace.ts'
import type { PipelineProbe } from './ports.ts'
import { TrackerHold } from './tracker-hold.ts'
import type { Kind, Wake } from './turns.ts'
import { Turns } from './turns.ts'

export interface GateOptions extends PaceOptions {
  readonly clock: Clock
  readonly probe: Pick<PipelineProbe, 'held' | 'released'>
  /** See TrackerHoldOptions. */
  readonly failures: number | undefined
  readonly probes: ProbeTimes
}

/** Leave to send one request; to be handed in again with its answer. */
export interface Pass {
  readonly app: string
  /** Epoch ms. */
  readonly startedAt: number
  /** It is sent though everything waits, to see whether it must still. */
  readonly ofTracker: Probe | undefined
  /** It is sent though its app is refused, to see whether it still is. */
  readonly ofApp: Probe | undefined
}

/**
 * What an answer counts as. `counts`: as what it is. `waits`: as nothing; it is sent again when the gate lets it. `probed`: as what it is,
 * and then it waits. `own`: others are answered well, so that it is the request's own fault. `broken`: there was none.
 */
export type Judgement = 'counts' | 'waits' | 'probed' | 'own' | 'broken'

/** Of the lanes of one kind. */
export interface Door {
  /** Undefined: no request goes now; `blocked`: none of this app does. `wake` is called when one may. */
  enter(app: string, wake: Wake): Pass | 'blocked' | undefined
  /** Whether the tracker refuses the app. */
  isRefused(app: string): boolean
  /** The answer to a request; `refusedAt`: when its hits were refused before, epoch ms. */
  judge(pass: Pass, answer: Answer, refusedAt: number | undefined): Judgement
  /** Instead of `judge`, for a request that came to nothing by a bug: nobody knows whose. */
  broke(pass: Pass): Judgement
  /** The request has ended, and the consequences of its answer are drawn. */
  leave(pass: Pass): void
}

/**
 * The one place that every request of the process passes: whether it may go now is decided here, over all lanes, by what the tracker
 * answered to others.
 */
export class Gate {
  readonly #options: GateOptions
  readonly #turns = new Turns()
  readonly #pace: Pace
  readonly #tracker: TrackerHold
  readonly #apps: BlockedApps
  /** Rings when the pace lets the next one go. */
  readonly #alarm: Alarm
  /** When the latest request that was answered with a 200 had gone, epoch ms; also by app. */
  #wellAt = Number.NEGATIVE_INFINITY
  readonly #appWellAt = new Map<string, number>()
  #woken: Wake[] = []
  #inFlight = 0
  #isStopped = false
  readonly #admits = (): boolean => this.#isOpen()

  constructor(options: GateOptions) {
    const { clock, failures, probes: times, probe } = options
    this.#options = options
    this.#pace = new Pace(options)
    this.#alarm = new Alarm(clock, () => this.#turns.wakeWhile(this.#admits))
    this.#tracker = new TrackerHold({ clock, failures, times, onDue: () => this.#turns.wakeWhile(this.#admits) })
    this.#apps = new BlockedApps({
      clock,
      times,
      onChange: (app, held) => {
        if (held === undefined) probe.released({ why: 'forbidden', name: app })
        else probe.held({ why: 'forbidden', name: app, ...held })
      },
    })
  }

  door(kind: Kind): Door {
    return {
      enter: (app, wake) => this.#enter(kind, app, wake),
      isRefused: (app) => this.#apps.has(app),
      judge: (pass, answer, refusedAt) => this.#judge(pass, answer, refusedAt),
      broke: (pass) => this.#broke(pass),
      leave: () => this.#leave(),
    }
  }

  /** What is held back, and how many requests there may be. */
  view() {
    const { held } = this.#tracker
    const state: 'closed' | 'open' | 'probing' = held?.why !== 'down' ? 'closed' : held.isProbing ? 'probing' : 'open'
    return {
      breaker: state === 'closed' ? { state } : { state, since: held?.since ?? 0, detail: held?.detail ?? '' },
      misconfigured: held?.why === 'misconfigured' ? { since: held.since, detail: held.detail } : undefined,
      apps: this.#apps.held(),
      pace: this.#pace.asked,
      inFlightLimit: this.#pace.limit,
    }
  }

  /** Nothing goes any more. */
  stop(): void {
    this.#isStopped = true
    this.#tracker.stop()
    this.#apps.stop()
    this.#alarm.clear()
  }

  #enter(kind: Kind, app: string, wake: Wake): Pass | 'blocked' | undefined {
    if (!this.#apps.admits(app, wake)) return 'blocked'
    if (!this.#isOpen()) {
      this.#turns.wait(kind, wake)
      return undefined
    }
    const now = this.#options.clock.now()
    this.#turns.took(kind)
    this.#inFlight += 1
    this.#pace.went(now)
    return { app, startedAt: now, ofTracker: this.#tracker.go(), ofApp: this.#apps.go(app) }
  }

  #isOpen(): boolean {
    // What is in flight when everything begins to wait may hang until it times out: a probe does not wait for it to fall below the pace.
    const limit = this.#tracker.held === undefined ? this.#pace.limit : this.#options.maxInFlight
    if (this.#isStopped || this.#inFlight >= limit || !this.#tracker.admits) return false
    const now = this.#options.clock.now()
    const goesAt = this.#pace.goesAt(now)
    if (goesAt <= now) return true
    this.#alarm.at(goesAt)
    return false
  }

  #judge(pass: Pass, answer: Answer, refusedAt = Number.POSITIVE_INFINITY): Judgement {
    // Only deliveries count then, and nothing that they bring about.
    if (this.#isStopped) return answer.kind === 'delivered' ? 'counts' : 'waits'
    const { app, startedAt, ofTracker, ofApp } = pass
    const wasHeld = this.#tracker.held
    const isForbidden = answer.kind === 'halt' && answer.reason === 'forbidden'
    const wellAt = isForbidden ? (this.#appWellAt.get(app) ?? Number.NEGATIVE_INFINITY) : this.#wellAt
    const isOwn = answer.kind === 'halt' && wellAt > refusedAt
    this.#pace.answered(answer, startedAt, this.#options.clock.now())
    this.#tracker.answered(answer, { probe: ofTracker, isOwn })
    if (answer.kind === 'delivered') this.#wentWell(pass)
    if (answer.kind === 'delivered' || answer.kind === 'reject') this.#woken.push(...this.#apps.accepted(app, startedAt, ofApp))
    else if (isForbidden && !isOwn) this.#apps.refused(app, answer.detail, ofApp)
    // Where nothing was decided above.
    if (ofApp !== undefined) this.#apps.undecided(app, ofApp)
    this.#tell(wasHeld)
    if (isOwn) return 'own'
    if (answer.kind === 'halt' || answer.kind === 'pace') return 'waits'
    if (answer.kind !== 'retry' || this.#tracker.held === undefined) return 'counts'
    // What fails while the tracker is down says nothing of the request, unless it is the one that was to find out.
    return ofTracker === undefined ? 'waits' : 'probed'
  }

  #broke({ app, ofTracker, ofApp }: Pass): Judgement {
    if (ofTracker !== undefined) this.#tracker.undecided(ofTracker)
    if (ofApp !== undefined) this.#apps.undecided(app, ofApp)
    return 'broken'
  }

  #wentWell({ app, startedAt }: Pass): void {
    this.#wellAt = Math.max(this.#wellAt, startedAt)
    this.#appWellAt.set(app, Math.max(this.#appWellAt.get(app) ?? 0, startedAt))
  }

  /** Whether everything is held has changed. */
  #tell(before: TrackerHold['held']): void {
    const { held } = this.#tracker
    if (held?.why === before?.why) return
    if (held !== undefined) {
      this.#options.probe.held({ name: '', ...held })
    } else if (before !== undefined) {
      this.#options.probe.released({ why: before.why, name: '' })
      this.#pace.recovered()
    }
  }

  #leave(): void {
    this.#inFlight -= 1
    const woken = this.#woken
    this.#woken = []
    for (const wake of woken) wake()
    this.#turns.wakeWhile(this.#admits)
  }
}
