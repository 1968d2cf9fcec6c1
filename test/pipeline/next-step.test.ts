import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../../src/core/outcome.ts'
import type { Part } from '../../src/pipeline/batch.ts'
import { halve } from '../../src/pipeline/batch.ts'
import type { NextStep } from '../../src/pipeline/next-step.ts'
import { nextStep } from '../../src/pipeline/next-step.ts'
import { delivered, forbidden, openHitOf, refused, unavailable } from '../support/pipeline-fakes.ts'

const policy = { attempts: 3, delayMs: 100, maxDelayMs: 1_000 }
const tooLarge: Answer = { kind: 'reject', reason: 'too-large', detail: 'status 413' }
const corrupted: Answer = { kind: 'retry', reason: 'corrupted', detail: 'bad json' }
const misconfigured: Answer = { kind: 'halt', reason: 'misconfigured', detail: 'status 404' }

interface Counts {
  readonly attempts: number
  readonly failures: number
  readonly holds: number
}

const partOf = (hits: number, counts: Counts): Part => ({
  hits: Array.from({ length: hits }, (_, each) => openHitOf(each)),
  ...counts,
})

test('each answer to one hit or to several has its one consequence, and its one entry in the counts', () => {
  const before = { attempts: 1, failures: 5, holds: 2 }
  const failed = { ...before, failures: 6 }
  const table: [Answer, number, NextStep, Counts][] = [
    [delivered, 1, { kind: 'close' }, before],
    [delivered, 20, { kind: 'close' }, before],
    [refused, 1, { kind: 'leave', to: 'dead-letter', reason: 'rejected', detail: 'status 400' }, failed],
    [refused, 2, { kind: 'halve' }, failed],
    [tooLarge, 1, { kind: 'leave', to: 'dead-letter', reason: 'too-large', detail: 'status 413' }, failed],
    [tooLarge, 20, { kind: 'halve' }, failed],
    [unavailable, 1, { kind: 'again', afterMs: 100 }, { ...failed, attempts: 2 }],
    [corrupted, 20, { kind: 'again', afterMs: 100 }, { ...failed, attempts: 2 }],
  ]
  for (const [answer, hits, expected, after] of table) {
    const part = partOf(hits, before)
    assert.deepEqual(nextStep(part, { answer, judgement: 'counts' }, policy, 0.5), expected, `${answer.kind} for ${hits}`)
    assert.deepEqual({ attempts: part.attempts, failures: part.failures, holds: part.holds }, after, `${answer.kind} for ${hits}`)
  }
})

test('the last attempt in place parks the part, whatever its size, with the last reason', () => {
  for (const hits of [1, 20])
    for (const answer of [unavailable, corrupted]) {
      const part = partOf(hits, { attempts: 2, failures: 2, holds: 0 })
      const step = nextStep(part, { answer, judgement: 'counts' }, policy, 0.5)
      assert.ok(step.kind === 'leave' && answer.kind === 'retry')
      assert.deepEqual([step.to, step.reason], ['tier', answer.reason])
    }
})

test('what waits for a cure, at the tracker’s wish or while it is down uses nothing up', () => {
  const part = partOf(1, { attempts: 2, failures: 2, holds: 0 })
  const pace: Answer = { kind: 'pace', afterMs: 1, detail: '' }
  for (const answer of [forbidden, misconfigured, unavailable, pace])
    assert.deepEqual(nextStep(part, { answer, judgement: 'waits' }, policy, 0.5), { kind: 'wait' })
  assert.deepEqual([part.attempts, part.failures, part.holds], [2, 2, 0])
})

test('a probe is an attempt: it waits for its next turn, and the last one parks it', () => {
  const part = partOf(20, { attempts: 1, failures: 5, holds: 0 })
  const probed = { answer: unavailable, judgement: 'probed' } as const
  assert.deepEqual(nextStep(part, probed, policy, 0.5), { kind: 'wait' })
  assert.deepEqual([part.attempts, part.failures], [2, 6])
  assert.equal(nextStep(part, probed, policy, 0.5).kind, 'leave')
})

test('a part that alone is refused as forbidden holds a record that the tracker does not want', () => {
  const own = { answer: forbidden, judgement: 'own' } as const
  assert.deepEqual(nextStep(partOf(2, { attempts: 0, failures: 0, holds: 0 }), own, policy, 0.5), { kind: 'halve' })
  const alone = partOf(1, { attempts: 0, failures: 0, holds: 0 })
  assert.deepEqual(nextStep(alone, own, policy, 0.5), { kind: 'rest', afterMs: 3_750 })
  assert.deepEqual(nextStep(alone, own, policy, 0.5), { kind: 'rest', afterMs: 7_500 })
  const rejected = { kind: 'leave', to: 'dead-letter', reason: 'rejected', detail: 'status 403' }
  assert.deepEqual(nextStep(alone, own, policy, 0.5), rejected)
})

test('a part that alone is answered as if at the wrong place, or meets a bug, comes again ever later, up to a minute', () => {
  const part = partOf(20, { attempts: 2, failures: 2, holds: 0 })
  const waits = Array.from({ length: 6 }, () => nextStep(part, { answer: misconfigured, judgement: 'own' }, policy, 0.5))
  assert.deepEqual(
    waits.map((step) => (step.kind === 'rest' ? step.afterMs : step)),
    [3_750, 7_500, 15_000, 30_000, 45_000, 45_000],
  )
  assert.deepEqual([part.attempts, part.failures, part.holds], [2, 2, 6])
})

test('halves hold every hit once, in order, and inherit the failures but no attempts', () => {
  for (let hits = 2; hits <= 20; hits += 1) {
    const part = partOf(hits, { attempts: 2, failures: 7, holds: 3 })
    const [first, second] = halve(part)
    assert.deepEqual([...first.hits, ...second.hits], part.hits)
    assert.ok(second.hits.length > 0 && first.hits.length - second.hits.length <= 1 && first.hits.length >= second.hits.length)
    for (const half of [first, second]) assert.deepEqual([half.attempts, half.failures, half.holds], [0, 7, 0])
    for (const half of halve({ ...part, refusedAt: 1_234 })) assert.equal(half.refusedAt, 1_234)
  }
})
