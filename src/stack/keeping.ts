import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { rm } from 'node:fs/promises'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Env } from './cache.ts'
import type { KeeperOrder, KeeperPlan, KeeperReport } from './keeper.ts'
import { StackError } from './stack-error.ts'

/** One of the programs ended and nobody had asked it to. */
export class ProgramEnded extends StackError {
  readonly service: string

  constructor(service: string, how: string, log: string) {
    super(`The ${service} of the stack ended by itself (${how}). The end of its log:\n${log}`)
    this.service = service
  }
}

export interface Keeper {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined
  /** Rejects with ProgramEnded when a program ends unasked; never resolves. */
  readonly ended: Promise<never>
  /** Class archives of this run may be kept from now on. */
  ready(): void
  /** Ends one program, by SIGKILL unless told otherwise. Resolves when it is gone, which `ended` does not hear of. */
  kill(name: string, signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Starts a killed program again; that it is up is for the caller to find out. */
  revive(name: string): void
  /** Resolves when programs, folder and the keeper itself are gone. */
  stop(): Promise<void>
}

export function startKeeper(plan: KeeperPlan, env: Env): Keeper {
  // Beside this file and of the same kind: .ts in the sources, .js when built.
  const program = fileURLToPath(new URL(`./keeper${extname(import.meta.url)}`, import.meta.url))
  const child = spawn(process.execPath, [program], { detached: true, env, stdio: ['pipe', 'pipe', 'ignore'] })
  const closed = new Promise<void>((settle) => {
    child.once('error', () => settle())
    child.once('close', () => settle())
  })
  const { promise: ended, reject } = Promise.withResolvers<never>()
  // It may happen while nobody waits for it any more, which is no reason to end the process.
  ended.catch(() => undefined)
  const killed = new EventEmitter()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const report = JSON.parse(line) as KeeperReport
    if (report.kind === 'ended') reject(new ProgramEnded(report.name, report.how, report.log))
    else killed.emit(report.name)
  })
  const gone = closed.then(async () => {
    reject(new StackError('The process that keeps the stack ended by itself.'))
    endGroup(child)
    await rm(plan.folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined)
  })
  child.stdin.on('error', () => undefined)
  child.stdin.write(`${JSON.stringify(plan)}\n`)
  const order = (line: KeeperOrder) => void child.stdin.write(`${JSON.stringify(line)}\n`)
  return {
    pid: child.pid,
    ended,
    ready: () => order({ kind: 'ready' }),
    kill: async (name, signal = 'SIGKILL') => {
      const gone = once(killed, name)
      order({ kind: 'kill', name, signal })
      await Promise.race([gone, ended])
    },
    revive: (name) => order({ kind: 'revive', name }),
    stop: async () => {
      child.stdin.end()
      await gone
    },
  }
}

/** The keeper leads the programs' process group. Should somebody have killed it, they are still in there; usually nobody is. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody left, as it should be.
  }
}
