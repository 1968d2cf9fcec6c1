import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { SessionWatch, stallLimits } from '../../src/kafka/session-watch.ts'
import { FakeClock } from '../support/fake-clock.ts'

const limits = { commitMs: 60_000, fetchMs: 50_000, joinMs: 90_000 }

/** A session that has its partitions since a moment ago, on a clock of its own. */
function joined() {
  const clock = new FakeClock()
  const watch = new SessionWatch(limits)
  watch.joining(clock.now())
  watch.assigned(clock.now())
  const answering = clock.now()
  const stall = (since: number | undefined = answering) => watch.stall(clock.now(), since)
  /** Fetches end all the time. */
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms)
    watch.moved(clock.now())
  }
  return { clock, watch, stall, pass }
}

describe('a session that has come to a stand', () => {
  it('is one whose fetches do not end for too long', async () => {
    const { clock, stall } = joined()
    await clock.advance(50_000)
    assert.equal(stall(), undefined)
    await clock.advance(1)
    assert.equal(stall(), 'fetches')
  })

  it('is one that wants to commit, and none succeeds', async () => {
    const { clock, watch, stall, pass } = joined()
    await pass(1_000_000)
    assert.equal(stall(), undefined, 'nothing is to be committed')
    watch.committing(clock.now())
    await pass(40_000)
    watch.committing(clock.now())
    await pass(20_000)
    assert.equal(stall(), undefined)
    await pass(1)
    assert.equal(stall(), 'commits')
  })

  it('is none whose commits succeed now and then', async () => {
    const { clock, watch, stall, pass } = joined()
    for (let round = 0; round < 5; round += 1) {
      watch.committing(clock.now())
      await pass(59_000)
      assert.equal(stall(), undefined)
      watch.committed()
    }
  })

  it('is one that does not get its partitions, for as long as a join may last', async () => {
    const { clock, watch, stall } = joined()
    watch.joining(clock.now())
    await clock.advance(90_000)
    assert.equal(stall(), undefined, 'nobody fetches meanwhile')
    await clock.advance(1)
    assert.equal(stall(), 'join')
    watch.assigned(clock.now())
    assert.equal(stall(), undefined)
  })

  it('is none while no broker answers, nor until they have answered for as long', async () => {
    const { clock, watch, stall } = joined()
    watch.committing(clock.now())
    await clock.advance(3_600_000)
    assert.equal(watch.stall(clock.now(), undefined), undefined)
    const back = clock.now()
    await clock.advance(50_000)
    assert.equal(stall(back), undefined)
    await clock.advance(1)
    assert.equal(stall(back), 'fetches')
  })

  it('is given twice the time for its commits, each time that a new one did not help, until one succeeds', async () => {
    const { clock, watch, stall, pass } = joined()
    const lasted = async (): Promise<number> => {
      watch.assigned(clock.now())
      watch.committing(clock.now())
      const since = clock.now()
      while (stall() === undefined) await pass(1_000)
      watch.gaveUp('commits')
      return Math.floor((clock.now() - since) / 60_000)
    }
    assert.deepEqual([await lasted(), await lasted(), await lasted()], [1, 2, 4])
    watch.committed()
    assert.equal(await lasted(), 1)
  })

  it('is none before there is any', () => {
    assert.equal(new SessionWatch(limits).stall(1_700_000_000_000, 0), undefined)
  })
})

test('a session is given a minute, twice its time-out, and a join the time that the others may take', () => {
  assert.deepEqual(stallLimits({ sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 60_000 }), {
    ...{ commitMs: 60_000, fetchMs: 60_000, joinMs: 70_000 },
  })
  assert.deepEqual(stallLimits({ sessionTimeoutMs: 45_000, rebalanceTimeoutMs: 45_000 }), {
    ...{ commitMs: 90_000, fetchMs: 90_000, joinMs: 90_000 },
  })
})
