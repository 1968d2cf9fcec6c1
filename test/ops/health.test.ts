import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Liveness } from '../../src/ops/health.ts'
import { livenessOf, readinessOf } from '../../src/ops/health.ts'

const well: Liveness = {
  ...{ now: 1_000_000, phase: 'running', movedAt: 999_000, brokersSilent: undefined },
  ...{ brokersAnswerSince: 0, stuckMs: 100_000 },
}

const table: readonly (readonly [string, Partial<Liveness>, boolean])[] = [
  ['fetches end', {}, true],
  ['no fetch ends though brokers answer', { movedAt: 899_000 }, false],
  ['the same in a rebalance that does not end', { movedAt: 899_000, phase: 'rebalancing' }, false],
  ['as long as a join may last', { movedAt: 900_000 }, true],
  ['no broker answers', { movedAt: 1, brokersSilent: { since: 1 }, brokersAnswerSince: undefined }, true],
  ['no broker was asked yet', { movedAt: 1, brokersAnswerSince: undefined }, true],
  ['brokers are back, but only just', { movedAt: 1, brokersAnswerSince: 990_000 }, true],
  ['brokers are back for long', { movedAt: 1, brokersAnswerSince: 500_000 }, false],
  ['it starts', { movedAt: undefined, phase: 'starting' }, true],
  ['it drains', { movedAt: 1, phase: 'draining' }, true],
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
