import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from '../scenario.ts'

const REFUSED_MS = 60_000
const [ANDROID, WEB] = ['1', '2']

export const appRefused: Scenario = {
  name: 'app-refused',
  title: 'one of two apps, in the same partitions, is answered 403 for a minute',
  nodes: 1,
  twice: 'none',
  twoApps: true,
  config: ['retry: { replicationFactor: 1, tiers: [1s, 3s] }'],
  play: async (stage) => {
    stage.feed.start()
    await stage.start()
    await stage.more(2_000)
    const before = Date.now()
    await sleep(stage.scaled(REFUSED_MS) / 2)
    const usual = stage.rate(before, Date.now(), ANDROID)
    stage.fault = ({ idApp }) => (idApp === WEB ? { status: 403 } : undefined)
    const from = Date.now()
    await sleep(stage.scaled(REFUSED_MS))
    const rate = stage.rate(from, Date.now(), ANDROID)
    assert.ok(rate >= 0.9 * usual, `the other app had ${rate.toFixed(0)} events a second, before ${usual.toFixed(0)}`)
    assert.equal(stage.rate(from + 1_000, Date.now(), WEB), 0)
    stage.fault = undefined
    await stage.more(2_000)
    return `the other app keeps ${((100 * rate) / usual).toFixed(0)} % of its rate; ${await stage.parked()} parked`
  },
}
