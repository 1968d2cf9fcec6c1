import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Permits } from '../../src/pipeline/limits.ts'
import { PermitPool, WindowBytes } from '../../src/pipeline/limits.ts'
import { freePermits } from '../support/pipeline-fakes.ts'

test('there are as many permits as were allowed, and each one given back can be had again', () => {
  const permits = new PermitPool(3).first
  assert.equal(freePermits(permits), 3)
  for (const expected of [true, true, true, false])
    assert.equal(
      permits.take(() => undefined),
      expected,
    )
  permits.give()
  assert.equal(freePermits(permits), 1)
})

test('those who found no permit are woken in turn, one for each permit given back', () => {
  const permits = new PermitPool(1).first
  const order: string[] = []
  const wakes = ['a', 'b', 'c'].map((name) => {
    const wake = (): void => {
      if (permits.take(wake)) order.push(name)
    }
    return wake
  })
  for (const wake of wakes) wake()
  // The first took the permit and asks for more at once: it stands behind the others.
  wakes[0]?.()
  for (let given = 0; given < 6; given += 1) {
    permits.give()
    const last = ['a', 'b', 'c'].indexOf(order.at(-1) as string)
    wakes[last]?.()
  }
  assert.deepEqual(order, ['a', 'b', 'c', 'a', 'b', 'c', 'a'])
})

test('one who waits twice is woken once, and one who has nothing to send lets the next one have the permit', () => {
  const permits = new PermitPool(1).first
  permits.take(() => undefined)
  const woken: string[] = []
  const idle = (): void => void woken.push('idle')
  const busy = (): void => {
    if (permits.take(busy)) woken.push('busy')
  }
  permits.take(idle)
  permits.take(idle)
  permits.take(busy)
  permits.give()
  assert.deepEqual(woken, ['idle', 'busy'])
  assert.equal(freePermits(permits), 0)
})

/** Takes whenever it may, and writes down its name each time. */
function greedy(permits: Permits, name: string, order: string[]): () => void {
  const wake = (): void => {
    while (permits.take(wake)) order.push(name)
  }
  return wake
}

test('while first deliveries wait, a retried one gets every tenth permit', () => {
  const pool = new PermitPool(1)
  const order: string[] = []
  greedy(pool.first, 'first', order)()
  greedy(pool.retried, 'retried', order)()
  for (let given = 0; given < 40; given += 1) pool.first.give()
  const places = order.flatMap((name, place) => (name === 'retried' ? [place] : []))
  assert.deepEqual(places, [10, 20, 30, 40])
})

test('with nobody before them, retried ones get all that there is; and so do first ones', () => {
  for (const kind of ['first', 'retried'] as const) {
    const pool = new PermitPool(3)
    const order: string[] = []
    greedy(pool[kind], kind, order)()
    for (let given = 0; given < 20; given += 1) pool[kind].give()
    assert.equal(order.length, 23)
  }
})

test('a retried one whose turn it is and that has nothing to send leaves the permit to the next', () => {
  const pool = new PermitPool(1)
  const order: string[] = []
  greedy(pool.first, 'first', order)()
  let idle = 0
  const lazy = (): void => {
    idle += 1
  }
  pool.retried.take(lazy)
  for (let given = 0; given < 20; given += 1) pool.first.give()
  assert.deepEqual([order.length, idle], [21, 1])
})

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
