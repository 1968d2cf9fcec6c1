/**
 * `npm run bench:simulator`: what the stand-in tracker takes for a request of twenty events. Sender and stand-in share the machine's cores,
 * so that requests a second say as much about the sender; the CPU time of the stand-in's own process is the figure to go by.
 */

import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import type { Usage } from './usage.ts'

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '20000' }, runs: { type: 'string', default: '5' } },
})
const REQUESTS = Number(values.requests)
const RUNS = Number(values.runs)
const CONNECTIONS = 16
const EVENTS = 20

const here = (file: string): string => new URL(file, import.meta.url).pathname

/** Journals to measure, by the flags that choose them. */
const journals = [
  { name: 'hits kept', flags: [] },
  { name: '--count-only', flags: ['--count-only'] },
]

/** About 240 bytes an event, as an order of a shop has. */
function batch(number: number): string {
  const events = Array.from({ length: EVENTS }, (_, place) => ({
    customUserId: `user-${(number * EVENTS + place) % 5_000}`,
    eventTimestamp: 1_790_000_000 + number,
    ipv4: '203.0.113.7',
    customEventName: 'orderPlaced',
    customEventParams: { orderId: `${number}-${place}`, amount: '1499.00', currency: 'RUB', channel: 'web', coupon: 'none' },
  }))
  return JSON.stringify(events)
}

interface Result {
  readonly cpuUs: number
  readonly perSecond: number
}

async function startTracker(flags: readonly string[]): Promise<{ url: string; child: ChildProcess }> {
  const child = fork(here('../src/main.ts'), ['simulate', '--port', '0', ...flags], {
    execArgv: ['--import', here('usage.ts')],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const [first] = (await once(createInterface(child.stdout as NodeJS.ReadableStream), 'line')) as [string]
  return { url: (JSON.parse(first) as { url: string }).url, child }
}

async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('usage')
  const [usage] = (await once(child, 'message')) as [Usage]
  return usage.cpuUs
}

async function send(pool: Pool, bodies: readonly string[], requests: number): Promise<void> {
  let next = 0
  const sender = async (): Promise<void> => {
    while (next < requests) {
      const response = await pool.request({
        method: 'POST',
        path: '/v1/customEventBatch/?idApp=666',
        headers: { authorization: 'token', 'content-type': 'application/json' },
        body: bodies[next++ % bodies.length] as string,
      })
      await response.body.dump()
      if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, sender))
}

async function measure(flags: readonly string[], bodies: readonly string[]): Promise<Result> {
  const { url, child } = await startTracker(flags)
  const pool = new Pool(url, { connections: CONNECTIONS })
  try {
    // Its code is compiled by the engine while the first thousands are served.
    await send(pool, bodies, REQUESTS / 4)
    const cpuBefore = await cpuOf(child)
    const startedAt = performance.now()
    await send(pool, bodies, REQUESTS)
    const tookMs = performance.now() - startedAt
    return { cpuUs: ((await cpuOf(child)) - cpuBefore) / REQUESTS, perSecond: (REQUESTS / tookMs) * 1_000 }
  } finally {
    await pool.destroy()
    const exited = once(child, 'exit')
    child.disconnect()
    await exited
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const bodies = Array.from({ length: 500 }, (_, number) => batch(number))
const print = (line: string): void => void process.stdout.write(`${line}\n`)
print(
  `${RUNS} runs of ${REQUESTS} requests of ${EVENTS} events, ${bodies[0]?.length} bytes each, Node ${process.versions.node}\n`,
)
print(
  `| journal, median of ${RUNS} | CPU µs/request | requests/s of one core | requests/s beside the sender |\n| --- | ---: | ---: | ---: |`,
)
for (const { name, flags } of journals) {
  const results: Result[] = []
  for (let run = 0; run < RUNS; run += 1) results.push(await measure(flags, bodies))
  const cpuUs = median(results.map((result) => result.cpuUs))
  const perSecond = median(results.map((result) => result.perSecond))
  print(`| ${name} | ${cpuUs.toFixed(0)} | ${(1_000_000 / cpuUs).toFixed(0)} | ${perSecond.toFixed(0)} |`)
}
