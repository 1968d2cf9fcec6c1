/**
 * A process of its own between us and the programs. Its standard input is a pipe from the process that wanted the stack: the first line
 * is the plan, and the pipe's end, which the kernel brings about even when that process is killed outright, means stop. So there is one way
 * down for `stop()`, for a crash and for SIGKILL. It leads a process group of its own, and a terminal's Ctrl-C reaches neither it nor the
 * programs: the broker lives on until the sink has drained.
 */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ClassArchive } from './class-archive.ts'
import { archiveRefused } from './class-archive.ts'

export interface ProgramPlan {
  /** Unlike those of the others; a kill names it. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly archive: ClassArchive
  /** SIGTERM lets it end in its own way. */
  readonly endWith: 'SIGTERM' | 'SIGKILL'
}

/** The first line that the keeper reads. */
export interface KeeperPlan {
  /** Working folder of the programs, their logs and data; the keeper removes it last. */
  readonly folder: string
  readonly programs: readonly ProgramPlan[]
}

/** Any later line. */
export type KeeperOrder =
  /** Class archives of this run may be kept from now on. */
  | { readonly kind: 'ready' }
  /** For one program, whose end is then no surprise. */
  | { readonly kind: 'kill'; readonly name: string; readonly signal: 'SIGTERM' | 'SIGKILL' }
  /** The killed program again, on the same data. */
  | { readonly kind: 'revive'; readonly name: string }

/** What the keeper prints, a line each. */
export type KeeperReport =
  /** Nobody had asked it to. */
  | { readonly kind: 'ended'; readonly name: string; readonly how: string; readonly log: string }
  | { readonly kind: 'killed'; readonly name: string }

const logTailLines = 20
/** SIGTERM is followed by SIGKILL after this long; longer where the program still has to write its class archive. */
const graceMs = 5000
const graceWithArchiveMs = 60_000

interface Program {
  readonly plan: ProgramPlan
  readonly process: ChildProcess
  /** Resolves to whether it ended unasked. */
  readonly gone: Promise<boolean>
  /** By order, and not revived since. */
  isKilled: boolean
}

let plan: KeeperPlan | undefined
const programs = new Map<string, Program>()
let ready = false
let stopping = false

// The parent may be gone already; what we say then goes nowhere, and must not end us before the programs.
process.stdout.on('error', () => undefined)
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void stop())

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  if (stopping) return
  if (plan !== undefined) {
    obey(JSON.parse(line) as KeeperOrder, plan)
    return
  }
  plan = JSON.parse(line) as KeeperPlan
  for (const program of plan.programs) start(plan.folder, program)
})
lines.on('close', () => void stop())

function obey(order: KeeperOrder, { folder }: KeeperPlan): void {
  if (order.kind === 'ready') {
    ready = true
    return
  }
  const program = programs.get(order.name)
  if (program === undefined) return
  if (order.kind === 'kill') {
    program.isKilled = true
    program.process.kill(order.signal)
    void program.gone.then(() => report({ kind: 'killed', name: order.name }))
  } else if (program.isKilled) {
    // Two on the same data would be one too many.
    void program.gone.then(() => {
      if (!stopping && programs.get(order.name) === program) start(folder, program.plan)
    })
  }
}

function report(line: KeeperReport): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function start(folder: string, program: ProgramPlan): void {
  const logPath = join(folder, `${program.name}.log`)
  const log = openSync(logPath, 'a')
  const child = spawn(program.command, program.args, { cwd: folder, stdio: ['ignore', log, log] })
  closeSync(log)
  const { promise: gone, resolve } = Promise.withResolvers<boolean>()
  const started: Program = { plan: program, process: child, gone, isKilled: false }
  const end = (how: string) => {
    const isUnasked = !stopping && !started.isKilled
    if (isUnasked) report({ kind: 'ended', name: program.name, how, log: tailOf(logPath) })
    resolve(isUnasked)
  }
  child.once('error', (error) => end(error.message))
  child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`))
  programs.set(program.name, started)
}

async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  await Promise.all([...programs.values()].map((program) => end(program).catch(() => undefined)))
  if (plan !== undefined) await rm(plan.folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined)
  process.exit(0)
}

async function end({ plan: { name, archive, endWith }, process: child, gone }: Program): Promise<void> {
  child.kill(endWith)
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
  if (archive.kind === 'none') return
  if (archive.kind === 'mapped') {
    // One that the program refused, or may have died of, goes, and the next run makes another.
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
