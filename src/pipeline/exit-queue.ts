import type { Clock, Timer } from '../core/clock.ts'
import type { Batch, OpenRecord } from './batch.ts'
import type { Exit, SideExit } from './ports.ts'
import { backoffMs } from './retry-policy.ts'

/** An exit, and whose it is. */
export interface Leaving {
  readonly exit: Exit
  readonly open: OpenRecord
  readonly batch: Batch
}

export interface ExitQueueOptions {
  readonly sideExit: SideExit
  readonly clock: Clock
  readonly random: () => number
  /** All of these are acknowledged by all in-sync replicas; their exits are as they were written. */
  readonly onWritten: (written: readonly Leaving[]) => void
  readonly onFailed: (error: unknown, waiting: number) => void
}

/** One write takes at most this many: kafkajs groups the records of a send in quadratic time. */
const WRITE_MAX = 500
/** A topic that cannot be written is asked again for ever; meanwhile its records stay open and nothing behind them is committed. */
const REWRITE = { attempts: Number.POSITIVE_INFINITY, delayMs: 250, maxDelayMs: 10_000 }

/** Records of one lane on their way to a retry tier or to the dead letters: one write at a time, in order, repeated until it is acknowledged. */
export class ExitQueue {
  readonly #options: ExitQueueOptions
  #leaving: Leaving[] = []
  #writing = false
  #failures = 0
  #timer: Timer
  #stopped = false
  #suspended = false

  constructor(options: ExitQueueOptions) {
    this.#options = options
  }

  /** Whether a write is under way. */
  get writing(): boolean {
    return this.#writing
  }

  push(leaving: readonly Leaving[]): void {
    this.#leaving.push(...leaving)
    if (this.#timer === undefined) this.#write()
  }

  /** Begins no write for now; one under way goes on. */
  suspend(): void {
    this.#suspended = true
  }

  goOn(): void {
    this.#suspended = false
    if (this.#timer === undefined) this.#write()
  }

  /** Begins no further write; one under way goes on, and its records are reported as written. */
  stop(): void {
    this.#stopped = true
    this.#options.clock.clear(this.#timer)
  }

  /** Nobody needs any of its records any more. */
  letGoOfAll(): void {
    this.#leaving = []
  }

  #write(): void {
    if (this.#writing || this.#stopped || this.#suspended || this.#leaving.length === 0) return
    this.#writing = true
    const asked = this.#leaving.slice(0, WRITE_MAX)
    this.#options.sideExit.write(asked.map(({ exit }) => exit)).then(
      (exits) => this.#done(asked, exits),
      (error: unknown) => this.#failed(error),
    )
  }

  #done(asked: readonly Leaving[], exits: readonly (Exit | undefined)[]): void {
    this.#writing = false
    this.#failures = 0
    const written = asked.flatMap((leaving, index) => {
      const exit = exits[index]
      return exit === undefined ? [] : [{ ...leaving, exit }]
    })
    const rest = asked.filter((_, index) => exits[index] === undefined)
    this.#leaving = [...rest, ...this.#leaving.slice(asked.length)]
    this.#options.onWritten(written)
    this.#write()
  }

  #failed(error: unknown): void {
    this.#writing = false
    this.#failures += 1
    this.#options.onFailed(error, this.#leaving.length)
    if (this.#stopped) return
    this.#timer = this.#options.clock.set(
      () => {
        this.#timer = undefined
        this.#write()
      },
      backoffMs(REWRITE, this.#failures, this.#options.random()),
    )
  }
}
