import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Snapshot } from '../../src/ops/snapshot.ts'
import { verdictOf } from '../../src/ops/verdict.ts'
import type { Trouble, TroubleKind } from '../../src/telemetry/troubles.ts'
import { NOW, partition, SINCE, snapshot, waiting } from './snapshots.ts'

const trouble = (kind: TroubleKind, name = '', since = SINCE): Trouble => ({ kind, name, detail: 'it said no', since })
const { holds } = snapshot()
const held = (changes: Partial<Snapshot['holds']>): Partial<Snapshot> => ({
  partitions: [waiting()],
  holds: { ...holds, ...changes },
})
const why = { detail: 'it said no', since: SINCE }
const AT = 'since 2026-01-02 11:55:00 UTC'
const WAITS = '1,234 records are not committed yet'

const table: readonly (readonly [string, Partial<Snapshot>, Snapshot['phase'] | string, readonly string[]])[] = [
  ['before the group is joined', { phase: 'starting' }, 'starting', ['Nothing is read yet']],
  ['partitions on their way', { phase: 'rebalancing' }, 'rebalancing', ['goes on by itself']],
  [
    'a drain',
    { phase: 'draining', partitions: [waiting()] },
    'draining',
    ['3 requests under way, 50 records open', 'read again'],
  ],
  ['a drain while the tracker is down', { phase: 'draining', ...held({ breaker: { state: 'open' } }) }, 'draining', ['Draining']],
  ['nothing to do', {}, 'idle', ['has its outcome and is committed.']],
  [
    'nothing to do but what was parked',
    { tiers: [{ ...partition({ topic: 'r', end: 103 }), tier: '30s' }] },
    'idle',
    ['3 parked records wait for another try'],
  ],
  ['no partition', { partitions: [] }, 'idle', ['has no partition']],
  ['the end unknown yet', { partitions: [partition({ end: undefined })] }, 'idle', ['Nothing to do']],
  ['work', { partitions: [waiting()] }, 'delivering', ['1,234 records are on the way, the oldest is 10 min old.']],
  ['one record', { partitions: [partition({ end: 101 })] }, 'delivering', ['1 record is on the way.']],
  [
    'work at the pace that the tracker wants',
    held({ pace: why }),
    'delivering',
    [`The tracker asks for fewer requests ${AT} (it said no)`, 'nothing is parked or lost'],
  ],
  [
    'a lag that grows',
    { partitions: [waiting()], laggingSince: SINCE },
    'falling-behind',
    [`more comes in than goes out ${AT}: ${WAITS}, the oldest is 10 min old`, 'Add instances'],
  ],
  [
    'a lag that grows by the tracker’s pace',
    { laggingSince: SINCE, ...held({ pace: why }) },
    'falling-behind',
    ['fewer requests'],
  ],
  [
    'brokers that are silent',
    { partitions: [waiting()], brokersSilent: { since: SINCE, detail: 'ECONNREFUSED' } },
    'blocked',
    [`No Kafka broker answers ${AT} (ECONNREFUSED); ${WAITS}`, 'kafka.brokers', 'goes on by itself'],
  ],
  [
    'brokers that are silent, so that the group cannot be joined again',
    { phase: 'rebalancing', partitions: [waiting()], brokersSilent: { since: SINCE, detail: 'ECONNREFUSED' } },
    'blocked',
    [`No Kafka broker answers ${AT}`],
  ],
  [
    'an endpoint that is none',
    held({ misconfigured: why }),
    'blocked',
    [`wrong place ${AT} (it said no); ${WAITS}`, 'tracker.endpoint', 'none is parked or lost'],
  ],
  [
    'a tracker that is down',
    held({ breaker: { state: 'open', since: SINCE, detail: '503' } }),
    'blocked',
    [`The tracker is down ${AT} (503)`, WAITS],
  ],
  [
    'a tracker that is probed',
    held({ breaker: { state: 'probing', since: SINCE } }),
    'blocked',
    [`is being tried ${AT}; ${WAITS}`],
  ],
  [
    'an app that is refused',
    held({ apps: [{ name: 'web', ...why }] }),
    'blocked',
    [`refuses the app web ${AT} (it said no); ${WAITS}`, 'token of web', 'Records of web wait, other apps go on'],
  ],
  [
    'all apps refused',
    held({ apps: ['web', 'android'].map((name) => ({ name, ...why })) }),
    'blocked',
    ['Records of web wait, none is lost', 'Besides: The tracker refuses the app android.'],
  ],
  [
    'a tracker that was down, and nothing to do',
    { ...held({ breaker: { state: 'open' } }), partitions: [partition()] },
    'idle',
    [],
  ],
  [
    'an app that was refused, and nothing to do',
    { ...held({ apps: [{ name: 'web', ...why }] }), partitions: [partition()] },
    'idle',
    [],
  ],
  [
    'a brake',
    held({ brakes: [{ topic: 'shop.orders', ...why }] }),
    'blocked',
    [`Too many records of shop.orders would become dead letters ${AT}`, 'deadLetters.brake', 'other topics go on'],
  ],
  [
    'a registry that lanes wait for',
    { partitions: [waiting({ awaitsSchemaSince: SINCE }), partition({ partition: 1 })], troubles: [trouble('registry')] },
    'blocked',
    [`The schema registry does not answer, and 1 partition waits for a schema ${AT} (it said no)`, 'schemaRegistry.url'],
  ],
  ['a registry that nobody needs', { troubles: [trouble('registry')] }, 'idle', ['Nothing to do']],
  ['a schema on its way', { partitions: [waiting({ awaitsSchemaSince: NOW - 100 })] }, 'delivering', ['on the way']],
  [
    'a side topic that cannot be written',
    { partitions: [waiting()], troubles: [trouble('side-topic', 'shop.orders/0')] },
    'blocked',
    [`cannot be written ${AT} (it said no); ${WAITS}`, 'in sync', 'nothing is committed past its records'],
  ],
  ['a side topic of a lane that has gone', { troubles: [trouble('side-topic', 'shop.orders/7')] }, 'idle', ['Nothing to do']],
  [
    'commits that fail',
    { partitions: [waiting()], troubles: [trouble('commit')] },
    'blocked',
    [`Commits fail ${AT} (it said no); ${WAITS}`, 'sent twice'],
  ],
  [
    'requests that all fail',
    { partitions: [waiting()], troubles: [trouble('tracker')] },
    'blocked',
    [`All requests to the tracker fail ${AT} (it said no); ${WAITS}`, 'parked on a retry topic'],
  ],
  [
    'a failed request or two',
    { partitions: [waiting()], troubles: [trouble('tracker', '', NOW - 500)] },
    'delivering',
    ['on the way'],
  ],
  [
    'records that wait and will soon expire',
    { ...held({ misconfigured: why }), retentionMs: new Map([['shop.orders', 660_000]]) },
    'blocked',
    ['The oldest records of shop.orders expire in 60 s: raise its retention.ms, or they will be lost.'],
  ],
  [
    'records that lag and will soon expire',
    { partitions: [waiting()], laggingSince: SINCE, retentionMs: new Map([['shop.orders', 610_000]]) },
    'falling-behind',
    ['expire in 10 s'],
  ],
  [
    'several at once: the gravest first',
    { partitions: [waiting()], troubles: [trouble('commit')], brokersSilent: { since: SINCE, detail: 'x' } },
    'blocked',
    ['No Kafka broker answers', 'Besides: Commits fail.'],
  ],
]

describe('the verdict', () => {
  for (const [name, changes, state, phrases] of table) {
    it(`of ${name}: ${state}`, () => {
      const found = verdictOf(snapshot(changes))
      assert.equal(found.state, state)
      for (const phrase of phrases) assert.ok(found.verdict.includes(phrase), `"${phrase}" is not in: ${found.verdict}`)
      assert.match(found.verdict, /^[A-Z].*\.$/)
      assert.doesNotMatch(found.verdict, /undefined|NaN|\.\.| {2}|1970/)
    })
  }
})

it('says nothing of records that expire much later', () => {
  const { verdict } = verdictOf(snapshot({ partitions: [waiting()], retentionMs: new Map([['shop.orders', 700_000]]) }))
  assert.doesNotMatch(verdict, /expire/)
})
