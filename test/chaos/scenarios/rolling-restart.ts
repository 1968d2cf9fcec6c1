import assert from 'node:assert/strict'
import type { Scenario } from '../scenario.ts'

export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  title: 'two instances, restarted one after the other with SIGTERM, twice',
  nodes: 1,
  twice: 'none',
  play: async (stage) => {
    stage.feed.start()
    const instances = [await stage.start(), await stage.start()]
    for (const instance of [...instances, ...instances]) {
      await stage.more(2_000)
      assert.equal(await instance.replace('SIGTERM'), 0, 'the drain was not clean')
      await instance.joined()
    }
    await stage.more(2_000)
    return '4 restarts'
  },
}
