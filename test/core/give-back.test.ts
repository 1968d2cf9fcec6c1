import assert from 'node:assert/strict'
import { test } from 'node:test'
import { giveBack } from '../../src/core/give-back.ts'

test('the memory of a large buffer is given back at once', () => {
  const large = Buffer.from(Buffer.alloc(200_000, 1))
  const { buffer } = large
  giveBack(large)
  assert.deepEqual([buffer.byteLength, large.length], [0, 0])
})

test('what a buffer shares its memory with is let be', () => {
  const [small, neighbour] = [Buffer.from('small'), Buffer.from('neighbour')]
  const part = Buffer.alloc(200_000, 1).subarray(1)
  for (const each of [small, part]) giveBack(each)
  assert.deepEqual([String(small), String(neighbour), part.length], ['small', 'neighbour', 199_999])
})
