import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Journal } from '../../src/simulator/journal.ts'

function batch(request: number, users: readonly string[], at: number): Parameters<Journal['accepted']>[0] {
  return {
    request,
    bodyBytes: 100,
    method: 'loginBatch',
    idApp: '666',
    at,
    events: users.map((customUserId) => ({ customUserId })),
  }
}

it('keeps every hit in order, each with its request', () => {
  const journal = new Journal({ mode: 'hits' })
  journal.accepted(batch(journal.arrived(), ['a', 'b'], 5))
  journal.accepted(batch(journal.arrived(), ['c'], 7))
  assert.deepEqual(
    journal.hits.map(({ request, batchSize, params, at }) => [request, batchSize, params.customUserId, at]),
    [
      [1, 2, 'a', 5],
      [1, 2, 'b', 5],
      [2, 1, 'c', 7],
    ],
  )
})

it('counts without keeping in count mode', () => {
  const journal = new Journal({ mode: 'count' })
  journal.accepted(batch(journal.arrived(), ['a', 'b'], 5))
  journal.accepted(batch(journal.arrived(), ['c'], 7))
  journal.answered(200)
  journal.answered(200)
  assert.deepEqual(journal.hits, [])
  assert.deepEqual(journal.counts(), {
    requests: 2,
    answers: { 200: 2 },
    acceptedRequests: 2,
    events: 3,
    firstAcceptedAt: 5,
    lastAcceptedAt: 7,
    hitsNotKept: 0,
    refusals: [],
  })
})

it('says how many hits found no room', () => {
  const journal = new Journal({ mode: 'hits', hitsMax: 3 })
  journal.accepted(batch(journal.arrived(), ['a', 'b'], 5))
  journal.accepted(batch(journal.arrived(), ['c', 'd'], 6))
  assert.deepEqual(
    journal.hits.map(({ params }) => params.customUserId),
    ['a', 'b', 'c'],
  )
  assert.equal(journal.counts().hitsNotKept, 1)
  assert.equal(journal.counts().events, 4)
})

it('keeps the latest fifty refusals', () => {
  const journal = new Journal({ mode: 'hits' })
  for (let request = 1; request <= 60; request++) journal.refused({ request, status: 400, why: 'w' })
  const { refusals } = journal.counts()
  assert.deepEqual([refusals.length, refusals[0]?.request, refusals.at(-1)?.request], [50, 11, 60])
})

it('starts over after a reset', () => {
  const journal = new Journal({ mode: 'hits' })
  journal.accepted(batch(journal.arrived(), ['a'], 5))
  journal.answered(200)
  journal.refused({ request: 1, status: 400, why: 'w' })
  journal.reset()
  assert.deepEqual(journal.hits, [])
  assert.deepEqual(journal.counts(), new Journal({ mode: 'hits' }).counts())
  assert.equal(journal.arrived(), 1)
})
