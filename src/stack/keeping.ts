import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Env } from './cache.ts'
import type { KeeperPlan } from './keeper.ts'
import { StackError } from './stack-error.ts'

/** One of the JVMs ended and nobody had asked it to. */
export class JvmEnded extends StackError {
  readonly service: string

  constructor(service: string, how: string, log: string) {
    super(`The ${service} of the stack ended by itself (${how}). The end of its log:\n${log}`)
    this.service = service
  }
}

export interface Keeper {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined
  /** Rejects with JvmEnded when a JVM ends unasked; never resolves. */
  readonly ended: Promise<never>
  /** Class archives of this run may be kept from now on. */
  ready(): void
  /** Resolves when JVMs, folder and the keeper itself are gone. */
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
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { name, how, log } = JSON.parse(line) as { name: string; how: string; log: string }
    reject(new JvmEnded(name, how, log))
  })
  const gone = closed.then(async () => {
    reject(new StackError('The process that keeps the stack ended by itself.'))
    endGroup(child)
    await rm(plan.folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined)
  })
  child.stdin.on('error', () => undefined)
  child.stdin.write(`${JSON.stringify(plan)}\n`)
  return {
    pid: child.pid,
    ended,
    ready: () => void child.stdin.write('ready\n'),
    stop: async () => {
      child.stdin.end()
      await gone
    },
  }
}

/** The keeper leads the JVMs' process group. Should somebody have killed it, they are still in there; usually nobody is. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody left, as it should be.
  }
}
