import type { Clock } from '../core/clock.ts'
import type { Held, Probe, ProbeTimes } from './hold.ts'
import { Hold } from './hold.ts'
import type { Wake } from './turns.ts'

export interface BlockedAppsOptions {
  readonly clock: Clock
  readonly times: ProbeTimes
  /** `held`: undefined when it is refused no more. */
  readonly onChange: (app: string, held: Held | undefined) => void
}

interface Blocked {
  readonly hold: Hold
  /** Lanes that have something of the app. */
  readonly waiting: Set<Wake>
}

/** The apps that the tracker refuses (401, 403): what is theirs waits, but for a probe now and then, and all others go on. */
export class BlockedApps {
  readonly #options: BlockedAppsOptions
  readonly #apps = new Map<string, Blocked>()

  constructor(options: BlockedAppsOptions) {
    this.#options = options
  }

  /** Whether a request of the app may go; else `wake` is called once it may. */
  admits(app: string, wake: Wake): boolean {
    // The one look that every request costs while all is well.
    if (this.#apps.size === 0) return true
    const blocked = this.#apps.get(app)
    if (blocked === undefined || blocked.hold.admits) return true
    blocked.waiting.add(wake)
    return false
  }

  /** Whether the tracker refuses it, probe or not. */
  has(app: string): boolean {
    return this.#apps.has(app)
  }

  /** A request of the app goes; undefined: it is no probe. */
  go(app: string): Probe | undefined {
    return this.#apps.get(app)?.hold.go()
  }

  refused(app: string, detail: string, probe: Probe | undefined): void {
    const blocked = this.#apps.get(app)
    if (blocked === undefined) this.#block(app, detail)
    else if (probe !== undefined) blocked.hold.failed(probe, detail)
  }

  /** The tracker takes the token: it has judged what a request holds that went at `startedAt`. Returns who is to be woken. */
  accepted(app: string, startedAt: number, probe: Probe | undefined): readonly Wake[] {
    const blocked = this.#apps.get(app)
    if (blocked === undefined) return []
    const isProbe = probe !== undefined && blocked.hold.awaits(probe)
    // One that went before the app was refused does not say that it is refused no more.
    return isProbe || startedAt >= (blocked.hold.held?.since ?? 0) ? this.#end(app, blocked) : []
  }

  #end(app: string, { hold, waiting }: Blocked): readonly Wake[] {
    hold.close()
    this.#apps.delete(app)
    this.#options.onChange(app, undefined)
    return [...waiting]
  }

  /** A probe of the app came to nothing. */
  undecided(app: string, probe: Probe): void {
    this.#apps.get(app)?.hold.undecided(probe)
  }

  held(): readonly (Held & { readonly name: string })[] {
    return [...this.#apps].flatMap(([name, { hold }]) => (hold.held === undefined ? [] : [{ name, ...hold.held }]))
  }

  stop(): void {
    for (const { hold } of this.#apps.values()) hold.stop()
  }

  #block(app: string, detail: string): void {
    const waiting = new Set<Wake>()
    const onDue = (): void => {
      // In turn, until one of them sends the probe: a lane may have nothing of the app any more.
      for (const wake of [...waiting]) {
        if (hold.kind !== 'due') return
        waiting.delete(wake)
        wake()
      }
    }
    const hold = new Hold({ ...this.#options, onDue })
    hold.open(detail)
    this.#apps.set(app, { hold, waiting })
    this.#options.onChange(app, hold.held)
  }
}
