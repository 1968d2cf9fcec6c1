import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Admin } from 'kafkajs'
import { encodeOffsetMap } from '../../src/kafka/offset-map.ts'
import { StartPositions } from '../../src/kafka/start-positions.ts'

/** Of a partition whose log holds the offsets 10 to 19. */
async function positionOf(offset: number, metadata = '') {
  const admin: Partial<Admin> = {
    fetchOffsets: async () => [{ topic: 't', partitions: [{ partition: 0, offset: String(offset), metadata }] }],
    fetchTopicOffsets: async () => [{ partition: 0, offset: '20', low: '10', high: '20' }],
  }
  const starts = await StartPositions.resolve({ admin: admin as Admin, groupId: 'g', topics: ['t'], startFrom: 'earliest' })
  const [position] = await starts.of(new Map([['t', [0]]]))
  return position
}

const runs = [2, 3]
const known = { topic: 't', partition: 0, isForeign: false }

test('a commit within the log is gone on from, its first offset and its end included', async () => {
  for (const offset of [10, 15, 20]) {
    const expected = { ...known, offset, runs, isNew: false, missed: undefined }
    assert.deepEqual(await positionOf(offset, encodeOffsetMap(runs)), expected)
  }
})

test('below the log what is done behind the commit is kept; beyond it nothing of it is', async () => {
  const [below, beyond] = [await positionOf(9, encodeOffsetMap(runs)), await positionOf(21, encodeOffsetMap(runs))]
  assert.deepEqual(below, { ...known, offset: 9, runs, isNew: false, missed: { from: 9, to: 10 } })
  assert.deepEqual(beyond, { ...known, offset: 10, runs: [], isNew: true, missed: { from: 21, to: 10 } })
})

test('a commit that is no offset was one once: its partition is read from the start, and that is said', async () => {
  for (const offset of [-1, -2]) {
    const expected = { ...known, offset: 10, runs: [], isNew: true, missed: { from: offset, to: 10 } }
    assert.deepEqual(await positionOf(offset), expected)
  }
})

test('metadata that is foreign or damaged is ignored, and known to be', async () => {
  for (const metadata of ['of somebody else', 'mts1:gA', 'mts9:AA']) {
    const expected = { ...known, offset: 12, runs: [], isNew: false, missed: undefined, isForeign: true }
    assert.deepEqual(await positionOf(12, metadata), expected, metadata)
  }
})
