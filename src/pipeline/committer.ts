import type { Clock, Timer } from '../core/clock.ts'
import type { Lanes } from './lanes.ts'
import type { PipelineProbe, Source } from './ports.ts'

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
  /** Counts starts and stops: what an earlier start began ends there. */
  #loop = 0

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** Commits every interval from now on; to be called again after `stop`. */
  start(): void {
    this.stop()
    this.#loop += 1
    this.#next(this.#loop)
  }

  #next(loop: number): void {
    this.#timer = this.#options.clock.set(() => {
      void this.commit().then(() => {
        if (loop === this.#loop) this.#next(loop)
      })
    }, this.#options.intervalMs)
  }

  /** Commits what is dirty now, after the commit under way. Never rejects: what failed stays dirty. False: it failed. */
  commit(): Promise<boolean> {
    const done = this.#underWay.then(() => this.#commitDirty())
    this.#underWay = done.then(() => undefined)
    return done
  }

  stop(): void {
    this.#loop += 1
    this.#options.clock.clear(this.#timer)
  }

  async #commitDirty(): Promise<boolean> {
    const { lanes, source, probe, clock } = this.#options
    const dirty = [...lanes.all()].flatMap((lane) => {
      const point = lane.commitPoint()
      return point === undefined ? [] : [{ lane, point }]
    })
    if (dirty.length === 0) return true
    const points = dirty.map(({ point }) => point)
    const startedAt = clock.now()
    try {
      const committed = new Set(await source.commit(points))
      for (const { lane, point } of dirty) if (committed.has(point)) lane.committed(point)
      if (committed.size > 0) probe.committed([...committed], clock.now() - startedAt)
      return true
    } catch (error) {
      probe.commitFailed(error)
      return false
    }
  }
}
