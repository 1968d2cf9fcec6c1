import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hold } from '../../src/pipeline/hold.ts'
import { FakeClock } from '../support/fake-clock.ts'

function holding(): { hold: Hold; clock: FakeClock; due: number[] } {
  const clock = new FakeClock(0)
  const due: number[] = []
  const hold = new Hold({ clock, times: { afterMs: 5_000, maxMs: 60_000 }, onDue: () => due.push(clock.now()) })
  return { hold, clock, due }
}

test('probes become due after the first wait, then after twice as long each, up to the longest', async () => {
  const { hold, clock, due } = holding()
  hold.open('503')
  for (let probes = 0; probes < 7; probes += 1) {
    await clock.advance(60_000)
    const probe = hold.go()
    assert.ok(probe !== undefined)
    assert.equal(hold.failed(probe, 'still 503'), true)
  }
  const waits = due.map((at, index) => at - 60_000 * index)
  assert.deepEqual(waits, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000])
  assert.deepEqual(hold.held, { since: 0, detail: 'still 503' })
})

test('one request goes when a probe is due, and no other until that one is answered', async () => {
  const { hold, clock } = holding()
  assert.equal(hold.admits, true)
  assert.equal(hold.go(), undefined, 'nothing is held: it is no probe')
  hold.open('503')
  assert.equal(hold.admits, false)
  await clock.advance(5_000)
  assert.equal(hold.admits, true)
  assert.ok(hold.go() !== undefined)
  assert.equal(hold.admits, false)
  await clock.advance(600_000)
  assert.equal(hold.admits, false)
})

test('the answer to a probe of what is over tells nothing of what began after it', async () => {
  const { hold, clock } = holding()
  hold.open('first')
  await clock.advance(5_000)
  const late = hold.go()
  hold.close()
  hold.open('second')
  await clock.advance(5_000)
  assert.ok(late !== undefined && hold.go() !== undefined)
  assert.equal(hold.failed(late, 'late'), false)
  hold.undecided(late)
  assert.deepEqual([hold.kind, hold.held?.detail], ['probing', 'second'])
})

test('a probe that decides nothing is followed by one that waits no longer than the first', async () => {
  const { hold, clock, due } = holding()
  hold.open('503')
  await clock.advance(5_000)
  hold.failed(hold.go() ?? { since: 0 }, '503')
  await clock.advance(10_000)
  hold.undecided(hold.go() ?? { since: 0 })
  await clock.advance(5_000)
  assert.deepEqual(due, [5_000, 15_000, 20_000])
})

test('what is over leaves no timer behind', async () => {
  const { hold, clock, due } = holding()
  hold.open('503')
  hold.close()
  assert.equal(clock.pending, 0)
  await clock.advance(60_000)
  assert.deepEqual([due, hold.held], [[], undefined])
})
