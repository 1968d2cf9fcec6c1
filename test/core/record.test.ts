import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SourceRecord } from '../../src/core/record.ts'
import { discard } from '../../src/core/record.ts'

function recordOf(value: Buffer | null): SourceRecord {
  return { topic: 'orders', partition: 0, offset: 0, timestamp: 0, key: null, value, headers: undefined, history: undefined }
}

test('the memory of a large value is given back at once', () => {
  const value = Buffer.from(Buffer.alloc(200_000, 1))
  const { buffer } = value
  discard(recordOf(value))
  assert.deepEqual([buffer.byteLength, value.length], [0, 0])
})

test('what a value shares its memory with is let be', () => {
  const [small, neighbour] = [Buffer.from('small'), Buffer.from('neighbour')]
  const part = Buffer.alloc(200_000, 1).subarray(1)
  for (const value of [small, part, null]) discard(recordOf(value))
  assert.deepEqual([String(small), String(neighbour), part.length], ['small', 'neighbour', 199_999])
})
