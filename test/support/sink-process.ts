import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const main = new URL('../../src/main.ts', import.meta.url).pathname

export interface LogLine {
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

/** A test's context, or whatever else has an end. */
interface Ending {
  after(end: () => void): void
}

/** `run` as a process of its own, as an operator starts it. */
export class SinkProcess {
  readonly log: LogLine[] = []
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>

  constructor(t: Ending, configFile: string, ...flags: readonly string[]) {
    this.#child = spawn(process.execPath, [main, 'run', '--config', configFile, ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#exited = once(this.#child, 'exit').then(([code]) => code as number | null)
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) =>
      this.log.push(JSON.parse(line) as LogLine),
    )
    t.after(() => void this.#child.kill('SIGKILL'))
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  /** Sends the signal and returns the exit code; null: the signal killed it. */
  async end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | null> {
    this.#child.kill(signal)
    return await this.#exited
  }

  /** The exit code of a process that ends by itself. */
  exited(): Promise<number | null> {
    return this.#exited
  }
}

/** Looks every few milliseconds until `condition` holds; rejects after the deadline, saying what was waited for. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, deadlineMs = 60_000): Promise<void> {
  for (const deadline = Date.now() + deadlineMs; !(await condition()); ) {
    if (Date.now() > deadline) throw new Error(`waited ${deadlineMs / 1_000} s in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
