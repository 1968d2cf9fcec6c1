import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'

const main = new URL('../../src/main.ts', import.meta.url).pathname

export interface Ended {
  /** Null: a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface CliOptions {
  /** Flags of Node itself. */
  readonly node?: readonly string[]
  readonly cwd?: string
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>
}

/** A command as a process of its own, as an operator starts it. */
export class CliProcess {
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  readonly #closed: Promise<number | null>

  constructor(t: TestContext, args: readonly string[], { node = [], cwd, env = {} }: CliOptions = {}) {
    this.#child = spawn(process.execPath, [...node, main, ...args], {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#closed = once(this.#child, 'close').then(([code]) => code as number | null)
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    t.after(() => void this.#child.kill('SIGKILL'))
  }

  kill(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void {
    this.#child.kill(signal)
  }

  async ended(): Promise<Ended> {
    const code = await this.#closed
    return { code, stdout: this.stdout, stderr: this.stderr }
  }
}
