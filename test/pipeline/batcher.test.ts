import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Hit } from '../../src/core/hit.ts'
import type { Batch } from '../../src/pipeline/batch.ts'
import type { BatchLimits } from '../../src/pipeline/batcher.ts'
import { Batcher } from '../../src/pipeline/batcher.ts'
import { bodyBytes, bodyOf } from '../../src/tracker/request.ts'
import { hitOf, limits, logins, openHitOf, registrations } from '../support/pipeline-fakes.ts'

function batcherOf(changed: Partial<BatchLimits> = {}): { batcher: Batcher; full: Batch[] } {
  const full: Batch[] = []
  // As a lane does it: a batch that is handed over is queued.
  const onFull = (batch: Batch): void => {
    batch.queued = true
    full.push(batch)
  }
  return { batcher: new Batcher({ ...limits.batch, ...changed }, onFull), full }
}

const hitsOf = (batch: Batch): Hit[] => batch.hits.map(({ content }) => content)
const wireBytes = (batch: Batch): number => Buffer.byteLength(bodyOf(hitsOf(batch)))

test('a batch is full with its last allowed hit, and is handed over once', () => {
  const { batcher, full } = batcherOf({ maxEvents: 3 })
  const joined = [0, 1, 2, 3].map((sequence) => batcher.add(openHitOf(sequence), 0))
  assert.equal(full.length, 1)
  assert.deepEqual(
    full[0]?.hits.map(({ sequence }) => sequence),
    [0, 1, 2],
  )
  assert.deepEqual(new Set(joined.slice(0, 3)), new Set(full))
  assert.equal(full[0]?.filling, false)
  assert.notEqual(joined[3], full[0], 'the fourth begins a new one')
  assert.equal(batcher.filling(logins), joined[3])
})

test('a body may have exactly maxBytes UTF-8 bytes and not one more', () => {
  const hits = ['Привет', '漢字', '😀', 'a'].map((text, sequence) => openHitOf(sequence, hitOf(sequence, logins, text)))
  const exact = Buffer.byteLength(bodyOf(hits.map(({ content }) => content)))
  for (const [maxBytes, handedOver] of [
    [exact, 0],
    [exact - 1, 1],
  ] as const) {
    const { batcher, full } = batcherOf({ maxBytes })
    for (const hit of hits) batcher.add(hit, 0)
    assert.equal(full.length, handedOver)
    assert.equal(batcher.filling(logins)?.hits.length, handedOver === 0 ? 4 : 1)
  }
})

test('no batch of any texts is over its limits, none could have taken its successor, and no hit is lost or moved', () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constant('ж'.repeat(60)), fc.constant('😀'.repeat(30)))
  const arbitrary = fc.record({
    texts: fc.array(text, { maxLength: 60 }),
    maxEvents: fc.integer({ min: 1, max: 20 }),
    maxBytes: fc.integer({ min: 400, max: 1_500 }),
  })
  fc.assert(
    fc.property(arbitrary, ({ texts, maxEvents, maxBytes }) => {
      const { batcher, full } = batcherOf({ maxEvents, maxBytes })
      const opens = texts.map((each, sequence) => openHitOf(sequence, hitOf(sequence, logins, each)))
      for (const open of opens) batcher.add(open, 0)
      const rest = batcher.filling(logins)
      const batches = rest === undefined ? full : [...full, rest]
      assert.deepEqual(
        batches.flatMap(({ hits }) => hits),
        opens,
      )
      batches.forEach((batch, index) => {
        assert.ok(batch.hits.length <= maxEvents)
        assert.ok(wireBytes(batch) <= maxBytes)
        assert.equal(wireBytes(batch), bodyBytes(batch.hits.length, batch.hitBytes))
        const [next] = batches[index + 1]?.hits ?? []
        if (next === undefined || batch.hits.length === maxEvents) return
        assert.ok(
          Buffer.byteLength(bodyOf([...hitsOf(batch), next.content])) > maxBytes,
          'it went although the next hit had room',
        )
      })
    }),
  )
})

test('routes fill batches of their own', () => {
  const { batcher } = batcherOf()
  const login = batcher.add(openHitOf(0, hitOf(0, logins)), 0)
  const registration = batcher.add(openHitOf(1, hitOf(1, registrations)), 0)
  assert.notEqual(login, registration)
  assert.equal(batcher.add(openHitOf(2, hitOf(2, logins)), 0), login)
  assert.deepEqual([login.route, registration.route], [logins, registrations])
})

test('the linger counts from the first hit, however many follow', () => {
  const { batcher } = batcherOf({ lingerMs: 250 })
  assert.equal(batcher.nextDueAt(), undefined)
  const batch = batcher.add(openHitOf(0), 1_000)
  for (const [sequence, now] of [
    [1, 1_100],
    [2, 1_249],
  ] as const)
    batcher.add(openHitOf(sequence), now)
  assert.equal(batcher.nextDueAt(), 1_250)
  assert.deepEqual(batcher.takeDue(1_249), [])
  assert.deepEqual(batcher.takeDue(1_250), [batch])
})

test('the next due batch is the oldest that is not queued', () => {
  const { batcher } = batcherOf({ lingerMs: 250 })
  const older = batcher.add(openHitOf(0, hitOf(0, logins)), 1_000)
  const younger = batcher.add(openHitOf(1, hitOf(1, registrations)), 1_010)
  assert.equal(batcher.nextDueAt(), 1_250)
  older.queued = true
  assert.equal(batcher.nextDueAt(), 1_260)
  assert.deepEqual(batcher.takeDue(9_999), [younger])
})

test('a due batch takes hits until it is sent, and is not handed over again when it fills', () => {
  const { batcher, full } = batcherOf({ maxEvents: 3 })
  const batch = batcher.add(openHitOf(0), 0)
  const [due] = batcher.takeDue(250)
  assert.equal(due, batch)
  batch.queued = true
  assert.deepEqual(batcher.takeDue(300), [], 'it is in the queue once')
  assert.equal(batcher.add(openHitOf(1), 400), batch)
  assert.equal(batcher.add(openHitOf(2), 400), batch)
  assert.deepEqual(full, [])
  assert.equal(batch.filling, false)
  assert.notEqual(batcher.add(openHitOf(3), 400), batch)
})

test('a batch that was sent takes no more hits', () => {
  const { batcher, full } = batcherOf()
  const batch = batcher.add(openHitOf(0), 0)
  batcher.release(batch)
  batch.seal()
  const next = batcher.add(openHitOf(1), 0)
  assert.notEqual(next, batch)
  batcher.release(batch)
  assert.equal(batcher.filling(logins), next, 'releasing it again leaves its successor alone')
  assert.deepEqual(full, [])
})

test('closing hands a batch over unless it is queued already', () => {
  const { batcher, full } = batcherOf()
  const first = batcher.add(openHitOf(0), 0)
  batcher.close(first)
  assert.deepEqual(full, [first])
  const second = batcher.add(openHitOf(1), 0)
  second.queued = true
  batcher.close(second)
  assert.deepEqual(full, [first])
  assert.equal(second.filling, false)
})
