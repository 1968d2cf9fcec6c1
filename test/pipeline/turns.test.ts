import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kind } from '../../src/pipeline/turns.ts'
import { Turns } from '../../src/pipeline/turns.ts'

/** So many may go at once. */
class Pool {
  readonly #turns = new Turns()
  #free: number

  constructor(free: number) {
    this.#free = free
  }

  of(kind: Kind): Permits {
    return { take: (wake) => this.#take(kind, wake), give: () => this.#give() }
  }

  #take(kind: Kind, wake: () => void): boolean {
    if (this.#free === 0) {
      this.#turns.wait(kind, wake)
      return false
    }
    this.#free -= 1
    this.#turns.took(kind)
    return true
  }

  #give(): void {
    this.#free += 1
    this.#turns.wakeWhile(() => this.#free > 0)
  }
}

interface Permits {
  take(wake: () => void): boolean
  give(): void
}

function freePermits(permits: Permits): number {
  let free = 0
  while (permits.take(() => undefined)) free += 1
  for (let given = 0; given < free; given += 1) permits.give()
  return free
}

test('there are as many permits as were allowed, and each one given back can be had again', () => {
  const permits = new Pool(3).of('first')
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
  const permits = new Pool(1).of('first')
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
  const permits = new Pool(1).of('first')
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
  const pool = new Pool(1)
  const order: string[] = []
  greedy(pool.of('first'), 'first', order)()
  greedy(pool.of('retried'), 'retried', order)()
  for (let given = 0; given < 40; given += 1) pool.of('first').give()
  const places = order.flatMap((name, place) => (name === 'retried' ? [place] : []))
  assert.deepEqual(places, [10, 20, 30, 40])
})

test('with nobody before them, retried ones get all that there is; and so do first ones', () => {
  for (const kind of ['first', 'retried'] as const) {
    const pool = new Pool(3)
    const order: string[] = []
    greedy(pool.of(kind), kind, order)()
    for (let given = 0; given < 20; given += 1) pool.of(kind).give()
    assert.equal(order.length, 23)
  }
})

test('a retried one whose turn it is and that has nothing to send leaves the permit to the next', () => {
  const pool = new Pool(1)
  const order: string[] = []
  greedy(pool.of('first'), 'first', order)()
  let idle = 0
  const lazy = (): void => {
    idle += 1
  }
  pool.of('retried').take(lazy)
  for (let given = 0; given < 20; given += 1) pool.of('first').give()
  assert.deepEqual([order.length, idle], [21, 1])
})
