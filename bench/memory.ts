/**
 * `npm run bench:memory`: what the service takes of the memory, and how late its event loop is, while far more stands in the topic than
 * the tracker can take: it answers after two seconds. Nothing changes once the windows are full, so that a run ends a while after that;
 * `--full` waits until all is delivered.
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { StatusDocument } from '../src/ops/status.ts'
import type { Stack } from '../src/stack/stack.ts'
import { startStack } from '../src/stack/stack.ts'
import { loadEvents } from './events.ts'
import { countsOf, sink, startMeasured, startTracker, usageOf } from './processes.ts'
import type { Usage } from './usage.ts'

const { values } = parseArgs({
  options: {
    /** Records of each case and their sizes in bytes, in the same order. */
    records: { type: 'string', default: '1000000,5000' },
    bytes: { type: 'string', default: '200,200000' },
    /** Of the tracker, milliseconds. */
    latency: { type: 'string', default: '2000' },
    /** How long a run goes on once the windows are full. */
    seconds: { type: 'string', default: '60' },
    full: { type: 'boolean', default: false },
  },
})
const PARTITIONS = 12
const LOOK_EVERY_MS = 250
/** The windows are full when no more records were open for so long. */
const UNCHANGED_MS = 10_000
const MIB = 1_048_576
const WANTED = { rssMiB: 250, loopDelayMs: 50 }

interface Case {
  readonly topic: string
  readonly records: number
  readonly bytes: number
}

interface Result {
  readonly delivered: number
  readonly seconds: number
  /** The most records that were open. */
  readonly open: number
  /** Resident: the most, and the mean since the windows were full. */
  readonly peakRssMiB: number
  readonly steadyRssMiB: number
  readonly usage: Usage
}

const report = (line: string): void => void process.stderr.write(`${line}\n`)

/** Resident now and at most, MiB, as the kernel counts it. */
function resident(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mibOf = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024
  return { now: mibOf('VmRSS'), peak: mibOf('VmHWM') }
}

/** Where it serves its status, once it has joined its group; from then on its event loop is watched. */
async function joined(child: ChildProcess): Promise<string> {
  let url = ''
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const entry = JSON.parse(line) as { msg: string; url?: string }
    if (entry.msg.startsWith('the status page')) url = String(entry.url)
    if (entry.msg !== 'the group was joined') continue
    child.send('watch')
    child.stdout?.resume()
    return url
  }
  throw new Error('the service ended before it had joined its group')
}

async function measure({ topic, records }: Case, stack: Stack, trackerUrl: string): Promise<Result> {
  await fetch(`${trackerUrl}/_/reset`, { method: 'POST' })
  const child = startMeasured(sink, { stack, trackerUrl, groupId: `${topic}-${Date.now()}`, topic }, true)
  const exited = once(child, 'exit')
  const statusUrl = `${await joined(child)}/status`
  const begun = performance.now()
  const steady: number[] = []
  let open = 0
  let grownAt = begun
  let fullAt: number | undefined
  for (let isOver = false; !isOver; await sleep(LOOK_EVERY_MS)) {
    const { partitions } = (await (await fetch(statusUrl)).json()) as StatusDocument
    const now = performance.now()
    const openNow = partitions.reduce((sum, partition) => sum + partition.open, 0)
    if (openNow > open) [open, grownAt] = [openNow, now]
    if (now - grownAt > UNCHANGED_MS) fullAt ??= now
    if (fullAt !== undefined) steady.push(resident(child.pid as number).now)
    const isDelivered = (await countsOf(trackerUrl)).events >= records
    isOver = isDelivered || (!values.full && fullAt !== undefined && now - fullAt > Number(values.seconds) * 1_000)
  }
  const usage = await usageOf(child)
  const { peak: peakRssMiB } = resident(child.pid as number)
  child.kill('SIGTERM')
  await exited
  const { events: delivered } = await countsOf(trackerUrl)
  const steadyRssMiB = steady.reduce((sum, each) => sum + each, 0) / steady.length
  return { delivered, seconds: (performance.now() - begun) / 1_000, open, peakRssMiB, steadyRssMiB, usage }
}

function rowOf({ records, bytes }: Case, { delivered, seconds, open, peakRssMiB, steadyRssMiB, usage }: Result): string {
  const { p50, p99, max } = usage.loopDelayMs
  const delay = `${p50.toFixed(1)} / ${p99.toFixed(1)} / ${max.toFixed(1)}`
  const { heapUsed, external } = usage.memory
  const held = `${(heapUsed / MIB).toFixed(0)} + ${(external / MIB).toFixed(0)}`
  const cells = [records, bytes, delivered, seconds.toFixed(0), open, peakRssMiB.toFixed(0), steadyRssMiB.toFixed(0), held, delay]
  return `| ${cells.join(' | ')} |`
}

const cases = values.records.split(',').map((records, place): Case => {
  const bytes = Number(values.bytes.split(',')[place])
  return { topic: `bench.memory-${place}`, records: Number(records), bytes }
})
const stack = await startStack({ env: process.env, report })
const tracker = await startTracker('--latency', values.latency)
try {
  const rows: string[] = []
  for (const each of cases) {
    const { topic, records: count, bytes } = each
    // A record is about 130 bytes without its comment.
    await loadEvents(stack, { topic, partitions: PARTITIONS, count, commentBytes: Math.max(10, bytes - 130) }, report)
    rows.push(rowOf(each, await measure(each, stack, tracker.url)))
    report(rows.at(-1) ?? '')
  }
  process.stdout.write(`
${PARTITIONS} partitions, one broker, a tracker that answers after ${values.latency} ms, ${values.full ? 'until all is delivered' : `until ${values.seconds} s after the windows were full`}.
Wanted: at most ${WANTED.rssMiB} MiB resident from start to end, event loop at most ${WANTED.loopDelayMs} ms late (p99, since the group was joined).

| records | bytes | delivered | s | open at most | peak RSS MiB | mean RSS, full | heap + external MiB | loop late, ms: p50 / p99 / max |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}
`)
} finally {
  tracker.process.disconnect()
  await stack.stop()
}
