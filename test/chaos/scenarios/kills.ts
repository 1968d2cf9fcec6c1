import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from '../scenario.ts'

const BETWEEN_MS = 5_000

/** Its ghost holds the group up until its session of 6 s is over; then it delivers for 5 s, what has piled up first, until the next kill. */
export const kills: Scenario = {
  name: 'kills',
  title: 'SIGKILL after every 5 s of delivering, started again at once',
  nodes: 1,
  twice: 'bounded',
  play: async (stage) => {
    stage.feed.start()
    const instance = await stage.start()
    const count = stage.scaled(5)
    for (let kill = 1; kill <= count; kill += 1) {
      await stage.more(400)
      await sleep(stage.scaled(BETWEEN_MS))
      await stage.kill(instance)
    }
    await stage.more(2_000)
    return `${count} kills`
  },
}
