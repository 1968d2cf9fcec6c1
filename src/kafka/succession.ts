import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from './session.ts'
import type { SessionWatch, Stall } from './session-watch.ts'

/** Why a session was followed by another one. */
export type RebuildReason = 'crash' | Stall

/** What there is to a session here. */
type Following = Pick<Session, 'connect' | 'join' | 'over' | 'isOver' | 'fail' | 'close'>

export interface SuccessionOptions<S extends Following> {
  readonly begin: () => S
  readonly watch: SessionWatch
  /** Since when brokers have answered without a break, epoch ms; undefined: they do not, or were not asked yet. */
  readonly brokersAnswerSince: () => number | undefined
  /** A session is over, and another one is to follow. */
  readonly lost: (event: { reason: RebuildReason; error: unknown }) => void
  /** A session has ended for what no other could do better. */
  readonly failed: (error: unknown) => void
}

/** kafkajs may hang here when a broker is gone; what is left of the session is harmless. */
const CLOSE_MS = 5_000
/** Before a new session, which itself tries for seconds to reach a broker; doubled while none gets as far as its partitions. */
const BACK_OFF_MS = 300
const BACK_OFF_MAX_MS = 5_000
const LOOK_EVERY_MS = 500

/** One session after the other: one that has crashed or come to a stand is followed by a new one. */
export class Succession<S extends Following> {
  readonly #options: SuccessionOptions<S>
  #current: S
  /** Sessions in a row that did not get as far as their partitions. */
  #inVain = 0
  #isStopping = false
  #looking: NodeJS.Timeout | undefined

  constructor(options: SuccessionOptions<S>) {
    this.#options = options
    this.#current = options.begin()
  }

  get current(): S {
    return this.#current
  }

  /** Resolves once the group is joined, or is to be joined by another session. Rejects when no broker can be reached. */
  async start(): Promise<void> {
    await this.#current.connect()
    if (this.#isStopping) return
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS).unref()
    this.#goOn().catch(this.#options.failed)
    await this.#join(this.#current)
  }

  /** The current session has its partitions. */
  arrived(): void {
    this.#inVain = 0
    this.#options.watch.assigned(Date.now())
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    clearInterval(this.#looking)
    await this.#close()
  }

  #look(): void {
    const { watch, brokersAnswerSince } = this.#options
    const stall = watch.stall(Date.now(), brokersAnswerSince())
    if (stall !== undefined) this.#current.fail(new StallError(stall))
  }

  async #goOn(): Promise<void> {
    for (;;) {
      const error = await this.#current.over
      if (this.#isStopping) return
      if (!isRetriable(error)) {
        this.#options.failed(error)
        return
      }
      this.#lost(error)
      await this.#close()
      await sleep(Math.min(BACK_OFF_MS * 2 ** this.#inVain, BACK_OFF_MAX_MS))
      if (this.#isStopping) return
      this.#inVain += 1
      this.#current = this.#options.begin()
      void this.#open(this.#current)
    }
  }

  #lost(error: unknown): void {
    const { watch, lost } = this.#options
    const stall = error instanceof StallError ? error.stall : undefined
    if (stall !== undefined) watch.gaveUp(stall)
    lost({ reason: stall ?? 'crash', error })
  }

  /** Neither this nor the next ever rejects: a session that does not come to the group is over, which is heard of. */
  async #open(session: S): Promise<void> {
    this.#options.watch.joining(Date.now())
    await session.connect().catch(() => undefined)
    if (!session.isOver) await this.#join(session)
  }

  async #join(session: S): Promise<void> {
    this.#options.watch.joining(Date.now())
    await session.join().catch(() => undefined)
  }

  async #close(): Promise<void> {
    await Promise.race([this.#current.close(), sleep(CLOSE_MS, undefined, { ref: false })])
  }
}

const STALLED: Readonly<Record<Stall, string>> = {
  commits: 'brokers answer, but no commit succeeds',
  fetches: 'brokers answer, but no fetch ends',
  join: 'brokers answer, but the group is not joined',
}

class StallError extends Error {
  readonly retriable = true
  readonly stall: Stall

  constructor(stall: Stall) {
    super(STALLED[stall])
    this.stall = stall
  }
}

/** As kafkajs decides whether it starts anew. */
function isRetriable(error: unknown): boolean {
  let cause = error as { name?: string; retriable?: boolean; cause?: unknown }
  if (cause.name === 'KafkaJSNumberOfRetriesExceeded') return true
  while (cause.cause instanceof Error) cause = cause.cause as typeof cause
  return cause.retriable === true
}
