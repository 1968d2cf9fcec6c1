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
    [forbidden, 1, { kind: 'again', afterMs: 15_000 }, { ...before, holds: 3 }],
    [misconfigured, 20, { kind: 'again', afterMs: 15_000 }, { ...before, holds: 3 }],
    [{ kind: 'pace', afterMs: 1_234, detail: '' }, 20, { kind: 'again', afterMs: 1_234 }, before],
  ]
  for (const [answer, hits, expected, after] of table) {
    const part = partOf(hits, before)
    assert.deepEqual(nextStep(part, answer, policy, 0.5), expected, `${answer.kind} for ${hits}`)
    assert.deepEqual({ attempts: part.attempts, failures: part.failures, holds: part.holds }, after, `${answer.kind} for ${hits}`)
  }
})

test('the last attempt in place parks the part, whatever its size, with the last reason', () => {
  for (const hits of [1, 20])
    for (const answer of [unavailable, corrupted]) {
      const step = nextStep(partOf(hits, { attempts: 2, failures: 2, holds: 0 }), answer, policy, 0.5)
      assert.ok(step.kind === 'leave' && answer.kind === 'retry')
      assert.deepEqual([step.to, step.reason], ['tier', answer.reason])
    }
})

test('waiting for a cure or at the tracker’s wish never uses attempts up', () => {
  const part = partOf(1, { attempts: 2, failures: 2, holds: 0 })
  for (let times = 0; times < 1_000; times += 1) {
    assert.equal(nextStep(part, forbidden, policy, 0.5).kind, 'again')
    assert.equal(nextStep(part, { kind: 'pace', afterMs: 1, detail: '' }, policy, 0.5).kind, 'again')
  }
  assert.deepEqual([part.attempts, part.failures, part.holds], [2, 2, 1_000])
})

test('halves hold every hit once, in order, and inherit the failures but no attempts', () => {
  for (let hits = 2; hits <= 20; hits += 1) {
    const part = partOf(hits, { attempts: 2, failures: 7, holds: 3 })
    const [first, second] = halve(part)
    assert.deepEqual([...first.hits, ...second.hits], part.hits)
    assert.ok(second.hits.length > 0 && first.hits.length - second.hits.length <= 1 && first.hits.length >= second.hits.length)
    for (const half of [first, second]) assert.deepEqual([half.attempts, half.failures, half.holds], [0, 7, 0])
  }
})
