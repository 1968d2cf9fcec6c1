import type { Scenario } from '../scenario.ts'

export const scale: Scenario = {
  name: 'scale',
  title: 'one instance, then three, then one',
  nodes: 1,
  twice: 'none',
  play: async (stage) => {
    stage.feed.start()
    await stage.start()
    await stage.more(2_000)
    const others = [await stage.start(), await stage.start()]
    await stage.more(4_000)
    for (const other of others) {
      await stage.stop(other)
      await stage.more(2_000)
    }
    return ''
  },
}
