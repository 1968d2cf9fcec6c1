import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Sampler } from '../../src/telemetry/sampler.ts'

const at = (): { now: number; readonly sampler: Sampler } => {
  const clock = { now: 0 }
  const sampler = new Sampler(() => clock.now)
  return Object.assign(clock, { sampler })
}

test('the first of its kind is said, its repeats are held back for 10 s and then counted', () => {
  const time = at()
  assert.equal(time.sampler.take('a'), 0)
  for (const now of [0, 1, 5_000, 9_999]) {
    time.now = now
    assert.equal(time.sampler.take('a'), undefined)
  }
  time.now = 10_000
  assert.equal(time.sampler.take('a'), 4)
  time.now = 10_001
  assert.equal(time.sampler.take('a'), undefined)
  time.now = 20_000
  assert.equal(time.sampler.take('a'), 1)
})

test('kinds are held back apart from each other', () => {
  const { sampler } = at()
  assert.deepEqual([sampler.take('a'), sampler.take('b'), sampler.take('a'), sampler.take('b')], [0, 0, undefined, undefined])
})

test('what is over is said at once when it begins anew', () => {
  const { sampler } = at()
  sampler.take('a')
  sampler.take('a')
  sampler.forget('a')
  assert.equal(sampler.take('a'), 0)
})

test('however many kinds there are, only so many are remembered', () => {
  const { sampler } = at()
  for (let kind = 0; kind < 1_000; kind += 1) sampler.take(`${kind}`)
  assert.equal(sampler.take('0'), undefined)
  sampler.take('one too many')
  assert.equal(sampler.take('0'), 0)
})
