import assert from 'node:assert/strict'
import { restore } from '../../support/failover.ts'
import { CommitGap, coordinator } from '../brokers.ts'
import type { Scenario } from '../scenario.ts'

/** From the order to stop until a commit has come through again. */
const COMMITS_AGAIN_MS = 5_000

export const coordinatorStopped: Scenario = {
  name: 'coordinator-stopped',
  title: "of three brokers the group's coordinator is stopped (SIGTERM), and comes back",
  nodes: 3,
  twice: 'none',
  play: async (stage) => {
    const { cluster } = stage
    stage.feed.start()
    await stage.start()
    await stage.start()
    await stage.more(3_000)
    const node = await coordinator(cluster)
    const gap = new CommitGap(stage)
    await node.stop()
    await stage.more(3_000)
    const gapMs = await gap.stop()
    await restore(cluster, node)
    await stage.more(3_000)
    assert.ok(gapMs <= COMMITS_AGAIN_MS, `no commit came through for ${gapMs} ms`)
    return `commits again within ${(gapMs / 1_000).toFixed(1)} s`
  },
}
