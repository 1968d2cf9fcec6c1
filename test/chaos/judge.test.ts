import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge } from './judge.ts'

/** `key` by key, offsets counting up in one partition. */
const logOf = (keys: string) => [...keys].map((key, offset) => ({ id: String(offset), partition: 0, offset, key }))

test('what arrived once and in the order of its keys is without fault, whatever the order between keys', () => {
  assert.deepEqual(judge(logOf('abab'), ['1', '0', '3', '2']), {
    ...{ produced: 4, accepted: 4, lost: 0, twice: 0, outOfOrder: 0, stray: 0 },
  })
})

test('what did not arrive is lost, what arrived again is twice, what nobody wrote is a stray', () => {
  assert.deepEqual(judge(logOf('aaaa'), ['0', '1', '1', '1', '9']), {
    ...{ produced: 4, accepted: 2, lost: 2, twice: 2, outOfOrder: 0, stray: 1 },
  })
})

test('an event that the producer wrote twice may arrive twice, and not three times', () => {
  const log = [...logOf('ab'), { id: '0', partition: 0, offset: 2, key: 'a' }]
  assert.equal(judge(log, ['0', '1', '0']).twice, 0)
  assert.equal(judge(log, ['0', '1', '0', '0']).twice, 1)
  assert.equal(judge(log, ['0', '1', '0']).produced, 2)
})

test('order is of a partition and a key, by first arrival', () => {
  assert.equal(judge(logOf('aaa'), ['1', '0', '2']).outOfOrder, 1)
  assert.equal(judge(logOf('aaa'), ['0', '1', '0', '1', '2']).outOfOrder, 0)
  const moved = [...logOf('a'), { id: '7', partition: 1, offset: 0, key: 'a' }]
  assert.equal(judge(moved, ['7', '0']).outOfOrder, 0)
})

test('what was acknowledged and is not in the log is a stray', () => {
  assert.equal(judge(logOf('a'), ['0'], ['0', '1']).stray, 1)
})
