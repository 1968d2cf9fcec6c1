import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shopEvents, subjects } from '../../src/shop/events.ts'
import { FIRST_EVENT_S } from '../../src/shop/payloads.ts'
import type { Evidence } from '../../src/shop/verdict.ts'
import { describe, findingsOf, isGood } from '../../src/shop/verdict.ts'

const ids = new Map(subjects.map(({ kind }, index) => [kind as string, index + 1]))
const events = [...shopEvents(500, 1, ids)]

/** Everything went as it must. */
function evidence(): Evidence & { accepted: { request: number; params: Record<string, unknown> }[] } {
  const accepted = events
    .filter(({ fate }) => fate === 'accepted')
    .map(({ number }) => ({ request: Math.floor(number / 20), params: { eventTimestamp: FIRST_EVENT_S + number } }))
  const ends = new Map<string, number>()
  const deadLetters = events.flatMap(({ topic, partition, fate }) => {
    const offset = ends.get(`${topic}/${partition}`) ?? 0
    ends.set(`${topic}/${partition}`, offset + 1)
    const origin = { 'mts-origin-topic': topic, 'mts-origin-partition': String(partition), 'mts-origin-offset': String(offset) }
    return fate === 'dead-letter' ? [{ headers: { ...origin, 'mts-reason': 'malformed' } }] : []
  })
  return { events, accepted, parked: [], deadLetters, prefix: '' }
}

test('the shop publishes the same events for the same seed, and others for another', () => {
  assert.deepEqual([...shopEvents(500, 1, ids)], events)
  assert.notDeepEqual([...shopEvents(500, 2, ids)], events)
})

test('a run in which everything arrived once and in order is good', () => {
  const findings = findingsOf(evidence())
  assert.ok(isGood(findings), JSON.stringify(findings))
  assert.deepEqual(findings.deadLetters, { malformed: 8 })
  assert.match(describe(findings), /Nothing was lost/)
})

test('one lost event, one sent twice, one out of order and one that ended elsewhere are each found', () => {
  const lost = evidence()
  lost.accepted.splice(7, 1)
  assert.equal(findingsOf(lost).lost, 1)

  const twice = evidence()
  twice.accepted.push(twice.accepted[3] as (typeof twice.accepted)[number])
  assert.equal(findingsOf(twice).sentTwice, 1)

  const late = evidence()
  late.accepted.reverse()
  assert.ok(findingsOf(late).outOfOrder > 0)

  const astray = evidence()
  const dead = events.find(({ fate }) => fate === 'dead-letter')
  astray.accepted.push({ request: 0, params: { eventTimestamp: FIRST_EVENT_S + (dead?.number ?? 0) } })
  assert.equal(findingsOf(astray).astray, 1)
  for (const broken of [lost, twice, late, astray]) assert.match(describe(findingsOf(broken)), /Something went wrong/)
})
