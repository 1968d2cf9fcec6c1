import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Flow } from '../../src/pipeline/flow.ts'
import { settled } from '../support/fake-clock.ts'
import { Bench, batchOf, delivered, ManualSource, recordOf, startsOf } from '../support/pipeline-fakes.ts'

class ManualMember extends ManualSource {
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
}

const COMMIT_EVERY_MS = 250

/** A flow with one partition, of which one record is under way; and how far its `revoking` has come. */
function underWay(withinMs: number) {
  const bench = new Bench(batchOf({ maxEvents: 1 }))
  const member = new ManualMember()
  const { source: _, ...context } = bench.context
  const flow = new Flow({ context, commitIntervalMs: COMMIT_EVERY_MS, member: () => member })
  flow.assigned(startsOf(1))
  flow.fetched({ topic: 'orders', partition: 0, records: [recordOf(0)], upTo: 1 })
  const seen = { revoked: false }
  void flow.revoking(withinMs).then(() => {
    seen.revoked = true
  })
  return { bench, member, flow, seen }
}

const offsetsOf = ({ commits }: ManualSource): number[] => commits.flatMap(({ points }) => points.map(({ offset }) => offset))

test('a join waits for what is under way and for the commit of that, and takes nothing in meanwhile', async () => {
  const { bench, member, flow, seen } = underWay(1_000)
  await settled()
  assert.equal(flow.fetched({ topic: 'orders', partition: 0, records: [recordOf(1)], upTo: 2 }), false)
  assert.equal(seen.revoked, false)
  await bench.sender.answer(0, delivered)
  assert.deepEqual([seen.revoked, offsetsOf(member)], [false, [1]])
  member.commits[0]?.resolve()
  await settled()
  assert.equal(seen.revoked, true)
})

test('a request that does not end in time does not keep the member from joining, and is not committed', async () => {
  const { bench, member, seen } = underWay(1_000)
  await bench.clock.advance(999)
  assert.equal(seen.revoked, false)
  await bench.clock.advance(1)
  // The last commit before the join: of what is done, which here is nothing.
  for (const commit of member.commits) commit.resolve()
  await settled()
  assert.equal(seen.revoked, true)
  assert.ok(
    offsetsOf(member).every((offset) => offset === 0),
    String(offsetsOf(member)),
  )
})

test('a commit that hangs does not keep the member from joining', async () => {
  const { bench, seen } = underWay(1_000)
  await bench.sender.answer(0, delivered)
  await bench.clock.advance(1_499)
  assert.equal(seen.revoked, false)
  await bench.clock.advance(1)
  assert.equal(seen.revoked, true)
})

test('after it nothing more is committed until partitions are dealt out', async () => {
  const { bench, member, flow, seen } = underWay(100)
  await bench.clock.advance(100)
  for (const commit of member.commits) commit.resolve()
  await settled()
  assert.equal(seen.revoked, true)
  const before = member.commits.length
  await bench.sender.answer(0, delivered)
  await bench.clock.advance(10 * COMMIT_EVERY_MS)
  assert.equal(member.commits.length, before)
  flow.assigned(startsOf(1))
  flow.fetched({ topic: 'orders', partition: 0, records: [recordOf(0)], upTo: 1 })
  await bench.sender.answer(1, delivered)
  await bench.clock.advance(COMMIT_EVERY_MS)
  assert.equal(offsetsOf(member).at(-1), 1)
})
