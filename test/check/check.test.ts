import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SubjectFacts } from '../../src/check/http.ts'
import { judgeApp, judgeClock, judgeMapping, judgeRegistry } from '../../src/check/http.ts'
import type { OwnTopic, Settings, TopicFacts } from '../../src/check/kafka.ts'
import { judgeAdvertised, judgeAuthentication, judgeGroup, judgeMissing, judgeOwn, judgeSource } from '../../src/check/kafka.ts'
import { failed, hasFault, ok, resultLine, summaryLine, together, warning } from '../../src/check/report.ts'
import { runCheck } from '../../src/check/run.ts'
import { subjectsOf, topicsOf } from '../../src/check/subjects.ts'

describe('a topic of our own', () => {
  const wanted: OwnTopic = {
    retentionKey: 'retry.retention',
    retentionMs: 1_000,
    partitions: 6,
    replicas: 3,
    maxMessageBytes: 2_000,
  }
  const settings = { 'cleanup.policy': 'delete', 'retention.ms': '1000', 'max.message.bytes': '2000', 'min.insync.replicas': '2' }
  const facts: TopicFacts = { partitions: 6, replicas: 3, leaderless: 0 }
  const judged = (changed: Settings, changes: Partial<TopicFacts> = {}) =>
    judgeOwn({ ...facts, ...changes }, { ...settings, ...changed }, wanted)

  const cases: readonly [string, Settings, Partial<TopicFacts>, string, RegExp][] = [
    ['as it should be', {}, {}, 'ok', /^6 partitions, set as it should be$/],
    ['of another policy', { 'cleanup.policy': 'compact,delete' }, {}, 'failed', /^cleanup\.policy is compact,delete/],
    ['that expires early', { 'retention.ms': '999' }, {}, 'failed', /^retention\.ms is 999, retry\.retention says 1000/],
    ['that expires late', { 'retention.ms': '1001' }, {}, 'warning', /^retention\.ms is 1001/],
    ['that never expires', { 'retention.ms': '-1' }, {}, 'warning', /^retention\.ms is -1/],
    ['that takes less', { 'max.message.bytes': '1999' }, {}, 'failed', /^max\.message\.bytes is 1999/],
    ['that takes more', { 'max.message.bytes': '2001' }, {}, 'warning', /^max\.message\.bytes is 2001/],
    ['of fewer partitions', {}, { partitions: 1 }, 'warning', /^1 partition instead of 6/],
    ['of more partitions', {}, { partitions: 7 }, 'warning', /^7 partitions instead of 6/],
    ['of fewer copies', {}, { replicas: 2 }, 'warning', /^2 replicas, the sources have 3/],
    ['that nothing can be written to', {}, { replicas: 1 }, 'failed', /^min\.insync\.replicas is 2 but there is 1 copy/],
  ]
  for (const [title, changed, changes, state, found] of cases) {
    it(title, () => {
      const verdict = judged(changed, changes)
      assert.equal(verdict.state, state)
      assert.match(verdict.found, found)
      assert.equal(verdict.cure === undefined, state === 'ok')
    })
  }

  it('may be missing where it can be made', () => {
    assert.equal(judgeMissing({ create: true, refusal: undefined }).state, 'ok')
    assert.equal(judgeMissing({ create: false, refusal: undefined }).state, 'failed')
    assert.match(judgeMissing({ create: true, refusal: 'no rights' }).found, /cannot be made: no rights$/)
  })

  it('is compared with nothing that could not be learned', () => {
    const blind = { ...wanted, partitions: undefined, replicas: undefined, maxMessageBytes: undefined }
    assert.equal(judgeOwn({ ...facts, partitions: 1, replicas: 2 }, settings, blind).state, 'ok')
  })
})

describe('brokers, sources and groups', () => {
  const reached = { kind: 'reached' } as const
  const gone = { kind: 'unreachable', why: 'gone' } as const
  const refused = { kind: 'refused', refusal: { at: 'sasl', why: 'no such user', cure: 'mend kafka.sasl' } } as const

  it('authentication is judged by whoever answers', () => {
    assert.equal(judgeAuthentication([gone, reached], 'plain as u').found, 'plain as u')
    assert.equal(judgeAuthentication([gone], 'plain as u').state, 'not tried')
    assert.deepEqual(judgeAuthentication([reached, refused], 'plain as u'), failed('no such user', 'mend kafka.sasl'))
  })

  it('an address that the brokers advertise and nobody can reach is named', () => {
    const verdict = judgeAdvertised([
      { address: 'a:1', facts: reached },
      { address: 'b:2', facts: gone },
    ])
    assert.equal(verdict.state, 'failed')
    assert.equal(verdict.found, 'cannot be reached: b:2 (gone)')
  })

  it('a source must be there, led and readable', () => {
    const facts = { partitions: 2, replicas: 1, leaderless: 0 }
    assert.deepEqual(judgeSource(facts, undefined), ok('2 partitions, readable'))
    assert.equal(judgeSource(undefined, undefined).state, 'failed')
    assert.match(judgeSource({ ...facts, leaderless: 1 }, undefined).found, /^1 of 2 partitions without a leader/)
    assert.match(judgeSource(facts, 'no rights').found, /not readable: no rights$/)
  })

  it('a group may be new', () => {
    assert.equal(judgeGroup({ groupId: 'g', state: 'Dead', members: 0 }).found, 'not there yet; the first start makes it')
    assert.equal(judgeGroup({ groupId: 'g', state: 'Stable', members: 2 }).found, 'stable, 2 members')
  })
})

describe('registry, mappings, tokens and clock', () => {
  const found: SubjectFacts = { kind: 'found', subject: 's', version: 3, id: 7, record: 'a.B', problems: [] }

  it('a registry is judged by its status', () => {
    assert.deepEqual(
      [200, 401, 403, 404, 500].map((status) => judgeRegistry(status).state),
      ['ok', 'failed', 'failed', 'failed', 'failed'],
    )
    assert.match(judgeRegistry(401).cure ?? '', /password/)
  })

  it('a mapping is looked for in all subjects that may be its own', () => {
    assert.deepEqual(judgeMapping('a.B', [{ kind: 'absent', subject: 'r' }, found]), ok('fits s, version 3, id 7'))
    assert.equal(judgeMapping('a.B', []).state, 'warning')
    assert.match(judgeMapping('a.C', [found]).found, /^not in the registry: s holds a\.B$/)
    assert.match(judgeMapping('a.B', [{ kind: 'absent', subject: 'r' }]).found, /no subject r$/)
    assert.equal(judgeMapping('a.B', [{ kind: 'unreadable', subject: 'r', why: 'status 500' }]).found, 'r: status 500')
    const problems = judgeMapping('a.B', [found, { ...found, problems: ['params.x: no y', 'params.z: no y'] }])
    assert.equal(problems.found, 'does not fit s, version 3, id 7: params.x: no y; params.z: no y')
  })

  it('subjects are named in three ways', () => {
    const named = (naming: 'topic' | 'record' | 'topic-record') =>
      subjectsOf('a.B', naming, ['t', 'u']).map(({ subject }) => subject)
    assert.deepEqual(named('topic'), ['t-value', 'u-value'])
    assert.deepEqual(named('record'), ['a.B'])
    assert.deepEqual(named('topic-record'), ['t-a.B', 'u-a.B'])
  })

  it('a mapping is held against the topics that no earlier one takes', () => {
    const mappings = [{ record: 'a.B', topic: 't' }, { record: 'a.C' }, { record: 'a.B' }, { record: 'a.C', topic: 'u' }]
    const topics = mappings.map((_, place) => topicsOf(mappings, place, ['t', 'u', 'v']))
    assert.deepEqual(topics, [['t'], ['t', 'u', 'v'], ['u', 'v'], []])
  })

  it('a token is judged by the status, and a tracker that does not offer the question is no fault', () => {
    assert.deepEqual(
      [200, 404, 401, 403, 302, 429, 500].map((status) => judgeApp(status).state),
      ['ok', 'ok', 'failed', 'failed', 'failed', 'warning', 'failed'],
    )
  })

  it('a clock is worth a warning above a minute, and a fault above ten', () => {
    const state = (...aheadMs: number[]) => judgeClock(aheadMs.map((each) => ({ of: 'tracker', aheadMs: each }))).state
    assert.deepEqual(
      [0, 60_000, -60_000].map((each) => state(each)),
      ['ok', 'ok', 'ok'],
    )
    assert.deepEqual(
      [60_001, -60_001, 600_000].map((each) => state(each)),
      ['warning', 'warning', 'warning'],
    )
    assert.deepEqual(
      [600_001, -600_001].map((each) => state(each)),
      ['failed', 'failed'],
    )
    assert.equal(state(0, 600_001), 'failed')
    assert.equal(judgeClock([{ of: 'tracker', aheadMs: undefined }]).state, 'not tried')
    assert.equal(judgeClock([{ of: 'tracker', aheadMs: 90_000 }]).found, '90 s ahead of the tracker')
  })
})

describe('the report', () => {
  it('tells the worst, and of that only what is amiss', () => {
    assert.deepEqual(
      together([ok('a'), warning('b', 'do x'), failed('c', 'do y'), failed('d', 'do y')]),
      failed('b; c; d', 'do x; do y'),
    )
    assert.deepEqual(together([ok('a'), ok('b')]), ok('a; b'))
  })

  it('counts no warning as a fault', () => {
    const result = { name: 'a', ms: 1, ...warning('x', 'y') }
    assert.equal(hasFault([result]), false)
    assert.equal(hasFault([result, { name: 'b', ms: 1, ...failed('x', 'y') }]), true)
    assert.equal(summaryLine([result, { name: 'b', ms: 1, ...ok('x') }]), '1 ok, 1 warning')
    assert.equal(resultLine({ name: 'b', ms: 1.6, ...failed('x', 'y') }), 'failed    b, 2 ms: x; y')
  })

  it('has a line for a check that throws, and for one that never ends', async () => {
    let nowMs = 0
    const timing = { now: () => nowMs, after: () => new Promise<void>(() => undefined), timeoutMs: 5_000 }
    const thrown = await runCheck({ name: 'a', cure: 'mend it', run: () => Promise.reject(new Error('broken')) }, timing)
    assert.deepEqual(thrown, { name: 'a', ms: 0, ...failed('broken', 'mend it') })
    const run = () => new Promise<never>(() => undefined)
    const after = async (ms: number) => {
      nowMs += ms
    }
    const late = await runCheck({ name: 'b', cure: 'mend it', run }, { ...timing, after })
    assert.deepEqual(late, { name: 'b', ms: 5_000, ...failed('no answer within 5 s', 'mend it') })
  })
})
