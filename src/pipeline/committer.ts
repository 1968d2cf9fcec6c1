import type { Clock, Timer } from '../core/clock.ts'
import type { Lanes } from './lanes.ts'
import type { CommitPoint, PipelineProbe, Source } from './ports.ts'

export interface CommitterOptions {
  readonly lanes: Lanes
  readonly source: Source
  readonly probe: PipelineProbe
  readonly clock: Clock
  readonly intervalMs: number
}

/**
 * Commits all dirty lanes in one request, every interval, outside of the fetch loop. Never two at a time: a commit that the broker
 * answers late and that is sent again could otherwise overtake a newer one and move the group backwards.
 */
export class Committer {
  readonly #options: CommitterOptions
  #underWay: Promise<void> = Promise.resolve()
  #timer: Timer
  #stopped = false

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = this.#options.clock.set(() => {
      void this.commit().then(() => {
        if (!this.#stopped) this.start()
      })
    }, this.#options.intervalMs)
  }

  /** Commits what is dirty now, after the commit under way. Never rejects: what failed stays dirty. Says whether all is committed. */
  commit(): Promise<boolean> {
    const done = this.#underWay.then(() => this.#commitDirty())
    this.#underWay = done.then(() => undefined)
    return done
  }

  stop(): void {
    this.#stopped = true
    this.#options.clock.clear(this.#timer)
  }

  async #commitDirty(): Promise<boolean> {
    const { lanes, source, probe, clock } = this.#options
    const points: CommitPoint[] = []
    const kept: (() => void)[] = []
    for (const lane of lanes.all()) {
      const point = lane.commitPoint()
      if (point === undefined) continue
      points.push(point)
      kept.push(lane.willCommit())
    }
    if (points.length === 0) return true
    const startedAt = clock.now()
    try {
      await source.commit(points)
    } catch (error) {
      probe.commitFailed(error)
      return false
    }
    for (const keep of kept) keep()
    probe.committed(points, clock.now() - startedAt)
    return true
  }
}
