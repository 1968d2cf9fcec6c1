import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTests, TIMESTAMP } from '../../src/mapping-test/format.ts'

const sound = { name: 'n', record: 'a.R', event: {}, skip: 'filtered' }

function findingsOf(...tests: readonly object[]): string[] {
  const parsed = parseTests({ tests })
  return 'findings' in parsed ? parsed.findings.map(({ path, message }) => `${path.join('.')}: ${message}`) : []
}

test('a test has a name, a schema, an event and one expectation; the rest has defaults', () => {
  const parsed = parseTests({ tests: [sound, { ...sound, timestamp: '2026-01-31T12:00:00+01:00', event: null }] })
  assert.ok('tests' in parsed)
  const [first, second] = parsed.tests
  assert.deepEqual(first, {
    name: 'n',
    schema: { record: 'a.R' },
    topic: undefined,
    timestamp: TIMESTAMP,
    event: {},
    expected: { kind: 'skip', reason: 'filtered' },
  })
  assert.deepEqual([second?.timestamp, second?.event], [1_769_857_200_000, null])
})

test('what is missing, unknown or too much is named with its place', () => {
  const { event: _, ...eventless } = sound
  assert.deepEqual(findingsOf(eventless), ['tests.0: event is missing; null is a record without value'])
  assert.deepEqual(findingsOf(sound, { ...sound, reject: 'unmapped' }), ['tests.1: needs one of hit, skip and reject'])
  assert.deepEqual(findingsOf({ ...sound, schema: { file: 'x' } }), ['tests.0: needs either record or schema'])
  assert.deepEqual(findingsOf({ ...sound, record: undefined, schema: { file: 'x', subject: 'y' } }), [
    'tests.0.schema: must be { file: PATH } or { subject: NAME }',
  ])
  assert.deepEqual(findingsOf({ ...sound, evnt: 1 }), ['tests.0.evnt: is not a known key; did you mean "event"?'])
  assert.match(findingsOf({ ...sound, skip: 'boring' })[0] ?? '', /^tests\.0\.skip: must be one of tombstone, filtered/)
  assert.match(findingsOf({ ...sound, timestamp: 'today' })[0] ?? '', /^tests\.0\.timestamp: must be epoch milliseconds or/)
  assert.ok('findings' in parseTests([sound]))
  assert.ok('findings' in parseTests(null))
})
