/** `npm run bench`: the sink and the baseline in turn over the same records on a real broker, against the stand-in tracker in its own process. */

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Stack } from '../src/stack/stack.ts'
import { startStack } from '../src/stack/stack.ts'
import { loadEvents, TOPIC } from './events.ts'
import type { Measured, TrackerCounts } from './processes.ts'
import { countsOf, here, sink, startMeasured, startTracker, usageOf } from './processes.ts'

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '300000' },
    runs: { type: 'string', default: '3' },
  },
})
const EVENTS = Number(values.events)
const RUNS = Number(values.runs)
const PARTITIONS = 6
/** A run that takes longer than this has gone wrong. */
const RUN_MS_MAX = 120_000

interface Contender extends Measured {
  readonly name: string
}

const contenders: readonly Contender[] = [
  { name: 'mytracker-sink', ...sink },
  { name: 'baseline', module: here('baseline.ts'), args: [] },
]

interface Result {
  readonly eventsPerSecond: number
  /** From the start of the process to the last accepted event, start-up included. */
  readonly cpuUsPerEvent: number
  /** From the first accepted event on. */
  readonly steadyCpuUsPerEvent: number
  readonly peakRssMiB: number
  readonly eventsPerRequest: number
  /** Accepted beyond what there was to accept. */
  readonly twice: number
}

async function measure({ name, ...measured }: Contender, stack: Stack, trackerUrl: string): Promise<Result> {
  await fetch(`${trackerUrl}/_/reset`, { method: 'POST' })
  const groupId = `bench-${name}-${Date.now()}`
  const child = startMeasured(measured, { stack, trackerUrl, groupId, topic: TOPIC })
  const exited = once(child, 'exit')
  const begun = await reached(trackerUrl, 1, child)
  const early = await usageOf(child)
  const counts = begun.events >= EVENTS ? begun : await reached(trackerUrl, EVENTS, child)
  const { cpuUs, peakRssBytes } = await usageOf(child)
  child.kill('SIGTERM')
  await exited
  const after = await countsOf(trackerUrl)
  const ms = (counts.lastAcceptedAt ?? 0) - (counts.firstAcceptedAt ?? 0)
  return {
    eventsPerSecond: (EVENTS / ms) * 1_000,
    cpuUsPerEvent: cpuUs / EVENTS,
    steadyCpuUsPerEvent: (cpuUs - early.cpuUs) / (EVENTS - begun.events),
    peakRssMiB: peakRssBytes / 1_048_576,
    eventsPerRequest: after.events / after.acceptedRequests,
    twice: after.events - EVENTS,
  }
}

async function reached(trackerUrl: string, events: number, child: ChildProcess): Promise<TrackerCounts> {
  for (const deadline = Date.now() + RUN_MS_MAX; Date.now() < deadline; await sleep(20)) {
    if (child.exitCode !== null) throw new Error(`the measured process ended with ${child.exitCode}`)
    const counts = await countsOf(trackerUrl)
    if (counts.events >= events) return counts
  }
  throw new Error(`${events} events were not accepted within ${RUN_MS_MAX / 1_000} s`)
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const columns: readonly { readonly title: string; readonly of: (result: Result) => number; readonly digits: number }[] = [
  { title: 'events/s', of: (result) => result.eventsPerSecond, digits: 0 },
  { title: 'CPU µs/event', of: (result) => result.cpuUsPerEvent, digits: 1 },
  { title: 'without start-up', of: (result) => result.steadyCpuUsPerEvent, digits: 1 },
  { title: 'peak RSS MiB', of: (result) => result.peakRssMiB, digits: 0 },
  { title: 'events/request', of: (result) => result.eventsPerRequest, digits: 2 },
  { title: 'sent twice', of: (result) => result.twice, digits: 0 },
]

function table(results: ReadonlyMap<string, readonly Result[]>): string {
  const head = `| median of ${RUNS} | ${columns.map(({ title }) => title).join(' | ')} |`
  const rule = `| --- |${columns.map(() => ' ---: |').join('')}`
  const medians = [...results].map(([name, runs]) => ({ name, values: columns.map(({ of }) => median(runs.map(of))) }))
  const rows = medians.map(
    ({ name, values }) => `| ${name} | ${values.map((value, at) => value.toFixed(columns[at]?.digits)).join(' | ')} |`,
  )
  const [ours, theirs] = medians
  const ratios = columns.map((_, at) => ((ours?.values[at] ?? Number.NaN) / (theirs?.values[at] ?? Number.NaN)).toFixed(2))
  return [head, rule, ...rows, `| ratio | ${ratios.slice(0, -1).join(' | ')} | |`].join('\n')
}

const report = (line: string): void => void process.stderr.write(`${line}\n`)
const stack = await startStack({ env: process.env, report })
const tracker = await startTracker()
try {
  await loadEvents(stack, { topic: TOPIC, partitions: PARTITIONS, count: EVENTS }, report)
  const results = new Map<string, Result[]>(contenders.map(({ name }) => [name, []]))
  for (let run = 1; run <= RUNS; run += 1) {
    for (const contender of contenders) {
      const result = await measure(contender, stack, tracker.url)
      results.get(contender.name)?.push(result)
      const { eventsPerSecond, cpuUsPerEvent, steadyCpuUsPerEvent } = result
      report(
        `run ${run}, ${contender.name}: ${eventsPerSecond.toFixed(0)} events/s, ${cpuUsPerEvent.toFixed(1)} µs CPU an event (${steadyCpuUsPerEvent.toFixed(1)} without start-up)`,
      )
    }
  }
  const printed = `${EVENTS} events of about 200 bytes, ${PARTITIONS} partitions, one broker, Node ${process.versions.node}, ${availableParallelism()} cores shared with broker, registry and tracker.\n\n${table(results)}\n`
  process.stdout.write(`\n${printed}`)
  writeFileSync(here('last-table.md'), `<!-- What \`npm run bench\` printed last. -->\n\n${printed}`)
} finally {
  tracker.process.disconnect()
  await stack.stop()
}
