import assert from 'node:assert/strict'
import { it } from 'node:test'
import { duplicatesOf } from '../../src/simulator/duplicates.ts'
import type { AcceptedHit } from '../../src/simulator/journal.ts'

function hit(request: number, params: AcceptedHit['params'], change: Partial<AcceptedHit> = {}): AcceptedHit {
  return { request, batchSize: 1, bodyBytes: 2, method: 'customEvent', idApp: '1', at: 0, params, ...change }
}

it('an event of another app, of another kind or with another parameter is another event', () => {
  const params = { customUserId: 'a', customEventParams: { x: '1', y: '2' } }
  const hits = [
    hit(1, params),
    hit(2, params, { idApp: '2' }),
    hit(3, params, { method: 'login' }),
    hit(4, { ...params, age: 1 }),
    hit(5, { ...params, customEventParams: { x: '1', y: '3' } }),
  ]
  const { distinct, again, repeated } = duplicatesOf(hits)
  assert.deepEqual([distinct, again, repeated], [5, 0, []])
})

it('the same event comes in batches and alone, with its names in any order, and twice in one request', () => {
  const hits = [
    hit(1, { customUserId: 'z' }),
    hit(1, { customUserId: 'a', customEventParams: { x: '1', y: '2' } }, { method: 'customEventBatch' }),
    hit(2, { customEventParams: { y: '2', x: '1' }, customUserId: 'a' }),
    hit(2, { customEventParams: { y: '2', x: '1' }, customUserId: 'a' }),
    hit(3, { customUserId: 'z' }),
  ]
  const { hits: compared, distinct, again, repeated } = duplicatesOf(hits)
  assert.deepEqual([compared, distinct, again], [5, 2, 3])
  assert.deepEqual(
    repeated.map(({ times, requests }) => [times, requests]),
    [
      [2, [1, 3]],
      [3, [1, 2, 2]],
    ],
  )
})

it('by one parameter, hits without it are left out', () => {
  const hits = [1, 2, 3].map((request) => hit(request, { customEventParams: request === 3 ? { x: '1' } : { order: '7' } }))
  const { hits: compared, distinct, again } = duplicatesOf(hits, 'customEventParams.order')
  assert.deepEqual([compared, distinct, again], [2, 1, 1])
})

it('lists the first thousand and says how many more there are', () => {
  const twice = Array.from({ length: 2_004 }, (_, place) => hit(place, { customUserId: String(place % 1_002) }))
  const { again, repeated, repeatedNotListed } = duplicatesOf(twice)
  assert.deepEqual([again, repeated.length, repeatedNotListed], [1_002, 1_000, 2])
})
