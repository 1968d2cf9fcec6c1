import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from '../scenario.ts'
import { EVENTS_PER_SECOND } from '../stage.ts'

const DOWN_MS = 120_000
const PROBE_MAX_MS = 60_000
/** Full rate is due so long after the first success. */
const BACK_MS = 5_000

export const trackerDown: Scenario = {
  name: 'tracker-down',
  title: 'the tracker answers 503 for two minutes',
  nodes: 1,
  twice: 'none',
  order: 'reported',
  config: ['retry: { replicationFactor: 1, tiers: [1s, 3s] }'],
  play: async (stage) => {
    stage.feed.start()
    await stage.start()
    await stage.more(2_000)
    stage.fault = () => ({ status: 503 })
    const before = stage.requests
    await sleep(2_000)
    // Opened by now: what follows are probes.
    const opened = { requests: stage.requests, parked: await stage.parked() }
    await sleep(stage.scaled(DOWN_MS) - 2_000)
    const probes = stage.requests - opened.requests
    const parked = (await stage.parked()) - opened.parked
    const batches = Math.ceil(parked / 20)
    assert.ok(batches <= Math.ceil(probes / 4), `${batches} batches were parked, for ${probes} probes`)
    stage.fault = undefined
    const accepted = stage.hits.length
    await stage.more(1, PROBE_MAX_MS + BACK_MS)
    const backAt = stage.hits[accepted]?.at ?? Date.now()
    await sleep(Math.max(0, backAt + 2 * BACK_MS - Date.now()))
    const rate = stage.rate(backAt + BACK_MS, backAt + 2 * BACK_MS)
    assert.ok(rate >= 0.9 * EVENTS_PER_SECOND, `${rate} events a second after the recovery`)
    return `${opened.requests - before} requests until it was held, then ${probes} probes, ${parked} parked; from 5 s after the first success ${rate.toFixed(0)} events a second`
  },
}
