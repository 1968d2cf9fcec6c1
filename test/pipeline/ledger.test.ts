import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DoneBefore } from '../../src/core/offset-runs.ts'
import { Ledger } from '../../src/pipeline/ledger.ts'

/** Every order of the numbers below `count`. */
function permutations(count: number): number[][] {
  if (count === 0) return [[]]
  return permutations(count - 1).flatMap((order) =>
    Array.from({ length: count }, (_, at) => [...order.slice(0, at), count - 1, ...order.slice(at)]),
  )
}

/** The slow truth: the oldest offset that is not closed, else what follows everything read. */
function truth(offsets: readonly number[], closed: ReadonlySet<number>, next: number): number {
  return offsets.find((_, index) => !closed.has(index)) ?? next
}

test('whatever the order in which six records close, the commit point is always the oldest open one', () => {
  const offsets = [10, 11, 14, 15, 20, 21]
  for (const order of permutations(offsets.length)) {
    const ledger = new Ledger()
    const sequences = offsets.map((offset) => ledger.enter(offset))
    const closed = new Set<number>()
    for (const index of order) {
      assert.equal(ledger.commitPoint, truth(offsets, closed, 22))
      ledger.close(sequences[index] as number)
      closed.add(index)
      assert.equal(ledger.open, offsets.length - closed.size)
    }
    assert.equal(ledger.commitPoint, 22, 'all are closed: the offset after the last')
    assert.equal(ledger.span, 0)
  }
})

test('entering, closing and reading on in any mixture never moves the commit point past an open offset, nor back', () => {
  const action = fc.record({ kind: fc.constantFrom('enter', 'enter', 'close', 'read'), number: fc.nat(1_000) })
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const ledger = new Ledger()
      const offsets: number[] = []
      const closed = new Set<number>()
      let next = -1
      let before = -1
      for (const { kind, number } of actions) {
        const open = offsets.map((_, index) => index).filter((index) => !closed.has(index))
        if (kind === 'enter') {
          const offset = Math.max(next, 0) + (number % 3)
          assert.equal(ledger.enter(offset), offsets.length, 'sequences count the records, not the offsets')
          offsets.push(offset)
          next = offset + 1
        } else if (kind === 'close' && open.length > 0) {
          const index = open[number % open.length] as number
          ledger.close(index)
          closed.add(index)
        } else if (kind === 'read') {
          ledger.readUpTo(number)
          next = Math.max(next, number)
        }
        assert.equal(ledger.commitPoint, truth(offsets, closed, next))
        assert.equal(ledger.open, offsets.length - closed.size)
        assert.ok(ledger.commitPoint >= before)
        const done = new DoneBefore({ offset: ledger.commitPoint, runs: ledger.runs() })
        offsets.forEach((offset, index) => {
          if (offset >= ledger.commitPoint) assert.equal(done.has(offset), closed.has(index), `${offset} after a restart`)
        })
        before = ledger.commitPoint
      }
    }),
  )
})

test('a ledger keeps everything when more is open than its ring first holds, also where the ring has wrapped', () => {
  const ledger = new Ledger()
  const offsetOf = (sequence: number): number => sequence * 2
  for (let sequence = 0; sequence < 700; sequence += 1) ledger.close(ledger.enter(offsetOf(sequence)))
  for (let sequence = 700; sequence < 6_000; sequence += 1) assert.equal(ledger.enter(offsetOf(sequence)), sequence)
  assert.equal(ledger.open, 5_300)
  assert.equal(ledger.span, 5_300)
  for (let sequence = 5_999; sequence > 700; sequence -= 1) ledger.close(sequence)
  assert.equal(ledger.commitPoint, offsetOf(700), 'the oldest is open still')
  assert.equal(ledger.span, 5_300)
  ledger.close(700)
  assert.equal(ledger.commitPoint, offsetOf(5_999) + 1)
  assert.equal(ledger.span, 0)
})

test('each of a grown ledger is the commit point in its turn', () => {
  const ledger = new Ledger()
  for (let offset = 0; offset < 3_000; offset += 1) ledger.enter(offset)
  for (let offset = 0; offset < 3_000; offset += 1) {
    assert.equal(ledger.commitPoint, offset)
    ledger.close(offset)
  }
})

test('closing a record twice, or one that never entered, is said at once and changes nothing', () => {
  const ledger = new Ledger()
  const first = ledger.enter(5)
  const second = ledger.enter(6)
  ledger.close(second)
  for (const sequence of [second, 2, -1]) assert.throws(() => ledger.close(sequence), /closed twice or never entered/)
  assert.equal(ledger.open, 1)
  assert.equal(ledger.commitPoint, 5)
  ledger.close(first)
  for (const sequence of [first, second]) assert.throws(() => ledger.close(sequence), /closed twice or never entered/)
  assert.equal(ledger.open, 0)
  assert.equal(ledger.commitPoint, 7)
})

test('before anything is read there is no commit point, or the one that was given', () => {
  assert.equal(new Ledger().commitPoint, -1)
  assert.equal(new Ledger(42).commitPoint, 42)
})

test('offsets without a record count as read once nothing before them is open, and never move the commit point back', () => {
  const ledger = new Ledger()
  ledger.readUpTo(100)
  assert.equal(ledger.commitPoint, 100)
  ledger.readUpTo(50)
  assert.equal(ledger.commitPoint, 100)
  const sequence = ledger.enter(103)
  ledger.readUpTo(200)
  assert.equal(ledger.commitPoint, 103)
  ledger.close(sequence)
  assert.equal(ledger.commitPoint, 200)
})

test('the runs tell by turns how many offsets are open and done behind the commit point', () => {
  const ledger = new Ledger()
  const sequences = [10, 11, 12, 20, 21, 30].map((offset) => ledger.enter(offset))
  const close = (...indexes: number[]): void => {
    for (const index of indexes) ledger.close(sequences[index] as number)
  }
  assert.deepEqual(ledger.runs(), [])
  close(1)
  assert.deepEqual(ledger.runs(), [1, 1])
  close(3)
  assert.deepEqual(ledger.runs(), [1, 1, 8, 1], 'offsets without a record count with the one before them')
  close(5)
  ledger.readUpTo(40)
  assert.deepEqual(ledger.runs(), [1, 1, 8, 1, 9, 10])
  close(0)
  assert.deepEqual([ledger.commitPoint, ledger.runs()], [12, [8, 1, 9, 10]])
  close(2, 4)
  assert.deepEqual([ledger.commitPoint, ledger.runs()], [40, []])
  assert.equal(ledger.closed, 6)
})

test('the oldest open record is known by its timestamp and since when it is here, also after the ring has grown', () => {
  const ledger = new Ledger()
  assert.equal(ledger.oldest, undefined)
  const sequences = Array.from({ length: 3_000 }, (_, offset) => ledger.enter(offset, 10_000 + offset, 20_000 + offset))
  assert.deepEqual(ledger.oldest, { timestamp: 10_000, since: 20_000 })
  for (const sequence of sequences.slice(1, 2_000)) ledger.close(sequence)
  assert.deepEqual(ledger.oldest, { timestamp: 10_000, since: 20_000 })
  ledger.close(sequences[0] as number)
  assert.deepEqual(ledger.oldest, { timestamp: 12_000, since: 22_000 })
  for (const sequence of sequences.slice(2_000)) ledger.close(sequence)
  assert.equal(ledger.oldest, undefined)
})
