import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SourceRecord } from '../../src/core/record.ts'
import type { CommitPoint } from '../../src/pipeline/ports.ts'
import { Bench, batchOf, delivered, pointOf, recordOf } from '../support/pipeline-fakes.ts'

const single = { ...batchOf({ maxEvents: 1 }), maxInFlight: 100 }

/** A lane goes on where another stopped; all that it sends is delivered. Returns what it sent. */
async function sentAfter(resume: CommitPoint, records: readonly SourceRecord[]): Promise<number[]> {
  const bench = new Bench(single)
  const lane = bench.lane(0, resume)
  const upTo = (records.at(-1)?.offset ?? -1) + 1
  lane.accept(
    records.filter(({ offset }) => offset >= resume.offset),
    upTo,
  )
  for (let index = 0; index < bench.sender.requests.length; index += 1) await bench.sender.answer(index, delivered)
  assert.deepEqual([lane.open, bench.windowBytes.used, pointOf(lane)], [0, 0, upTo])
  return bench.sender.sent.flat().map(Number)
}

test('a lane that goes on where another stopped sends just what that one left open', async () => {
  const arbitrary = fc.array(fc.record({ gap: fc.constantFrom(0, 0, 0, 1, 7), first: fc.boolean() }), {
    minLength: 1,
    maxLength: 40,
  })
  await fc.assert(
    fc.asyncProperty(arbitrary, async (plan) => {
      let next = 0
      const records = plan.map(({ gap }) => {
        next += gap + 1
        return recordOf(next - 1)
      })
      const bench = new Bench(single)
      const lane = bench.lane()
      lane.accept(records, next)
      for (const [index, { first }] of plan.entries()) if (first) await bench.sender.answer(index, delivered)
      const point = lane.commitPoint() ?? assert.fail('something was read')
      const open = records.filter((_, index) => !plan[index]?.first).map(({ offset }) => offset)
      assert.deepEqual(await sentAfter(point, records), open)
    }),
  )
})

test('a lane that ends before it has read again all that was done before keeps the rest of that', async () => {
  const arbitrary = fc.record({
    plan: fc.array(fc.record({ gap: fc.constantFrom(0, 0, 1, 7), first: fc.boolean(), second: fc.boolean() }), {
      minLength: 1,
      maxLength: 40,
    }),
    read: fc.nat(40),
  })
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ plan, read }) => {
      let next = 0
      const records = plan.map(({ gap }) => {
        next += gap + 1
        return recordOf(next - 1)
      })
      const before = new Bench(single)
      const first = before.lane()
      first.accept(records, next)
      for (const [index, each] of plan.entries()) if (each.first) await before.sender.answer(index, delivered)
      const kept = first.commitPoint() ?? assert.fail('something was read')

      const between = new Bench(single)
      const second = between.lane(0, kept)
      const rest = records.filter(({ offset }) => offset >= kept.offset).slice(0, read)
      const done = new Set(records.filter((_, index) => plan[index]?.first).map(({ offset }) => offset))
      if (rest.length > 0) second.accept(rest, (rest.at(-1)?.offset ?? 0) + 1)
      for (const [index, [offset]] of [...between.sender.sent].entries()) {
        if (!plan[records.findIndex((record) => record.offset === Number(offset))]?.second) continue
        await between.sender.answer(index, delivered)
        done.add(Number(offset))
      }
      const open = records.map(({ offset }) => offset).filter((offset) => !done.has(offset))
      assert.deepEqual(await sentAfter(second.commitPoint() ?? kept, records), open)
    }),
  )
})

test('what was done before holds no key and is not judged again', async () => {
  const bench = new Bench(single)
  bench.preparer.script.set(1, { kind: 'reject', reason: 'malformed', detail: '' })
  const lane = bench.lane(0, { offset: 0, runs: [1, 1] })
  lane.accept([recordOf(0, 'a'), recordOf(1, 'a'), recordOf(2, 'a')], 3)
  await bench.sender.answer(0, delivered)
  await bench.sender.answer(1, delivered)
  assert.deepEqual([bench.sender.sent, bench.sideExit.writes, pointOf(lane)], [[['0'], ['2']], [], 3])
})

test('what lies before the point that is known to be kept was done by somebody', async () => {
  const bench = new Bench(single)
  const lane = bench.lane(0, { offset: 2, runs: [] })
  lane.accept([recordOf(0), recordOf(1), recordOf(2)], 3)
  assert.deepEqual([bench.sender.sent, pointOf(lane)], [[['2']], 2])
})
