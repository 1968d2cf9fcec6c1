import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LagTrend } from '../../src/ops/lag-trend.ts'
import { StateWatch } from '../../src/ops/state-watch.ts'
import type { State } from '../../src/ops/verdict.ts'

/** Every five seconds one lag. */
function trendOf(lags: readonly number[]): LagTrend {
  const trend = new LagTrend()
  for (const [index, lag] of lags.entries()) trend.add(lag, index * 5_000)
  return trend
}

test('a lag that grows by a tenth and a thousand records in half a minute grows since then; others do not', () => {
  assert.equal(trendOf([0, 500, 1_000, 1_500, 2_000, 2_500, 3_000]).since, 0)
  assert.equal(trendOf([0, 500, 1_000, 1_500, 2_000, 2_500]).since, undefined, 'too early')
  assert.equal(trendOf([0, 100, 200, 300, 400, 500, 600]).since, undefined, 'too few')
  assert.equal(trendOf([90_000, 90_500, 91_000, 91_500, 92_000, 92_500, 93_000]).since, undefined, 'not a tenth')
  assert.equal(trendOf([0, 9_000, 8_000, 7_000, 6_000, 5_000, 4_000]).since, undefined, 'it falls already')
  const steps = Array.from({ length: 20 }, (_, index) => index * 1_000)
  assert.equal(trendOf(steps).since, 0)
  assert.equal(trendOf([...steps, 0]).since, undefined)
})

test('a change of state is said once, and only if it lasts', () => {
  const said: State[] = []
  const watch = new StateWatch(0, ({ state }) => said.push(state))
  const look = (state: State, at: number): void => watch.look({ state, verdict: '' }, at)
  look('idle', 1_000)
  look('idle', 2_999)
  assert.deepEqual(said, [])
  look('idle', 3_000)
  look('idle', 9_000)
  assert.deepEqual(said, ['idle'])
  look('delivering', 10_000)
  look('idle', 11_000)
  look('idle', 20_000)
  assert.deepEqual(said, ['idle'])
  assert.equal(watch.since, 11_000)
  look('blocked', 21_000)
  look('blocked', 24_000)
  assert.deepEqual(said, ['idle', 'blocked'])
  assert.equal(watch.since, 21_000)
})
