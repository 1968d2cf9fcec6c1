/** Preloaded into each measured process: tells what it has used when it is asked. */
import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface Usage {
  /** CPU of the process since its start, user and system, in microseconds. */
  readonly cpuUs: number
  /** The most memory that it had resident, bytes. */
  readonly peakRssBytes: number
  readonly memory: NodeJS.MemoryUsage
  /** How late the event loop was since `watch` was sent last, milliseconds. */
  readonly loopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number }
}

/** Every so often the event loop is looked at; what a look is late is its delay. Milliseconds. */
const LOOK_EVERY_MS = 5
const loopDelay = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS })
const delayMs = (ns: number): number => Math.max(0, ns / 1e6 - LOOK_EVERY_MS)

process.on('message', (message) => {
  if (message === 'watch') {
    loopDelay.reset()
    loopDelay.enable()
  }
  if (message !== 'usage') return
  const { user, system } = process.cpuUsage()
  process.send?.({
    cpuUs: user + system,
    peakRssBytes: process.resourceUsage().maxRSS * 1_024,
    memory: process.memoryUsage(),
    loopDelayMs: {
      p50: delayMs(loopDelay.percentile(50)),
      p99: delayMs(loopDelay.percentile(99)),
      max: delayMs(loopDelay.max),
    },
  } satisfies Usage)
})
// Asked through a channel that must not keep the process alive.
process.channel?.unref()
