import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { askedBy } from '../../src/cli/explain.ts'
import { CliProcess } from '../support/cli-process.ts'

test('the flags name a stored record or give a written one; anything else is answered with what is missing', () => {
  assert.deepEqual(askedBy({ topic: 't', partition: 0, offset: 5 }), { kind: 'stored', topic: 't', partition: 0, offset: 5 })
  assert.deepEqual(askedBy({ record: 'a.B', json: 'f' }), {
    kind: 'written',
    record: 'a.B',
    file: 'f',
    topic: undefined,
    schema: undefined,
  })
  const whole = { record: 'a.B', topic: 't', schema: 's' }
  assert.deepEqual(askedBy({ ...whole, json: 'f' }), { kind: 'written', file: 'f', ...whole })
  assert.match(String(askedBy({})), /^name a record: --topic T/)
  assert.match(String(askedBy({ topic: 't' })), /^--partition and --offset missing/)
  assert.match(String(askedBy({ partition: 0, offset: 1 })), /^--topic missing/)
  assert.match(String(askedBy({ record: 'a.B' })), /^--record needs --json FILE/)
  assert.match(String(askedBy({ json: 'f' })), /^--json needs --record NAME/)
  assert.match(String(askedBy({ topic: 't', partition: 0, offset: 1, schema: 's' })), /^--schema goes with --record/)
  assert.match(String(askedBy({ record: 'a.B', json: 'f', partition: 0 })), /not both$/)
})

const config = `kafka: { brokers: ["127.0.0.1:9"], groupId: g, topics: [users, orders], startFrom: latest }
schemaRegistry: { url: "http://127.0.0.1:9" }
tracker: { endpoint: "http://localhost:9", apps: [{ name: shop, idApp: 666, token: t }] }
mappings:
  - { record: mytracker.Login, topic: orders, skip: true }
  - { record: mytracker.Login, when: { field: customUserId, equals: guest }, app: shop, method: login, params: { customUserId: customUserId } }
  - record: mytracker.Login
    app: shop
    method: login
    params: { customUserId: customUserId, eventTimestamp: eventTimestamp, age: age }
`

function explaining(t: TestContext): (event: string, ...args: readonly string[]) => ReturnType<CliProcess['ended']> {
  const cwd = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  t.after(() => rmSync(cwd, { recursive: true, force: true }))
  writeFileSync(join(cwd, 'sink.yaml'), config)
  return (event, ...args) => {
    const file = `${crypto.randomUUID()}.json`
    writeFileSync(join(cwd, file), event)
    return new CliProcess(t, ['explain', '--config', 'sink.yaml', '--json', file, ...args], { cwd }).ended()
  }
}

test('a written record is followed through every step, its values masked unless they are asked for', async (t) => {
  const explain = explaining(t)
  const event = '{"customUserId": "secret", "age": 1000, "eventTimestamp": "2026-01-31T12:00:00Z"}'
  const [hidden, shown] = await Promise.all([
    explain(event, '--record', 'mytracker.Login', '--topic', 'users'),
    explain(event, '--record', 'mytracker.Login', '--topic', 'users', '--values'),
  ])
  assert.deepEqual([hidden.code, hidden.stderr], [0, ''])
  assert.doesNotMatch(hidden.stdout, /secret|1769860800/)
  const lines = hidden.stdout.split('\n').filter((line) => !/^(?: |event|body|record)/.test(line))
  assert.deepEqual(lines, [
    'schema    schemas/mytracker.Login.avsc, mytracker.Login',
    'mapping   mappings[0], sink.yaml:5: not this one, it is for topic orders',
    'mapping   mappings[1], sink.yaml:6: not this one, its when does not hold',
    'mapping   mappings[2], sink.yaml:7: used',
    'dropped   age: empty, not of this method, or breaks its rule (wants a whole number from 0 to 128)',
    'hit       login of app shop',
    'request   POST http://localhost:9/v1/login/?idApp=666',
    'size      53 bytes of at most 10000',
    'verdict   can be delivered; nothing was sent',
    '',
  ])
  assert.match(shown.stdout, /^body {6}\{"customUserId":"secret","eventTimestamp":1769860800\}$/m)
})

test('what cannot be delivered exits 1 and says why and what to change', async (t) => {
  const explain = explaining(t)
  const login = ['--record', 'mytracker.Login']
  const [filtered, broken, misfit, noJson, noRegistry] = await Promise.all([
    explain('{"customUserId": "x"}', ...login, '--topic', 'orders'),
    explain('{"customUserId": ""}', ...login, '--topic', 'users'),
    explain('{"customUserId": 1}', ...login),
    explain('{', ...login),
    explain('{}', '--record', 'a.B'),
  ])
  assert.deepEqual([filtered.code, broken.code, misfit.code, noJson.code, noRegistry.code], [1, 1, 1, 1, 1])
  assert.match(filtered.stdout, /^verdict {3}skipped, skipped: not delivered\nchange {4}skip: true of the mapping/m)
  assert.match(
    broken.stdout,
    /^verdict {3}dead letter, invalid-hit: customUserId: is required, found an empty text\nchange {4}the mapping/m,
  )
  assert.match(misfit.stderr, /json does not fit the schema of mytracker\.Login: customUserId: must be a text, is a number\n$/)
  assert.match(noJson.stderr, /json:1:2 is no JSON\n$/)
  assert.match(noRegistry.stderr, /subject users-value of the registry http:\/\/127\.0\.0\.1:9: .*ECONNREFUSED/)
})
