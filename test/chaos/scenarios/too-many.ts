import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from '../scenario.ts'

const TIMES = 5
const PAUSE_MS = 3_000
/** What was on its way when the wish came. */
const IN_FLIGHT_MS = 250

export const tooMany: Scenario = {
  name: 'too-many',
  title: 'five times a 429 with Retry-After: 3',
  nodes: 1,
  twice: 'none',
  play: async (stage) => {
    stage.feed.start()
    await stage.start()
    for (let time = 0; time < TIMES; time += 1) {
      await stage.more(2_000)
      let asked = 0
      const inPause: number[] = []
      stage.fault = () => {
        asked ||= Date.now()
        const sinceMs = Date.now() - asked
        if (sinceMs > IN_FLIGHT_MS && sinceMs < PAUSE_MS) inPause.push(sinceMs)
        return sinceMs < PAUSE_MS ? { status: 429, headers: { 'retry-after': '3' } } : undefined
      }
      await sleep(PAUSE_MS + 1_000)
      stage.fault = undefined
      assert.deepEqual(inPause, [], 'requests in the pause, milliseconds after it was asked for')
    }
    assert.equal(await stage.parked(), 0)
    return 'no request inside a pause, none parked'
  },
}
