import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hit } from '../../src/core/hit.ts'
import type { Actual } from '../../src/mapping-test/compare.ts'
import { differences } from '../../src/mapping-test/compare.ts'
import type { Expected } from '../../src/mapping-test/format.ts'

const hitOf = (params: object): Hit => {
  const json = JSON.stringify(params)
  return { kind: 'hit', route: { app: 'shop', method: 'login' }, json, bytes: json.length }
}
const actual = (outcome: Actual['outcome'], dropped: string[] = []): Actual => ({ outcome, dropped, problems: [] })
const expected = (params: Readonly<Record<string, unknown>>, app = 'shop'): Expected => ({
  kind: 'hit',
  hit: { app, method: 'login', params },
})

test('the same hit, whatever the order of its parameters, has passed', () => {
  assert.deepEqual(differences(expected({ b: 1, a: { x: 'y' } }), actual(hitOf({ a: { x: 'y' }, b: 1 }), ['age'])), [])
})

test('each parameter that differs, is missing or extra has a line; what was dropped is told then', () => {
  const lines = differences(
    expected({ a: 1, b: '1', m: { x: '1', y: '2' } }, 'web'),
    actual(hitOf({ b: 1, c: 2, m: { x: '3', z: '' } }), ['a']),
  )
  assert.deepEqual(lines, [
    'app: expected "web", got "shop"',
    'a: missing, expected 1',
    'b: expected "1", got 1',
    'm.x: expected "1", got "3"',
    'm.y: missing, expected "2"',
    'm.z: extra, got ""',
    'c: extra, got 2',
    'dropped: a breaks a rule of the tracker',
  ])
})

test('another kind of outcome is told as a whole', () => {
  const skipped: Expected = { kind: 'skip', reason: 'filtered' }
  assert.deepEqual(differences(skipped, actual({ kind: 'skip', reason: 'filtered' })), [])
  assert.deepEqual(differences(skipped, actual({ kind: 'skip', reason: 'skipped' })), [
    'expected skip: filtered',
    'got      skip: skipped',
  ])
  assert.deepEqual(differences(expected({}), actual({ kind: 'reject', reason: 'unmapped', detail: 'no mapping' })), [
    'expected a hit of shop, login',
    'got      reject: unmapped, no mapping',
  ])
  assert.deepEqual(differences({ kind: 'reject', reason: 'unmapped' }, actual(hitOf({}))), [
    'expected reject: unmapped',
    'got      a hit of shop, login: {}',
  ])
})
