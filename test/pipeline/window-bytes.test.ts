import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WindowBytes } from '../../src/pipeline/window-bytes.ts'

test('whoever found the windows full is woken once, when there is room again', () => {
  const bytes = new WindowBytes(100)
  let woken = 0
  const wake = (): void => {
    woken += 1
  }
  assert.ok(bytes.hasRoom(wake))
  bytes.take(150)
  assert.ok(!bytes.hasRoom(wake))
  assert.ok(!bytes.hasRoom(wake))
  bytes.give(50)
  assert.equal(woken, 0, '100 of 100 are held')
  bytes.give(1)
  assert.equal(woken, 1)
  bytes.give(99)
  assert.equal(woken, 1)
  assert.equal(bytes.used, 0)
})

test('of those who are woken, one who finds the windows full again waits for the next time', () => {
  const bytes = new WindowBytes(10)
  bytes.take(10)
  const takers = [0, 0]
  const wakes = takers.map((_, index) => {
    const wake = (): void => {
      if (!bytes.hasRoom(wake)) return
      bytes.take(10)
      takers[index] = (takers[index] as number) + 1
    }
    return wake
  })
  for (const wake of wakes) wake()
  bytes.give(10)
  assert.deepEqual(takers, [1, 0])
  bytes.give(10)
  assert.deepEqual(takers, [1, 1])
})
