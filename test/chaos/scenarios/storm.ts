import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from '../../../src/simulator/faults.ts'
import { randomOf } from '../../support/seeded-random.ts'
import type { Scenario } from '../scenario.ts'

const STORM_MS = 60_000

export const storm: Scenario = {
  name: 'storm',
  title: 'for a minute half of the requests meet a 500, a 429, a reset, silence, or an answer that is lost',
  nodes: 1,
  twice: 'bounded',
  order: 'reported',
  config: ['retry: { replicationFactor: 1, tiers: [1s, 3s] }', 'breaker: { failures: 10, probeAfter: 1s }'],
  play: async (stage) => {
    const random = randomOf(7)
    const fates: readonly Fault[] = [
      ...[{ status: 500 }, { status: 502 }, { reset: 'before' }, { hang: true }],
      ...[{ reset: 'after' }, { acceptThenHang: true }, { status: 429, headers: { 'retry-after': '1' } }],
    ] as Fault[]
    stage.feed.start()
    await stage.start()
    await stage.more(2_000)
    let met = 0
    stage.fault = ({ events }) => {
      if (random() < 0.5) return undefined
      met += 1
      const fate = fates[Math.floor(random() * fates.length)] as Fault
      // Accepted, and nobody hears of it.
      if ('acceptThenHang' in fate || ('reset' in fate && fate.reset === 'after')) stage.allowedTwice += events?.length ?? 0
      return fate
    }
    await sleep(stage.scaled(STORM_MS))
    stage.fault = undefined
    await stage.more(2_000)
    return `${met} requests met one of them, ${await stage.parked()} records were parked`
  },
}
