import { moveLeaders } from '../brokers.ts'
import type { Scenario } from '../scenario.ts'

export const leadersMoved: Scenario = {
  name: 'leaders-moved',
  title: 'of three brokers every leader moves, the coordinator too, twice',
  nodes: 3,
  twice: 'none',
  play: async (stage) => {
    stage.feed.start()
    await stage.start()
    await stage.start()
    let moved = 0
    for (const _ of [1, 2]) {
      await stage.more(3_000)
      moved += await moveLeaders(stage.cluster)
    }
    await stage.more(3_000)
    return `${moved} moves`
  },
}
