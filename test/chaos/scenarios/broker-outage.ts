import { setTimeout as sleep } from 'node:timers/promises'
import { onlyNode } from '../brokers.ts'
import type { Scenario } from '../scenario.ts'

const OUTAGE_MS = 60_000

export const brokerOutage: Scenario = {
  name: 'broker-outage',
  title: 'the only broker is gone for a minute',
  nodes: 1,
  twice: 'reported',
  play: async (stage) => {
    const node = onlyNode(stage)
    stage.feed.start()
    await stage.start()
    await stage.more(3_000)
    await node.stop()
    await sleep(stage.scaled(OUTAGE_MS))
    await node.revive()
    const startedAt = Date.now()
    await stage.more(3_000)
    return `delivers again ${((Date.now() - startedAt) / 1_000).toFixed(1)} s after the broker's return`
  },
}
