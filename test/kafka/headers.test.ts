import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordHeaders } from '../../src/core/record.ts'
import type { Failure } from '../../src/kafka/headers.ts'
import { failureHeaders, historyOf, lastFailureOf, replayHeaders } from '../../src/kafka/headers.ts'
import { recordOf } from '../support/pipeline-fakes.ts'

const failure: Failure = {
  reason: 'unavailable',
  detail: 'status 503',
  attempt: 4,
  firstFailedAt: 1_700_000_000_000,
  notBefore: 1_700_000_030_000,
}
const headersOf = (changed: Partial<Failure> = {}, own?: RecordHeaders): RecordHeaders =>
  failureHeaders({ ...recordOf(42, 'key', 3), headers: own }, { ...failure, ...changed })

test('a parked record carries its history and where it first stood, all as text', () => {
  assert.deepEqual(headersOf(), {
    'mts-attempt': '4',
    'mts-not-before': '1700000030000',
    'mts-first-failed-at': '1700000000000',
    'mts-reason': 'unavailable',
    'mts-detail': 'status 503',
    'mts-origin-topic': 'orders',
    'mts-origin-partition': '3',
    'mts-origin-offset': '42',
    'mts-origin-timestamp': '1600000000000',
  })
})

test('a dead letter has no time before which it waits, even when its record brought one', () => {
  const stale = { 'mts-not-before': '9', 'mts-attempt': '8', 'mts-reason': 'made-up' }
  const headers = headersOf({ notBefore: undefined }, stale)
  assert.ok(!('mts-not-before' in headers))
  assert.deepEqual([headers['mts-attempt'], headers['mts-reason']], ['4', 'unavailable'])
  assert.equal(headersOf({}, stale)['mts-not-before'], '1700000030000')
})

test('the record’s own headers stay as they are, repeated and binary ones too, and the record is not changed', () => {
  const own = { trace: Buffer.from([0, 255]), tag: ['a', Buffer.from('b')], 'mts-not-before': '9' }
  const before = structuredClone(own)
  const headers = headersOf({ notBefore: undefined }, own)
  assert.equal(headers.trace, own.trace)
  assert.deepEqual(headers.tag, own.tag)
  assert.deepEqual(Object.keys(own), Object.keys(before))
})

test('a detail is printable ASCII and at most 1,000 characters long', () => {
  assert.equal(headersOf({ detail: 'поле 😀\nfield\t\u007f~' })['mts-detail'], '???? ??field??~')
  assert.equal(headersOf({ detail: 'x'.repeat(1_000) })['mts-detail'], 'x'.repeat(1_000))
  assert.equal(headersOf({ detail: '😀'.repeat(1_001) })['mts-detail'], '?'.repeat(1_000))
  for (const value of Object.values(headersOf({ detail: 'ж'.repeat(3_000) })))
    assert.match(String(value), /^[\x20-\x7e]{1,1000}$/)
})

/** The record as it is read from a topic of ours, where it was written with these headers. */
const readBack = (headers: RecordHeaders) => ({
  ...recordOf(7, 'key', 1),
  topic: 'sink.retry.30s',
  timestamp: 1_700_000_001_000,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(String(value))])),
})

test('what was written is read back: origin, attempts, first failure, the time before which it waits', () => {
  assert.deepEqual(historyOf(readBack(headersOf())), {
    origin: { topic: 'orders', partition: 3, offset: 42, timestamp: 1_600_000_000_000 },
    attempt: 4,
    firstFailedAt: 1_700_000_000_000,
    notBefore: 1_700_000_030_000,
  })
  assert.deepEqual(lastFailureOf(readBack(headersOf()).headers), { reason: 'unavailable', detail: 'status 503' })
})

test('a record that fails again keeps the origin that it had', () => {
  const parked = readBack(headersOf())
  const again = failureHeaders({ ...parked, history: historyOf(parked) }, { ...failure, attempt: 8 })
  assert.deepEqual(
    [again['mts-origin-topic'], again['mts-origin-partition'], again['mts-origin-offset'], again['mts-origin-timestamp']],
    ['orders', '3', '42', '1600000000000'],
  )
  assert.equal(again['mts-attempt'], '8')
})

test('a record that somebody else put there stands for itself, and nonsense in its headers counts as absent', () => {
  const nonsense = [undefined, {}, { 'mts-origin-topic': 'orders', 'mts-origin-offset': '-5', 'mts-attempt': '1e9' }]
  for (const headers of nonsense) {
    const record = { ...readBack({}), headers }
    assert.deepEqual(historyOf(record), {
      origin: { topic: 'sink.retry.30s', partition: 1, offset: 7, timestamp: 1_700_000_001_000 },
      attempt: 0,
      firstFailedAt: undefined,
      notBefore: undefined,
    })
  }
  const twice = { 'mts-attempt': [Buffer.from('2'), Buffer.from('9')] }
  assert.equal(historyOf({ ...readBack({}), headers: twice }).attempt, 9)
})

test('a replayed record forgets its failures and keeps its origin and its own headers', () => {
  const replayed = replayHeaders({ ...headersOf(), trace: 'abc' })
  assert.deepEqual(Object.keys(replayed).toSorted(), [
    'mts-origin-offset',
    'mts-origin-partition',
    'mts-origin-timestamp',
    'mts-origin-topic',
    'trace',
  ])
})

test('a header without a value, which kafkajs could not write, becomes an empty one', () => {
  const own = { none: null, tag: [null, Buffer.from('b')] }
  const empty = Buffer.alloc(0)
  for (const headers of [headersOf({}, own), replayHeaders(own)]) {
    assert.deepEqual([headers.none, headers.tag], [empty, [empty, Buffer.from('b')]])
  }
  assert.equal(historyOf({ ...readBack({}), headers: { 'mts-attempt': null } }).attempt, 0)
})
