import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Alarm } from '../../src/pipeline/alarm.ts'
import { FakeClock } from '../support/fake-clock.ts'

function alarmed() {
  const clock = new FakeClock(0)
  const rung: number[] = []
  return { clock, rung, alarm: new Alarm(clock, () => rung.push(clock.now())) }
}

test('rings once, at the earliest of the times, with one timer', async () => {
  const { clock, rung, alarm } = alarmed()
  for (const time of [50, undefined, 80, 30, 40]) {
    alarm.at(time)
    assert.equal(clock.pending, 1)
  }
  await clock.advance(100)
  assert.deepEqual([rung, clock.pending], [[30], 0])
})

test('can be set again, also while it rings, and for a time that has passed', async () => {
  const clock = new FakeClock(0)
  const rung: number[] = []
  const alarm: Alarm = new Alarm(clock, () => {
    rung.push(clock.now())
    if (rung.length < 3) alarm.at(10)
  })
  alarm.at(20)
  await clock.advance(100)
  assert.deepEqual(rung, [20, 20, 20])
})

test('does not ring once it is cleared', async () => {
  const { clock, rung, alarm } = alarmed()
  alarm.at(50)
  alarm.clear()
  assert.equal(clock.pending, 0)
  alarm.at(70)
  await clock.advance(100)
  assert.deepEqual(rung, [70])
})
