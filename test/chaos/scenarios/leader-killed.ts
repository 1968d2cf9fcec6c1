import { busiestNode, leadersMoved, restore } from '../../support/failover.ts'
import type { Scenario } from '../scenario.ts'

export const leaderKilled: Scenario = {
  name: 'leader-killed',
  title: 'of three brokers one that leads partitions is killed (SIGKILL), and comes back',
  nodes: 3,
  twice: 'none',
  play: async (stage) => {
    const { cluster, topic } = stage
    stage.feed.start()
    await stage.start()
    await stage.start()
    await stage.more(3_000)
    const { node, leads } = await busiestNode(cluster, topic)
    await node.kill()
    await leadersMoved(cluster, topic, node)
    await stage.more(3_000)
    await restore(cluster, node)
    await stage.more(3_000)
    return `it led ${leads} partitions`
  },
}
