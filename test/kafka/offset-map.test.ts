import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeOffsetMap, encodeOffsetMap, isCut } from '../../src/kafka/offset-map.ts'

test('runs come back as they were; a last run of open offsets may be left away, since it says nothing', () => {
  const run = fc.oneof(fc.nat(300), fc.integer({ min: 1, max: 2 ** 45 }), fc.constantFrom(127, 128, 16_383, 16_384))
  fc.assert(
    fc.property(fc.array(run, { maxLength: 200 }), (runs) => {
      const text = encodeOffsetMap(runs)
      assert.match(text, /^(mts1:[\w-]*)?$/)
      const whole = runs.length - (runs.length % 2)
      assert.deepEqual(text === '' ? [] : decodeOffsetMap(text), runs.slice(0, whole))
      assert.equal(isCut(runs, text), false)
    }),
  )
})

test('a map too long for a commit loses pairs from its end, never half of one, and no more than it must', () => {
  const run = fc.integer({ min: 1, max: 70_000 })
  fc.assert(
    fc.property(fc.array(run, { minLength: 1_000, maxLength: 5_000, size: 'max' }), (runs) => {
      const text = encodeOffsetMap(runs)
      assert.ok(text.length <= 4_000)
      const kept = decodeOffsetMap(text) ?? assert.fail('it can be read')
      assert.equal(kept.length % 2, 0)
      assert.deepEqual(kept, runs.slice(0, kept.length))
      assert.equal(isCut(runs, text), kept.length < runs.length - 1)
      if (kept.length < runs.length - 1)
        assert.ok(text.length > 4_000 - 12, `${text.length} characters, yet something was left away`)
    }),
    { numRuns: 50 },
  )
})

test('metadata that is not ours, or no whole map, is no map', () => {
  const texts = ['', 'mts2:AQE', 'something else', 'MTS1:AQE', `mts1:${Buffer.from([128]).toString('base64url')}`]
  for (const text of texts) assert.equal(decodeOffsetMap(text), undefined, text)
  assert.equal(decodeOffsetMap(`mts1:${Buffer.from([...Array(12).fill(255), 1]).toString('base64url')}`), undefined)
  assert.deepEqual(decodeOffsetMap('mts1:'), [])
})
