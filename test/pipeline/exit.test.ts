import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { History } from '../../src/core/record.ts'
import type { Leave } from '../../src/pipeline/exit.ts'
import { exitOf } from '../../src/pipeline/exit.ts'
import { recordOf } from '../support/pipeline-fakes.ts'

const now = 1_700_000_100_000
const leave: Leave = { to: 'tier', reason: 'unavailable', detail: 'status 503', attempt: 4, firstFailedAt: now - 2_000 }
const giveUpMs = 60_000

function again(history: Partial<History>) {
  const origin = { topic: 'orders', partition: 0, offset: 1, timestamp: 1 }
  return { ...recordOf(7), history: { origin, attempt: 0, firstFailedAt: undefined, notBefore: undefined, ...history } }
}

test('a record from a source tells of this pass alone, whatever its headers claim', () => {
  const record = { ...recordOf(7), headers: { 'mts-attempt': '9', 'mts-first-failed-at': '1' } }
  assert.deepEqual(exitOf(record, leave, { now, giveUpMs }), { ...leave, record, failedAt: now })
})

test('a record that was never sent failed first when it leaves', () => {
  const { firstFailedAt } = exitOf(recordOf(7), { ...leave, attempt: 0, firstFailedAt: undefined }, { now, giveUpMs })
  assert.equal(firstFailedAt, now)
})

test('attempts add up over the tiers, and the first failure stays the first', () => {
  const record = again({ attempt: 8, firstFailedAt: now - 50_000 })
  const exit = exitOf(record, leave, { now, giveUpMs })
  assert.deepEqual([exit.attempt, exit.firstFailedAt, exit.to], [12, now - 50_000, 'tier'])
})

test('a record is given up when its first failure is that long ago, and the detail still tells the last one', () => {
  const exits = [59_999, 60_000].map((ago) => exitOf(again({ attempt: 4, firstFailedAt: now - ago }), leave, { now, giveUpMs }))
  assert.deepEqual(
    exits.map(({ to, reason, detail }) => [to, reason, detail]),
    [
      ['tier', 'unavailable', 'status 503'],
      ['dead-letter', 'unavailable', 'given up 60 s after the first failure; the last one: status 503'],
    ],
  )
})

test('a first failure in the future is a wrong clock: it does not keep the record on the tiers for ever', () => {
  const exit = exitOf(again({ attempt: 4, firstFailedAt: now + 1_000_000 }), leave, { now, giveUpMs })
  assert.deepEqual([exit.firstFailedAt, exit.to], [now, 'tier'])
})

test('one that waits for an app that is refused is never given up, and what it waited is no failure', () => {
  const blocked: Leave = { ...leave, reason: 'forbidden', detail: 'status 403', attempt: 0, firstFailedAt: undefined }
  assert.equal(exitOf(again({ attempt: 4, firstFailedAt: 1 }), blocked, { now, giveUpMs }).to, 'tier')
  const { firstFailedAt, to } = exitOf(again({ attempt: 0, firstFailedAt: 1 }), leave, { now, giveUpMs })
  assert.deepEqual([firstFailedAt, to], [now - 2_000, 'tier'], 'it failed first in this pass')
})

test('what is refused leaves as it is, however old', () => {
  const refused: Leave = { ...leave, to: 'dead-letter', reason: 'rejected', detail: 'status 400' }
  const exit = exitOf(again({ attempt: 4, firstFailedAt: 1 }), refused, { now, giveUpMs })
  assert.deepEqual([exit.to, exit.reason, exit.detail], ['dead-letter', 'rejected', 'status 400'])
})
