/** Preloaded into each measured process: tells what it has used when it is asked. */
export interface Usage {
  /** CPU of the process since its start, user and system, in microseconds. */
  readonly cpuUs: number
  /** The most memory that it had resident, bytes. */
  readonly peakRssBytes: number
}

process.on('message', (message) => {
  if (message !== 'usage') return
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuUs: user + system, peakRssBytes: process.resourceUsage().maxRSS * 1_024 } satisfies Usage)
})
// Asked through a channel that must not keep the process alive.
process.channel?.unref()
