import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Liveness } from '../../src/ops/health.ts'
import { livenessOf, readinessOf } from '../../src/ops/health.ts'

function moved(first: number, retried = 999_000): Map<string, number> {
  return new Map([
    ['sink', first],
    ['sink.retry', retried],
  ])
}

const well: Liveness = {
  ...{ now: 1_000_000, phase: 'running', movedAt: moved(999_000), brokersSilent: undefined },
  ...{ brokersAnswerSince: 0, stuckMs: 100_000 },
}

const table: readonly (readonly [string, Partial<Liveness>, boolean])[] = [
  ['fetches end', {}, true],
  ['no fetch ends though brokers answer', { movedAt: moved(899_000) }, false],
  ['no fetch of the retry topics ends though brokers answer', { movedAt: moved(999_000, 899_000) }, false],
  ['the same in a rebalance that does not end', { movedAt: moved(899_000), phase: 'rebalancing' }, false],
  ['a new session may still mend it', { movedAt: moved(900_000) }, true],
  ['no broker answers', { movedAt: moved(1, 1), brokersSilent: { since: 1 }, brokersAnswerSince: undefined }, true],
  ['no broker was asked yet', { movedAt: moved(1, 1), brokersAnswerSince: undefined }, true],
  ['brokers are back, but only just', { movedAt: moved(1, 1), brokersAnswerSince: 990_000 }, true],
  ['brokers are back for long', { movedAt: moved(1, 1), brokersAnswerSince: 500_000 }, false],
  ['it starts', { movedAt: new Map(), phase: 'starting' }, true],
  ['it drains', { movedAt: moved(1, 1), phase: 'draining' }, true],
]

describe('livez', () => {
  for (const [name, changes, ok] of table) {
    it(`${ok ? 'lives' : 'is stuck'} where ${name}`, () => assert.equal(livenessOf({ ...well, ...changes }).ok, ok))
  }
})

describe('readyz', () => {
  for (const [phase, ok] of [
    ['starting', false],
    ['running', true],
    ['rebalancing', true],
    ['draining', false],
  ] as const) {
    it(`${phase}: ${ok ? 'ready' : 'not ready'}`, () => assert.equal(readinessOf(phase).ok, ok))
  }
})
