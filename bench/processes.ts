/** The processes that benchmarks start, and what they are asked. */
import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Stack } from '../src/stack/stack.ts'
import { YOUNG_GENERATION_FLAG } from '../src/young-generation.ts'
import type { Usage } from './usage.ts'

export const here = (file: string): string => new URL(file, import.meta.url).pathname

export interface Measured {
  readonly module: string
  readonly args: readonly string[]
  /** Of Node. */
  readonly flags?: readonly string[]
}

/** What `run` is started with to be measured; the flag is what it begins anew with where no channel is in its way. */
export const sink: Measured = {
  module: here('../src/main.ts'),
  args: ['run', '--config', here('sink.yaml')],
  flags: [YOUNG_GENERATION_FLAG],
}

export interface TrackerCounts {
  readonly events: number
  readonly acceptedRequests: number
  readonly firstAcceptedAt: number | null
  readonly lastAcceptedAt: number | null
}

/** The stand-in tracker in a process of its own, which keeps no events. */
export async function startTracker(...flags: readonly string[]): Promise<{ url: string; process: ChildProcess }> {
  const child = fork(here('../src/main.ts'), ['simulate', '--port', '0', '--count-only', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const [first] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  const { url } = JSON.parse(first.toString().split('\n')[0] ?? '') as { url: string }
  return { url, process: child }
}

export async function countsOf(trackerUrl: string): Promise<TrackerCounts> {
  return (await (await fetch(`${trackerUrl}/_/counts`)).json()) as TrackerCounts
}

/** A process that `usageOf` can ask. `log`: whether its standard output is for the caller to read. */
export function startMeasured(
  { module, args, flags = [] }: Measured,
  env: { readonly stack: Stack; readonly trackerUrl: string; readonly groupId: string; readonly topic: string },
  log = false,
): ChildProcess {
  return fork(module, [...args], {
    execArgv: [...flags, '--import', here('usage.ts')],
    stdio: ['ignore', log ? 'pipe' : 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      BENCH_BROKER: env.stack.brokers[0],
      BENCH_GROUP: env.groupId,
      BENCH_REGISTRY: env.stack.registryUrl,
      BENCH_TOPIC: env.topic,
      BENCH_TRACKER: env.trackerUrl,
    },
  })
}

export async function usageOf(child: ChildProcess): Promise<Usage> {
  child.send('usage')
  const [usage] = (await once(child, 'message')) as [Usage]
  return usage
}
