import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs, holdMs } from '../../src/pipeline/retry-policy.ts'

const policy = { attempts: 9, delayMs: 250, maxDelayMs: 5_000 }
const almostOne = 1 - Number.EPSILON

test('a back-off lies anywhere between nothing and a ceiling that doubles up to the longest delay', () => {
  const ceilings = [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]
  ceilings.forEach((ceiling, index) => {
    assert.equal(backoffMs(policy, index + 1, 0), 0)
    assert.equal(backoffMs(policy, index + 1, 0.5), ceiling / 2)
    assert.equal(backoffMs(policy, index + 1, almostOne), ceiling - 1)
  })
})

test('a back-off stays a number after any count of failures', () => {
  for (const attempts of [0, 1, 100, 1_023, 1_024, 5_000, 1e9]) {
    const delayMs = backoffMs(policy, attempts, 0.5)
    assert.ok(delayMs >= 125 && delayMs <= 2_500, String(delayMs))
  }
})

test('a hold for our own fault lasts 5 s at first, doubles up to a minute, and is cut by at most half', () => {
  const ceilings = [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]
  ceilings.forEach((ceiling, index) => {
    assert.equal(holdMs(index + 1, 0), ceiling / 2)
    assert.equal(holdMs(index + 1, 0.5), (ceiling * 3) / 4)
    assert.equal(holdMs(index + 1, almostOne), ceiling - 1)
  })
  assert.equal(holdMs(5_000, 0), 30_000)
})
