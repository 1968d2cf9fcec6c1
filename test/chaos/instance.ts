import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { SinkProcess, until } from '../support/sink-process.ts'

/** As a supervisor would wait before it starts a failed process again. */
const RESTART_MS = 500
const RSS_LOOK_MS = 250

/** One instance of the service under a supervisor: whenever its process ends unasked, another one is started. */
export class Instance {
  /** Processes that ended unasked. */
  failures = 0
  peakRssKiB = 0
  /** Ended for good. */
  isOver = false
  readonly #file: string
  readonly #groupId: string
  #process: SinkProcess
  #isAsked = false
  readonly #look: NodeJS.Timeout

  constructor(file: string, groupId: string) {
    this.#file = file
    this.#groupId = groupId
    this.#process = this.#start()
    this.#look = setInterval(() => this.#lookAtMemory(), RSS_LOOK_MS)
  }

  async joined(): Promise<void> {
    const isJoined = () => this.#process.log.some((line) => line.msg === 'the group was joined' && line.groupId === this.#groupId)
    await until('the group is joined', isJoined)
  }

  /** SIGTERM; says how it ended. */
  async stop(): Promise<number | null> {
    const code = await this.#end('SIGTERM')
    clearInterval(this.#look)
    this.isOver = true
    return code
  }

  /** SIGTERM or SIGKILL, then another process in its place; says how the former ended. Resolves when the new one has spoken. */
  async replace(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const code = await this.#end(signal)
    this.#process = this.#start()
    await until('the new process speaks', () => this.#process.log.length > 0)
    return code
  }

  /** At the end of the run, whatever has happened. */
  abandon(): void {
    this.#isAsked = true
    clearInterval(this.#look)
    void this.#process.end('SIGKILL')
  }

  #start(): SinkProcess {
    this.#isAsked = false
    // Whoever made this instance ends it.
    const started = new SinkProcess({ after: () => undefined }, this.#file)
    void started.exited().then(async () => {
      if (this.#isAsked || started !== this.#process) return
      this.failures += 1
      await sleep(RESTART_MS)
      if (!this.#isAsked) this.#process = this.#start()
    })
    return started
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    this.#isAsked = true
    this.#lookAtMemory()
    return await this.#process.end(signal)
  }

  #lookAtMemory(): void {
    try {
      const [, kib = '0'] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.#process.pid}/status`, 'utf8')) ?? []
      this.peakRssKiB = Math.max(this.peakRssKiB, Number(kib))
    } catch {
      // It has just ended, or there is no /proc here.
    }
  }
}
