/**
 * A process of its own between us and the JVMs. Its standard input is a pipe from the process that wanted the stack: the first line
 * is the plan, and the pipe's end, which the kernel brings about even when that process is killed outright, means stop. So there is one way
 * down for `stop()`, for a crash and for SIGKILL. It leads a process group of its own, and a terminal's Ctrl-C reaches neither it nor the
 * JVMs: the broker lives on until the sink has drained.
 */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ClassArchive } from './class-archive.ts'
import { archiveRefused } from './class-archive.ts'

export interface JvmPlan {
  readonly name: 'broker' | 'registry'
  readonly command: string
  readonly args: readonly string[]
  readonly archive: ClassArchive
}

/** The first line that the keeper reads. Any later line tells it that the stack is ready. */
export interface KeeperPlan {
  /** Working folder of the JVMs, their logs and data; the keeper removes it last. */
  readonly folder: string
  readonly jvms: readonly JvmPlan[]
}

const logTailLines = 20
/** SIGTERM is followed by SIGKILL after this long; longer where the JVM still has to write its class archive. */
const graceMs = 5000
const graceWithArchiveMs = 60_000

interface Jvm {
  readonly plan: JvmPlan
  readonly process: ChildProcess
  /** Resolves to whether it ended unasked. */
  readonly gone: Promise<boolean>
}

let plan: KeeperPlan | undefined
let jvms: Jvm[] = []
let ready = false
let stopping = false

// The parent may be gone already; what we say then goes nowhere, and must not end us before the JVMs.
process.stdout.on('error', () => undefined)
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void stop())

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  if (stopping) return
  if (plan !== undefined) {
    ready = true
    return
  }
  plan = JSON.parse(line) as KeeperPlan
  const { folder } = plan
  jvms = plan.jvms.map((jvm) => start(folder, jvm))
})
lines.on('close', () => void stop())

function start(folder: string, jvm: JvmPlan): Jvm {
  const logPath = join(folder, `${jvm.name}.log`)
  const log = openSync(logPath, 'w')
  const child = spawn(jvm.command, jvm.args, { cwd: folder, stdio: ['ignore', log, log] })
  closeSync(log)
  const gone = new Promise<boolean>((settle) => {
    const end = (how: string) => {
      if (!stopping) process.stdout.write(`${JSON.stringify({ name: jvm.name, how, log: tailOf(logPath) })}\n`)
      settle(!stopping)
    }
    child.once('error', (error) => end(error.message))
    child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`))
  })
  return { plan: jvm, process: child, gone }
}

async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  await Promise.all(jvms.map((jvm) => end(jvm).catch(() => undefined)))
  if (plan !== undefined) await rm(plan.folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined)
  process.exit(0)
}

async function end({ plan: { name, archive }, process: child, gone }: Jvm): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), archive.kind === 'made-at-exit' && ready ? graceWithArchiveMs : graceMs)
  const unasked = await gone
  clearTimeout(timer)
  const log = plan === undefined ? '' : readFileSync(join(plan.folder, `${name}.log`), 'utf8')
  await settleArchive(archive, { log, unasked, whole: !unasked && child.signalCode !== 'SIGKILL' })
}

interface Run {
  readonly log: string
  readonly unasked: boolean
  /** Had the time to write its archive to the end. */
  readonly whole: boolean
}

/** An archive is kept when it is whole and was made by a run that came up: one of half a start-up would slow all later ones. */
async function settleArchive(archive: ClassArchive, { log, unasked, whole }: Run): Promise<void> {
  if (archive.kind === 'mapped') {
    // One that the JVM refused, or may have died of, goes, and the next run makes another.
    if (archiveRefused(log) || (unasked && !ready)) await rm(archive.path, { force: true })
    return
  }
  if (!ready || !whole) return await rm(archive.unfinishedPath, { force: true })
  await rename(archive.unfinishedPath, archive.path)
  const folder = dirname(archive.path)
  const [service = ''] = basename(archive.path).split('-')
  for (const name of await readdir(folder)) {
    if (name.startsWith(`${service}-`) && name !== basename(archive.path)) await rm(join(folder, name), { force: true })
  }
}

function tailOf(path: string): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-logTailLines).join('\n')
}
