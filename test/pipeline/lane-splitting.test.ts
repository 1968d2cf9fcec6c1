import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Exit } from '../../src/pipeline/ports.ts'
import { Bench, delivered, pointOf, recordOf, refused } from '../support/pipeline-fakes.ts'
import { randomOf } from '../support/seeded-random.ts'

interface Split {
  readonly requests: number
  readonly delivered: number[]
  readonly exits: readonly Exit[]
}

/** One batch of `size` records of one key goes out; every request with a culprit is refused. */
async function split(size: number, culprits: ReadonlySet<number>): Promise<Split> {
  const bench = new Bench()
  const lane = bench.lane()
  lane.accept(
    Array.from({ length: size }, (_, offset) => recordOf(offset, 'a')),
    size,
  )
  await bench.clock.advance(250)
  const arrived: number[] = []
  for (let index = 0; index < bench.sender.requests.length; index += 1) {
    const offsets = (bench.sender.sent[index] as string[]).map(Number)
    const isRefused = offsets.some((offset) => culprits.has(offset))
    if (!isRefused) arrived.push(...offsets)
    await bench.sender.answer(index, isRefused ? refused : delivered)
  }
  for (let index = 0; index < bench.sideExit.writes.length; index += 1) await bench.sideExit.acknowledge(index)
  assert.deepEqual([lane.open, pointOf(lane), bench.windowBytes.used], [0, size, 0])
  return {
    requests: bench.sender.requests.length,
    delivered: arrived,
    exits: bench.sideExit.writes.flatMap(({ exits }) => exits),
  }
}

/** Requests that halving takes for the records from `first` up to `last`, exclusively; and how many of them each culprit is in. */
function expected(
  culprits: ReadonlySet<number>,
  first: number,
  last: number,
  depth = 1,
): { requests: number; depths: Map<number, number> } {
  const guilty = [...culprits].filter((offset) => offset >= first && offset < last)
  if (guilty.length === 0) return { requests: 1, depths: new Map() }
  if (last - first === 1) return { requests: 1, depths: new Map([[first, depth]]) }
  const middle = Math.ceil((first + last) / 2)
  const [left, right] = [expected(culprits, first, middle, depth + 1), expected(culprits, middle, last, depth + 1)]
  return { requests: 1 + left.requests + right.requests, depths: new Map([...left.depths, ...right.depths]) }
}

/** Splits, and checks all that must hold of any split. */
async function checked(size: number, culprits: ReadonlySet<number>): Promise<number> {
  const { requests, delivered: arrived, exits } = await split(size, culprits)
  const everything = Array.from({ length: size }, (_, offset) => offset)
  const plan = expected(culprits, 0, size)
  assert.equal(requests, plan.requests)
  assert.deepEqual(
    arrived,
    everything.filter((offset) => !culprits.has(offset)),
    'each of the others arrives once, in order',
  )
  assert.deepEqual(
    exits.map(({ record, to, reason, attempt }) => [record.offset, to, reason, attempt]),
    everything
      .filter((offset) => culprits.has(offset))
      .map((offset) => [offset, 'dead-letter', 'rejected', plan.depths.get(offset)]),
    'each culprit is a dead letter that tells in how many refused requests it was',
  )
  return requests
}

test('one culprit of twenty, wherever it stands, costs at most ten more requests', async () => {
  for (let culprit = 0; culprit < 20; culprit += 1) {
    const requests = await checked(20, new Set([culprit]))
    assert.ok(requests <= 11, `${requests} requests for a culprit at ${culprit}`)
  }
})

/** `count` different places of twenty. */
function places(count: number, random: () => number): Set<number> {
  const rest = Array.from({ length: 20 }, (_, offset) => offset)
  return new Set(Array.from({ length: count }, () => rest.splice(Math.floor(random() * rest.length), 1)[0] as number))
}

test('however many of twenty are culprits, just they are found; extra requests: at most 10 for one, 38 for all', async (t) => {
  const random = randomOf(20)
  const rows: string[] = []
  for (let count = 1; count <= 20; count += 1) {
    const extra: number[] = []
    for (let round = 0; round < 40; round += 1) extra.push((await checked(20, places(count, random))) - 1)
    rows.push(`${count}: ${Math.min(...extra)}..${Math.max(...extra)}`)
    assert.ok(Math.max(...extra) <= Math.min(10 * count, 38), rows.at(-1))
  }
  t.diagnostic(`extra requests by culprits of 20: ${rows.join(', ')}`)
})

test('a batch without a culprit takes one request', async () => {
  for (const size of [1, 2, 20]) assert.equal(await checked(size, new Set()), 1)
})

test('whatever the size and the culprits, halving finds just them, and each answer is acted on once', async () => {
  const arbitrary = fc.integer({ min: 1, max: 20 }).chain((size) => fc.tuple(fc.constant(size), fc.uniqueArray(fc.nat(size - 1))))
  await fc.assert(
    fc.asyncProperty(arbitrary, async ([size, culprits]) => {
      const requests = await checked(size, new Set(culprits))
      assert.ok(requests <= 1 + 10 * culprits.length && requests <= 2 * size - 1 + (culprits.length === 0 ? 1 : 0))
    }),
    { numRuns: 80 },
  )
})
