import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { freePermits, pointOf } from '../support/pipeline-fakes.ts'
import type { Planned, Settings } from '../support/pipeline-world.ts'
import { World } from '../support/pipeline-world.ts'

const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  { weight: 2, arbitrary: fc.integer({ min: 20, max: 90 }).map((length) => 'ж'.repeat(length)) },
  { weight: 1, arbitrary: fc.integer({ min: 5, max: 60 }).map((length) => '😀'.repeat(length)) },
)
const planned: fc.Arbitrary<Planned> = fc.record({
  gap: fc.constantFrom(0, 0, 0, 0, 1, 5),
  key: fc.constantFrom(null, 'a', 'b', 'c', 'd', 'é'),
  route: fc.constantFrom(0, 0, 0, 1, 2),
  text,
  fate: fc.constantFrom('good', 'good', 'good', 'good', 'good', 'good', 'good', 'refused', 'oversized', 'skip', 'malformed'),
  schemaMs: fc.oneof(
    { weight: 30, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 500 }) },
  ),
})
const plans = fc.array(fc.array(planned, { maxLength: 90, size: 'max' }), { minLength: 1, maxLength: 3 })
const settings: fc.Arbitrary<Settings> = fc.record({
  maxEvents: fc.constantFrom(1, 2, 5, 20, 20),
  maxBytes: fc.integer({ min: 200, max: 2_500 }),
  lingerMs: fc.constantFrom(0, 10, 250),
  attempts: fc.integer({ min: 1, max: 4 }),
  ordering: fc.constantFrom('key', 'key', 'key', 'none'),
  maxInFlight: fc.integer({ min: 1, max: 4 }),
  windowEvents: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 9, max: 100 })),
  windowBytes: fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.constant(1_000_000)),
  permits: fc.integer({ min: 1, max: 5 }),
  faults: fc.constantFrom(0, 0.1, 0.5, 0.9),
  faultsEndMs: fc.constantFrom(500, 5_000, 100_000),
  seed: fc.integer(),
})

test('nothing is lost, sent twice, out of order or over a limit, and no commit point passes an open record', async () => {
  await fc.assert(
    fc.asyncProperty(plans, settings, async (records, chosen) => {
      const world = new World(records, chosen)
      await world.run()
      world.checkEnd()
    }),
    { numRuns: 250 },
  )
})

test('with a tracker that only refuses culprits, all others are delivered', async () => {
  await fc.assert(
    fc.asyncProperty(plans, settings, async (records, chosen) => {
      const world = new World(records, { ...chosen, faults: 0, maxBytes: 2_500 })
      await world.run()
      world.checkEnd()
      const expected = {
        good: 'delivered',
        refused: 'dead-letter',
        oversized: 'dead-letter',
        malformed: 'dead-letter',
        skip: 'skipped',
      }
      for (const { entries } of world.book.partitions)
        for (const { fate, outcome } of entries) assert.equal(outcome, expected[fate])
    }),
    { numRuns: 60 },
  )
})

test('lanes stopped at any moment end, give everything back, and have committed nothing that is open', async () => {
  await fc.assert(
    fc.asyncProperty(plans, settings, fc.nat(400), async (records, chosen, steps) => {
      const world = new World(records, chosen)
      world.start()
      for (let step = 0; step < steps && (await world.clock.step()); step += 1) world.check(true)
      let ended = false
      void Promise.all(world.lanes.map((lane) => lane.stop())).then(() => {
        ended = true
      })
      await world.clock.runUntil(() => ended, 200)
      world.check(true)
      assert.equal(world.windowBytes.used, 0)
      assert.equal(freePermits(world.permits), chosen.permits)
      const points = world.lanes.map(pointOf)
      const requests = world.requests
      while (await world.clock.step());
      assert.deepEqual([world.lanes.map(pointOf), world.requests], [points, requests])
    }),
    { numRuns: 120 },
  )
})
