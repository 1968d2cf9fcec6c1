import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { CliProcess } from '../support/cli-process.ts'

const config = `kafka: { brokers: ["localhost:9"], groupId: g, topics: [users, orders], startFrom: latest }
schemaRegistry: { url: "http://127.0.0.1:9" }
tracker: { endpoint: "http://localhost:9", apps: [{ name: shop, idApp: 666, token: t }] }
mappings:
  - record: shop.User
    topic: orders
    when: { field: kind, equals: NEW }
    app: shop
    method: registration
    params: { customUserId: id, eventTimestamp: at, age: age }
`
const schema = `{"type": "record", "name": "shop.User", "fields": [
  {"name": "id", "type": "string"}, {"name": "kind", "type": ["null", "string"], "default": null},
  {"name": "age", "type": ["null", "int"], "default": null}, {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}]}`

const passing = `tests:
  - name: a new user
    schema: { file: user.avsc }
    event: { id: u, kind: NEW, at: 2026-01-31T12:00:00Z }
    hit: { app: shop, method: registration, params: { customUserId: u, eventTimestamp: 1769860800 } }
  - { name: an old one, schema: { file: user.avsc }, event: { id: u, at: 0 }, skip: filtered }
  - { name: of another topic, schema: { file: user.avsc }, topic: users, event: { id: u, at: 0 }, reject: unmapped }
  - { name: no value, schema: { file: user.avsc }, event: null, skip: tombstone }
  - name: a canonical record, without a registry
    record: mytracker.Login
    timestamp: 1000000000000
    event: { customUserId: u }
    hit: { app: shop, method: login, params: { customUserId: u, eventTimestamp: 1000000000 } }
`

function directoryOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  for (const [name, text] of Object.entries({ 'sink.yaml': config, 'user.avsc': schema, ...files })) {
    writeFileSync(join(directory, name), text)
  }
  return directory
}

const run = (t: TestContext, cwd: string, ...args: readonly string[]) =>
  new CliProcess(t, ['test', '--config', 'sink.yaml', ...args], { cwd }).ended()

test('tests beside the configuration pass without broker and registry', async (t) => {
  const { code, stdout, stderr } = await run(t, directoryOf(t, { 'sink.test.yaml': passing }))
  assert.deepEqual([code, stderr], [0, ''])
  const lines = stdout.trimEnd().split('\n')
  assert.equal(lines[0], 'passed  sink.test.yaml:2 a new user')
  assert.equal(lines.at(-1), '5 passed, 0 failed')
})

test('a failing test tells parameter by parameter what differs, and the named files only are run', async (t) => {
  const failing = `tests:
  - name: wrong
    schema: { file: user.avsc }
    event: { id: u, kind: NEW, age: 1000, at: 1000000000000 }
    hit: { app: shop, method: registration, params: { customUserId: v, age: 1000 } }
  - { name: no schema, schema: { file: gone.avsc }, event: {}, skip: filtered }
  - { name: unfit, schema: { file: user.avsc }, event: { id: 1, at: 0 }, skip: filtered }
  - { name: no registry, record: shop.User, event: {}, skip: filtered }
`
  const directory = directoryOf(t, { 'sink.test.yaml': passing, 'wrong.yaml': failing })
  const { code, stdout } = await run(t, directory, 'wrong.yaml')
  assert.equal(code, 1)
  const lines = stdout.trimEnd().split('\n')
  assert.deepEqual(lines.slice(0, 5), [
    'FAILED  wrong.yaml:2 wrong',
    '        customUserId: expected "v", got "u"',
    '        age: missing, expected 1000',
    '        eventTimestamp: extra, got 1000000000',
    '        dropped: age breaks a rule of the tracker',
  ])
  assert.match(stdout, /gone\.avsc cannot be used as an Avro schema: ENOENT/)
  assert.match(stdout, /the event does not fit user\.avsc: id: must be a text, is a number/)
  assert.match(stdout, /subject orders-value of the registry http:\/\/127\.0\.0\.1:9: .*ECONNREFUSED/)
  assert.equal(lines.at(-1), '0 passed, 4 failed')
})

test('a bad file of tests is told with line and column, exit 78; without tests the exit is 1', async (t) => {
  const directory = directoryOf(t, { 'bad.yaml': 'tests:\n  - name: x\n    record: a.B\n    event: {}\n    skp: filtered\n' })
  const bad = await run(t, directory, 'bad.yaml', 'gone.yaml')
  assert.deepEqual([bad.code, bad.stdout], [78, ''])
  const [first, second] = bad.stderr.split('\n')
  assert.equal(first, 'bad.yaml:5:5 tests[0].skp: is not a known key; did you mean "skip"?')
  assert.match(second ?? '', /^gone\.yaml:1:1 the file cannot be read: ENOENT/)
  const none = await run(t, directory)
  assert.deepEqual([none.code, none.stdout], [1, '0 passed, 0 failed\n'])
  assert.match(none.stderr, /^no tests: /)
})
