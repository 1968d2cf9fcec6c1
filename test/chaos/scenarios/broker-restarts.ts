import { onlyNode } from '../brokers.ts'
import type { Scenario } from '../scenario.ts'

export const brokerRestarts: Scenario = {
  name: 'broker-restarts',
  title: 'the only broker is restarted, twice',
  nodes: 1,
  twice: 'reported',
  play: async (stage) => {
    const node = onlyNode(stage)
    stage.feed.start()
    await stage.start()
    for (const _ of [1, 2]) {
      await stage.more(3_000)
      await node.stop()
      await node.revive()
    }
    await stage.more(3_000)
    return ''
  },
}
