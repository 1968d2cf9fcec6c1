import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from '../scenario.ts'

const WRONG_MS = 30_000

export const wrongEndpoint: Scenario = {
  name: 'wrong-endpoint',
  title: 'the tracker answers 404 for half a minute',
  nodes: 1,
  twice: 'none',
  play: async (stage) => {
    stage.feed.start()
    await stage.start()
    await stage.more(2_000)
    stage.fault = () => ({ status: 404 })
    const before = stage.requests
    await sleep(stage.scaled(WRONG_MS))
    const requests = stage.requests - before
    stage.fault = undefined
    await stage.more(2_000)
    assert.equal(await stage.parked(), 0)
    return `${requests} requests meanwhile, none parked`
  },
}
