import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Committer } from '../../src/pipeline/committer.ts'
import { Lanes } from '../../src/pipeline/lanes.ts'
import { settled } from '../support/fake-clock.ts'
import { Bench, batchOf, delivered, pointsOf, recordOf, startsOf } from '../support/pipeline-fakes.ts'

class CommitBench extends Bench {
  readonly lanes = new Lanes(this.context)
  readonly committer = new Committer({
    lanes: this.lanes,
    source: this.source,
    probe: this.probe,
    clock: this.clock,
    intervalMs: 250,
  })

  constructor(partitions = 1) {
    super(batchOf({ maxEvents: 1 }))
    this.lanes.assign(startsOf(partitions))
  }

  /** The record of that offset comes and is delivered. */
  async deliver(offset: number, partition = 0): Promise<void> {
    this.lanes.accept({ topic: 'orders', partition, records: [recordOf(offset, null, partition)], upTo: offset + 1 })
    await this.sender.answer(this.sender.requests.length - 1, delivered)
  }

  async end(commit: number, how: 'resolve' | 'reject'): Promise<void> {
    if (how === 'resolve') this.source.commits[commit]?.resolve()
    else this.source.commits[commit]?.reject(new Error('rebalance in progress'))
    await settled()
  }

  get offsets(): number[][] {
    return this.source.commits.map(({ points }) => points.map(({ offset }) => offset))
  }
}

test('every interval, all dirty lanes are committed in one request, and clean ones are left out', async () => {
  const bench = new CommitBench(3)
  bench.committer.start()
  await bench.clock.advance(250)
  assert.deepEqual(bench.offsets, [], 'nothing is dirty')
  await bench.deliver(0, 0)
  await bench.deliver(7, 2)
  await bench.clock.advance(250)
  assert.deepEqual(bench.source.commits[0]?.points, [
    { topic: 'orders', partition: 0, offset: 1, runs: [] },
    { topic: 'orders', partition: 2, offset: 8, runs: [] },
  ])
  await bench.end(0, 'resolve')
  await bench.deliver(1, 0)
  await bench.clock.advance(250)
  assert.deepEqual(bench.offsets, [[1, 8], [2]])
})

test('what the source leaves out counts as committed no more than before, and is asked for again', async () => {
  const bench = new CommitBench(2)
  bench.committer.start()
  await bench.deliver(0, 0)
  await bench.deliver(0, 1)
  await bench.clock.advance(250)
  const [left, made] = bench.source.commits[0]?.points ?? []
  bench.source.commits[0]?.resolve(made === undefined ? [] : [made])
  await settled()
  assert.deepEqual(
    [...bench.lanes.all()].map((lane) => lane.view().committed),
    [undefined, 1],
  )
  await bench.clock.advance(250)
  assert.deepEqual(bench.source.commits[1]?.points, [left])
})

test('while a commit is under way no other begins, however late it is answered', async () => {
  const bench = new CommitBench()
  bench.committer.start()
  await bench.deliver(0)
  await bench.clock.advance(250)
  await bench.deliver(1)
  await bench.clock.advance(60_000)
  void bench.committer.commit()
  await settled()
  assert.deepEqual(bench.offsets, [[1]])
  await bench.end(0, 'resolve')
  assert.deepEqual(bench.offsets, [[1], [2]])
})

test('what was delivered during a commit is dirty after it', async () => {
  const bench = new CommitBench()
  await bench.deliver(0)
  const done = bench.committer.commit()
  await settled()
  await bench.deliver(1)
  await bench.end(0, 'resolve')
  assert.equal(await done, true)
  assert.deepEqual(
    pointsOf(bench.lanes).map(({ offset }) => offset),
    [2],
  )
})

test('a commit that failed leaves its lanes dirty, and the next interval commits them', async () => {
  const bench = new CommitBench()
  bench.committer.start()
  await bench.deliver(0)
  await bench.clock.advance(250)
  await bench.end(0, 'reject')
  assert.equal(pointsOf(bench.lanes).length, 1)
  await bench.deliver(1)
  await bench.clock.advance(250)
  await bench.end(1, 'resolve')
  assert.deepEqual([bench.offsets, pointsOf(bench.lanes)], [[[1], [2]], []])
  assert.deepEqual(
    bench.probe.heard.filter((word) => word.startsWith('commit')),
    ['commitFailed', 'committed 2'],
  )
})

test('the commit of a drain follows the one under way and says whether all is committed', async () => {
  const bench = new CommitBench()
  await bench.deliver(0)
  void bench.committer.commit()
  await settled()
  await bench.deliver(1)
  bench.committer.stop()
  const last = bench.committer.commit()
  await bench.end(0, 'reject')
  await bench.end(1, 'resolve')
  assert.equal(await last, true)
  assert.deepEqual([bench.offsets, pointsOf(bench.lanes)], [[[1], [2]], []])
  assert.equal(await bench.committer.commit(), true, 'nothing is left to commit')
  await bench.deliver(2)
  const refused = bench.committer.commit()
  await settled()
  await bench.end(2, 'reject')
  assert.equal(await refused, false)
})

test('a stopped committer arms no timer any more, also when it is stopped during a commit', async () => {
  for (const during of [false, true]) {
    const bench = new CommitBench()
    bench.committer.start()
    await bench.deliver(0)
    if (during) await bench.clock.advance(250)
    bench.committer.stop()
    if (during) await bench.end(0, 'resolve')
    await bench.deliver(1)
    await bench.clock.advance(60_000)
    assert.equal(bench.source.commits.length, during ? 1 : 0)
    assert.equal(pointsOf(bench.lanes).length, 1)
  }
})
