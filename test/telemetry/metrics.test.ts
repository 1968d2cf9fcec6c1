import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reasons } from '../../src/core/outcome.ts'
import type { SourceRecord } from '../../src/core/record.ts'
import { BucketHistogram } from '../../src/telemetry/bucket-histogram.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { METRIC_PREFIX, metricDefinitions } from '../../src/telemetry/metric-definitions.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { Probe } from '../../src/telemetry/probe.ts'
import { RecentDurations } from '../../src/telemetry/recent-durations.ts'
import { readExposition } from '../support/exposition.ts'

const NOW = 1_000_000
const recordAt = (offset: number, timestamp = NOW - 2_000): SourceRecord => ({
  ...{ topic: 'orders', partition: 3, offset, timestamp, key: 'k' },
  ...{ value: Buffer.from('secret-value'), history: undefined, headers: undefined },
})

function watched() {
  let now = NOW
  const probe = new Probe(
    createLog('silent', { write: () => undefined }),
    () => now,
    (topic) => `after-${topic}`,
  )
  const read = async () => {
    probe.settle()
    const { body } = await probe.metrics.text()
    const exposition = readExposition(body)
    return (name: string, labels = {}) => exposition.value(METRIC_PREFIX + name, labels)
  }
  return { probe, read, pass: (ms: number) => (now += ms) }
}

const route = { app: 'shop', method: 'login' } as const

test('every metric of the contract is there from the start, and every reason begins with 0', async () => {
  const { body } = await new Metrics().text()
  const { types } = readExposition(body)
  for (const { name, kind } of metricDefinitions) assert.equal(types.get(METRIC_PREFIX + name), kind)
  assert.ok(types.has('process_resident_memory_bytes') && types.has('nodejs_eventloop_lag_seconds'))
  const value = await watched().read()
  for (const reason of reasons) assert.equal(value('records_dead_lettered_total', { reason }), 0)
})

test('what happens moves its metric, by as much', async () => {
  const { probe, read } = watched()
  probe.consumed('orders', 30)
  probe.retried('orders.retry', 2)
  probe.requests.started()
  probe.requests.ended({ method: 'login', status: 200, hits: 2, bytes: 600, durationMs: 30 })
  probe.requests.started()
  probe.requests.ended({ method: 'login', status: 0, hits: 1, bytes: 300, durationMs: 40 })
  probe.answered({
    route,
    hits: [{ record: recordAt(1) }, { record: recordAt(2) }],
    answer: { kind: 'delivered' },
    durationMs: 30,
  })
  probe.skipped('tombstone')
  probe.paramsDropped(['age', 'age'])
  probe.committed([], 20)
  probe.commitFailed(new Error('no'))
  probe.assigned('g', [])
  const exit = { record: recordAt(7), reason: 'unavailable', detail: '503' } as const
  probe.exited([
    { ...exit, to: 'tier' },
    { ...exit, to: 'dead-letter' },
  ])
  for (let again = 0; again < 2; again += 1) {
    const value = await read()
    assert.equal(value('records_consumed_total', { topic: 'orders' }), 30)
    assert.equal(value('records_consumed_total', { topic: 'orders.retry' }), 2)
    assert.equal(value('requests_total', { method: 'login', status: '200' }), 1)
    assert.equal(value('requests_total', { status: 'none' }), 1)
    assert.equal(value('records_delivered_total', route), 2)
    assert.equal(value('records_skipped_total', { reason: 'tombstone' }), 1)
    assert.equal(value('params_dropped_total', { param: 'age' }), 2)
    assert.equal(value('records_parked_total', { tier: 'after-orders', reason: 'unavailable' }), 1)
    assert.equal(value('records_dead_lettered_total', { reason: 'unavailable' }), 1)
    assert.equal(value('offset_commits_total', { result: 'ok' }), 1)
    assert.equal(value('offset_commits_total', { result: 'failed' }), 1)
    assert.equal(value('rebalances_total'), 1)
    assert.equal(value('batch_events_sum'), 3)
    assert.equal(value('batch_bytes_sum'), 900)
    assert.equal(value('request_duration_seconds_bucket', { le: '0.025' }), 0)
    assert.equal(value('request_duration_seconds_bucket', { le: '0.05' }), 2)
    assert.equal(value('record_latency_seconds_sum'), 4)
    assert.equal(value('commit_duration_seconds_count'), 1)
  }
  assert.equal(probe.requests.inFlight, 0)
  assert.deepEqual(probe.requests.answers, { 200: 1, none: 1 })
})

test("a retried record's latency counts from where it first stood", async () => {
  const { probe, read } = watched()
  const origin = { topic: 'orders', partition: 0, offset: 1, timestamp: NOW - 60_000 }
  const history = { origin, attempt: 1, firstFailedAt: 1, notBefore: undefined }
  probe.answered({ route, hits: [{ record: { ...recordAt(1), history } }], answer: { kind: 'delivered' }, durationMs: 1 })
  assert.equal((await read())('record_latency_seconds_sum'), 60)
})

test('a trouble begins with the first failure, and ends with the first success of its kind', () => {
  const { probe, pass } = watched()
  const kinds = () => probe.troubles.all().map(({ kind, name, since }) => `${kind} ${name} ${since - NOW}`)
  const answered = (answer: Parameters<Probe['answered']>[0]['answer']) =>
    probe.answered({ route: { app: 'shop', method: 'login' }, hits: [], answer, durationMs: 1 })
  answered({ kind: 'halt', reason: 'forbidden', detail: '403' })
  assert.deepEqual(kinds(), [], 'what is held back is the pipeline’s to tell')
  answered({ kind: 'retry', reason: 'unavailable', detail: '503' })
  pass(10)
  answered({ kind: 'retry', reason: 'unavailable', detail: '503 again' })
  assert.deepEqual(kinds(), ['tracker  0'])
  assert.equal(probe.troubles.all()[0]?.detail, '503 again')
  answered({ kind: 'delivered' })
  assert.deepEqual(kinds(), [])

  probe.exitFailed({ topic: 'orders', partition: 3, waiting: 1, error: new Error('x') })
  probe.exitFailed({ topic: 'orders', partition: 4, waiting: 1, error: new Error('x') })
  probe.commitFailed(new Error('x'))
  probe.registryFailed(1, new Error('x'))
  assert.deepEqual(kinds(), ['side-topic orders/3 10', 'side-topic orders/4 10', 'commit  10', 'registry  10'])
  probe.exited([{ record: recordAt(7), to: 'tier', reason: 'unavailable', detail: '' }])
  probe.committed([], 1)
  probe.schemaLoaded({ id: 1, name: 'a' })
  assert.deepEqual(kinds(), ['side-topic orders/4 10'])
})

test('the last 50 failures are kept, newest first, by where the record first stood, without what it holds', () => {
  const { probe } = watched()
  for (let offset = 0; offset < 120; offset += 60) {
    probe.exited(
      Array.from({ length: 60 }, (_, index) => ({
        ...{ record: recordAt(offset + index), to: 'dead-letter', reason: 'malformed', detail: 'x' },
      })) as unknown as Parameters<Probe['exited']>[0],
    )
  }
  const failures = probe.failures.newestFirst()
  assert.equal(failures.length, 50)
  assert.deepEqual(failures[0], {
    ...{ at: NOW, topic: 'orders', partition: 3, offset: 119, stage: 'decode', reason: 'malformed', detail: 'x' },
  })
  assert.equal(failures[49]?.offset, 70)
})

test('a value on a bound is in its bucket', async () => {
  const histogram = new BucketHistogram({ name: 'h', help: 'h', bounds: [1, 2] })
  for (const value of [1, 2, 3]) histogram.observe(value)
  const { values } = (await histogram.get()) as { values: { value: number }[] }
  assert.deepEqual(
    values.map(({ value }) => value),
    [1, 2, 3, 6, 3],
  )
})

test('quantiles are of the last thousand or so', () => {
  const durations = new RecentDurations()
  assert.equal(durations.quantile(0.5), undefined)
  for (let ms = 1; ms <= 100; ms += 1) durations.add(101 - ms)
  assert.deepEqual(
    [durations.quantile(0), durations.quantile(0.5), durations.quantile(0.99), durations.quantile(1)],
    [1, 50, 99, 100],
  )
  for (let more = 0; more < 2_000; more += 1) durations.add(7)
  assert.equal(durations.quantile(1), 7)
})
