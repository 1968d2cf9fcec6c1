import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statusText } from '../../src/cli/status-text.ts'
import { gaugesOf } from '../../src/ops/gauges.ts'
import { statusOf } from '../../src/ops/status.ts'
import type { Failure } from '../../src/telemetry/failures.ts'
import { NOW, partition, SINCE, snapshot, waiting } from './snapshots.ts'

const verdict = { state: 'blocked', verdict: 'It is so.' } as const
const failure: Failure = {
  ...{ at: SINCE, topic: 'shop.orders', partition: 0, offset: 7 },
  stage: 'decode',
  reason: 'malformed',
  detail: 'a\u001b[31m\nb',
}
const rich = snapshot({
  partitions: [
    waiting(),
    partition({ partition: 1 }),
    waiting({ partition: 2, awaitsSchemaSince: SINCE }),
    partition({ partition: 3, committed: undefined, end: undefined }),
    waiting({ partition: 4 }),
  ],
  tiers: [
    { ...partition({ topic: 'r', end: 103 }), tier: '30s' },
    { ...partition({ topic: 'r', partition: 1, end: 104 }), tier: '30s' },
  ],
  troubles: [{ kind: 'side-topic', name: 'shop.orders/4', detail: 'x', since: SINCE }],
  holds: { ...snapshot().holds, apps: [{ name: 'web', detail: 'status 403', since: SINCE }] },
  failures: [failure],
  retentionMs: new Map([['shop.orders', 3_600_000]]),
})

test('the document has every name of the contract, with what the snapshot holds', () => {
  const { partitions, ...document } = statusOf(rich, verdict, SINCE)
  assert.deepEqual(document, {
    ...{ state: 'blocked', verdict: 'It is so.', since: '2026-01-02T11:55:00.000Z', version: '1.2.3', groupId: 'sink' },
    counts: rich.counts,
    parked: [{ tier: '30s', waiting: 7 }],
    apps: [
      { name: 'android', idApp: 1, state: 'ok', reason: null },
      { name: 'web', idApp: 2, state: 'blocked', reason: 'status 403' },
    ],
    tracker: { inFlight: 3, limit: 64, breaker: 'closed', p50Ms: 12.3, p99Ms: null, answers: { 200: 4 } },
    failures: [{ ...failure, at: '2026-01-02T11:55:00.000Z' }],
  })
  assert.deepEqual(partitions[0], {
    ...{ topic: 'shop.orders', partition: 0, state: 'delivering', committed: 100, end: 1_334, lag: 1_234 },
    ...{ lagSeconds: 600, open: 50, oldestOpenSeconds: 300 },
  })
  assert.deepEqual(
    partitions.map(({ state, lag, committed }) => [state, lag, committed]),
    [
      ['delivering', 1_234, 100],
      ['idle', 0, 100],
      ['waiting-for-schema', 1_234, 100],
      ['idle', 0, null],
      ['side-topic-failing', 1_234, 100],
    ],
  )
})

test('gauges: retention is left out where nothing lags or nothing expires', () => {
  const { retention_left_seconds: left, app_blocked: blocked, parked_waiting: parked, lag_seconds: age } = gaugesOf(rich)
  assert.deepEqual(
    left.map(({ labels, value }) => [labels.partition, value]),
    [
      [0, 3_000],
      [2, 3_000],
      [4, 3_000],
    ],
  )
  assert.deepEqual(gaugesOf({ ...rich, retentionMs: new Map() }).retention_left_seconds, [])
  assert.deepEqual(gaugesOf({ ...rich, now: NOW + 86_400_000 }).retention_left_seconds[0]?.value, 0)
  assert.deepEqual(
    age.map(({ value }) => value),
    [600, 0, 600, 0, 600],
  )
  assert.deepEqual(parked, [{ labels: { tier: '30s' }, value: 7 }])
  assert.deepEqual(
    blocked.map(({ value }) => value),
    [0, 1],
  )
})

test('the text: state and verdict first, columns aligned, and nothing that a terminal would obey', () => {
  const text = statusText(statusOf(rich, { ...verdict, verdict: 'It\u001b[2J is so.' }, SINCE))
  assert.match(text, /^blocked since 2026-01-02 11:55:00 UTC\nIt \[2J is so\.\n/)
  assert.match(text, /^partition {6}state {15}committed {2}end {3}lag {3}lag age {2}open {2}oldest open$/m)
  assert.match(text, /^shop\.orders-0 {2}delivering {10}100 {8}1334 {2}1234 {2}600 s {4}50 {4}300 s$/m)
  assert.match(text, /^web {6}2 {6}blocked {2}status 403$/m)
  assert.match(text, /0 parked, 7 wait on 30s/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there.
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f]/)
})
