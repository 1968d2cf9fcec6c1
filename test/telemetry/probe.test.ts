import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../../src/core/outcome.ts'
import type { SourceRecord } from '../../src/core/record.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { Probe } from '../../src/telemetry/probe.ts'

interface Line {
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

const watched = (): { probe: Probe; lines: Line[]; text: () => string; pass: (ms: number) => void } => {
  const written: string[] = []
  const lines: Line[] = []
  const write = (line: string): void => {
    written.push(line)
    lines.push(JSON.parse(line))
  }
  let now = 1_000
  const probe = new Probe(createLog('debug', { write }), () => now)
  const pass = (ms: number): void => {
    now += ms
  }
  return { probe, lines, text: () => written.join(''), pass }
}

const record: SourceRecord = {
  topic: 'orders',
  partition: 3,
  offset: 42,
  timestamp: 1,
  key: 'secret-key',
  value: Buffer.from('secret-value'),
  history: undefined,
  headers: { h: Buffer.from('secret-header') },
}
const hit = {
  kind: 'hit',
  route: { app: 'shop', method: 'login' },
  json: '{"customUserId":"secret-user"}',
  bytes: 30,
  record,
} as const
const answered = (answer: Answer, hits = 1) =>
  ({ route: hit.route, hits: Array.from({ length: hits }, () => hit), answer, durationMs: 5 }) as const

const unavailable: Answer = { kind: 'retry', reason: 'unavailable', detail: '503' }

test('a line says when, how grave and what, and nothing of the machine', () => {
  const { probe, lines } = watched()
  probe.rejoining('sink')
  const [line] = lines
  assert.deepEqual(Object.keys(line ?? {}).sort(), ['groupId', 'level', 'msg', 'time'])
  assert.equal(line?.level, 'info')
  assert.match(String(line?.time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
})

test('the first line names group, endpoint, apps and topics', () => {
  const { probe, lines } = watched()
  const facts = { version: '1', groupId: 'g', endpoint: 'https://t', apps: [{ name: 'shop', idApp: 6 }], topics: ['orders'] }
  probe.starting(facts)
  assert.deepEqual({ ...lines[0], time: 0 }, { level: 'info', time: 0, ...facts, msg: 'mytracker-sink is starting' })
})

test('delivered events are counted by request, and are no reason for a line', () => {
  const { probe, lines } = watched()
  probe.consumed('orders', 30)
  probe.answered(answered({ kind: 'delivered' }, 20))
  probe.answered(answered({ kind: 'delivered' }, 1))
  const { consumed, delivered, requests, failedRequests } = probe.counts
  assert.deepEqual(
    { consumed, delivered, requests, failedRequests },
    { consumed: 30, delivered: 21, requests: 2, failedRequests: 0 },
  )
  assert.deepEqual(lines, [])
})

test('skipped records are counted by their reason, without a line', () => {
  const { probe, lines } = watched()
  for (const reason of ['tombstone', 'skipped', 'tombstone'] as const) probe.skipped(reason)
  assert.deepEqual(probe.counts.skipped, { tombstone: 2, skipped: 1 })
  assert.deepEqual(lines, [])
})

test('a failed request is counted and said once, its repeats with their number later', () => {
  const { probe, lines, pass } = watched()
  for (let times = 0; times < 50; times += 1) probe.answered(answered(unavailable, 20))
  assert.equal(lines.length, 1)
  pass(10_000)
  probe.answered(answered(unavailable, 20))
  assert.deepEqual([lines.length, lines[0]?.repeated, lines[1]?.repeated], [2, undefined, 49])
  assert.deepEqual([probe.counts.requests, probe.counts.failedRequests, probe.counts.delivered], [51, 51, 0])
})

test('who must act is told apart from what heals itself', () => {
  const answers: readonly [Answer, string][] = [
    [unavailable, 'warn'],
    [{ kind: 'reject', reason: 'rejected', detail: '400' }, 'warn'],
    [{ kind: 'pace', afterMs: 5, detail: '429' }, 'warn'],
    [{ kind: 'halt', reason: 'forbidden', detail: '403' }, 'error'],
  ]
  for (const [answer, level] of answers) {
    const { probe, lines } = watched()
    probe.answered(answered(answer))
    assert.deepEqual([lines.length, lines[0]?.level, lines[0]?.app, lines[0]?.method], [1, level, 'shop', 'login'])
  }
})

test('failures of different apps or with different answers are said apart', () => {
  const { probe, lines } = watched()
  probe.answered(answered(unavailable))
  probe.answered({ ...answered(unavailable), route: { app: 'other', method: 'login' } })
  probe.answered(answered({ ...unavailable, detail: '502' }))
  assert.equal(lines.length, 3)
})

test('records that leave are counted by place and reason, and the line tells where they stood', () => {
  const { probe, lines } = watched()
  const exit = { record, to: 'tier', reason: 'unavailable', detail: '503' } as const
  probe.exited([exit, exit, { ...exit, to: 'dead-letter', reason: 'malformed', detail: 'why' }])
  assert.deepEqual([probe.counts.parked, probe.counts.deadLettered], [{ unavailable: 2 }, { malformed: 1 }])
  const seen = lines.map(({ level, topic, partition, offset, reason, detail }) => [
    level,
    topic,
    partition,
    offset,
    reason,
    detail,
  ])
  assert.deepEqual(seen, [
    ['warn', 'orders', 3, 42, 'unavailable', '503'],
    ['warn', 'orders', 3, 42, 'malformed', 'why'],
  ])
})

test('dropped parameters are said by their name, once each', () => {
  const { probe, lines } = watched()
  probe.paramsDropped(['age', 'ipv4'])
  probe.paramsDropped(['age'])
  assert.deepEqual(
    lines.map(({ param }) => param),
    ['age', 'ipv4'],
  )
})

test('a consumer that is made anew is a warning with the reason, and one in each series', async () => {
  const { probe, lines } = watched()
  for (const reason of ['crash', 'commits'] as const) probe.rebuilding({ groupId: 'g', reason, error: new Error('why') })
  assert.deepEqual(
    lines.map(({ level, groupId, reason, error }) => [level, groupId, reason, error]),
    ['crash', 'commits'].map((reason) => ['warn', 'g', reason, 'Error: why']),
  )
  const { body } = await probe.metrics.text()
  for (const [reason, times] of Object.entries({ crash: 1, commits: 1, fetches: 0, join: 0 })) {
    assert.ok(body.includes(`mytracker_sink_consumer_rebuilds_total{reason="${reason}"} ${times}`), body)
  }
})

test('what is missed of a topic is counted from 0 on', async () => {
  const { probe } = watched()
  probe.reads(['orders', 'users'])
  probe.recordsMissed({ topic: 'users', partition: 0, from: 3, to: 10 })
  const { body } = await probe.metrics.text()
  for (const [topic, missed] of Object.entries({ orders: 0, users: 7 })) {
    assert.ok(body.includes(`mytracker_sink_records_missed_total{topic="${topic}"} ${missed}`), body)
  }
})

test('every problem of a mapping is a line', () => {
  const { probe, lines } = watched()
  probe.mappingProblems('shop.Order', 'orders', ['one', 'two'])
  assert.deepEqual(
    lines.map(({ level, record: of, topic, problem }) => [level, of, topic, problem]),
    [
      ['warn', 'shop.Order', 'orders', 'one'],
      ['warn', 'shop.Order', 'orders', 'two'],
    ],
  )
})

test('a failed commit after a good one is said at once', () => {
  const { probe, lines } = watched()
  probe.commitFailed(new Error('a'))
  probe.commitFailed(new Error('b'))
  probe.committed()
  probe.commitFailed(new Error('c'))
  assert.deepEqual(
    lines.map(({ error }) => error),
    ['Error: a', 'Error: c'],
  )
})

test('trouble with the registry is one line, however many schemas wait', () => {
  const { probe, lines } = watched()
  for (let id = 1; id <= 20; id += 1) probe.registryFailed(id, new Error('connect ECONNREFUSED'))
  assert.deepEqual(
    lines.map(({ level, schemaId, error }) => [level, schemaId, error]),
    [['warn', 1, 'Error: connect ECONNREFUSED']],
  )
})

test('what Kafka’s client says is passed on without its stack, and never as an error', () => {
  const { probe, lines } = watched()
  probe.kafkaSaid('error', 'Connection error', { stack: 'at x', broker: 'b:9092' })
  probe.kafkaSaid('debug', 'Request', {})
  assert.deepEqual(
    lines.map(({ level, kafka, broker, stack }) => [level, kafka, broker, stack]),
    [
      ['warn', 'Connection error', 'b:9092', undefined],
      ['debug', 'Request', undefined, undefined],
    ],
  )
})

test('each change of certificates is said, with the files, and with the reason where it is of no use', () => {
  const { probe, lines } = watched()
  const event = { files: '/etc/tls.crt, /etc/tls.key', why: 'key values mismatch' }
  probe.certificates.kept(event)
  probe.certificates.renewed({ files: event.files })
  const line = { level: 'warn', time: '', ...event, msg: 'renewed certificates cannot be used: those of before stay in use' }
  const renewed = { level: 'info', time: '', files: event.files, msg: 'renewed certificates are used from now on' }
  assert.deepEqual(
    lines.map((each) => ({ ...each, time: '' })),
    [line, renewed],
  )
})

test('a drain that ran out of time needs a person, a clean one does not', () => {
  const { probe, lines } = watched()
  probe.drained({ clean: true, open: 2 })
  probe.drained({ clean: false, open: 2 })
  assert.deepEqual(
    lines.map(({ level, open }) => [level, open]),
    [
      ['info', 2],
      ['error', 2],
    ],
  )
})

test('no line holds anything of a record’s key, value, headers or parameters', () => {
  const { probe, text } = watched()
  for (const reason of ['unavailable', 'rejected', 'malformed'] as const) {
    probe.exited([{ record, to: 'dead-letter', reason, detail: 'd' }])
    probe.exited([{ record, to: 'tier', reason, detail: 'd' }])
  }
  probe.answered(answered(unavailable, 3))
  probe.answered(answered({ kind: 'halt', reason: 'misconfigured', detail: '404' }, 3))
  probe.answered(answered({ kind: 'reject', reason: 'too-large', detail: '413' }, 3))
  probe.answered(answered({ kind: 'pace', afterMs: 1, detail: '429' }, 3))
  probe.exitFailed({ topic: 'orders', partition: 3, waiting: 1, error: new Error('x') })
  assert.ok(text().length > 0)
  assert.doesNotMatch(text(), /secret/)
  assert.ok(!text().includes(Buffer.from('secret-value').toJSON().data.join(',')))
})

test('missed records are an error with their place and number, and are counted; of another log or a lost place nobody knows it', () => {
  const { probe, lines } = watched()
  const place = { topic: 'orders', partition: 3 }
  probe.recordsMissed({ ...place, from: 3, to: 10 })
  probe.recordsMissed({ ...place, from: 50, to: 20 })
  probe.recordsMissed({ ...place, from: -1, to: 20 })
  const seen = lines.map(({ level, topic, partition, from, to, missed }) => ({ level, topic, partition, from, to, missed }))
  assert.deepEqual(seen, [
    { level: 'error', ...place, from: 3, to: 10, missed: 7 },
    { level: 'error', ...place, from: 50, to: 20, missed: 0 },
    { level: 'error', ...place, from: -1, to: 20, missed: 0 },
  ])
  assert.equal(probe.counts.missed, 7)
})

test('what is held back is said once when it begins and once when it ends, and what flickers is counted', () => {
  const { probe, lines, pass } = watched()
  for (let times = 0; times < 5; times += 1) {
    probe.held({ why: 'forbidden', name: 'web', detail: '403' })
    probe.released({ why: 'forbidden', name: 'web' })
  }
  probe.held({ why: 'down', name: '', detail: '503' })
  pass(10_000)
  probe.held({ why: 'forbidden', name: 'web', detail: '403' })
  assert.deepEqual(
    lines.map(({ level, name, repeated, msg }) => [level, name, repeated, msg.split(':')[0]]),
    [
      ['error', 'web', undefined, 'the tracker refuses an app'],
      ['info', 'web', undefined, 'the tracker takes the app again'],
      ['warn', undefined, undefined, 'the tracker is down'],
      ['error', 'web', 4, 'the tracker refuses an app'],
    ],
  )
})
