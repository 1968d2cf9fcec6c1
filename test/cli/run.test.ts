import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../bin/mytracker-sink.js', import.meta.url))

test('run with a configuration that has three mistakes prints all three with their places and exits 78', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'sink.yaml')
  writeFileSync(
    file,
    `kafka:
  brokers: [localhost:9092]
  groupId: sink
  topics: [shop.users]
  startFrom: yesterday
schemaRegistry: { url: "http://localhost:8081" }
tracker:
  endpoint: https://tracker-s2s.my.com
  apps: [{ name: shop, idApp: 666, token: t }]
batch: { linger: 250 }
delivry: { maxInFlight: 8 }
`,
  )
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'run', '--config', file], { encoding: 'utf8' })
  assert.equal(status, 78)
  assert.equal(stdout, '')
  const lines = stderr.trimEnd().split('\n')
  assert.equal(lines.length, 3)
  assert.match(lines[0] ?? '', /sink\.yaml:5:3 kafka\.startFrom: .*earliest/)
  assert.match(lines[1] ?? '', /sink\.yaml:10:10 batch\.linger: .*250ms/)
  assert.match(lines[2] ?? '', /sink\.yaml:11:1 delivry: .*did you mean "?delivery/)
})

test('run with modules that cannot be used names each key with its place and exits 78', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'sink.yaml')
  writeFileSync(join(directory, 'empty.ts'), 'export const mop = 1')
  writeFileSync(join(directory, 'broken.ts'), 'throw new Error("no such table")')
  writeFileSync(
    file,
    `kafka: { brokers: ["localhost:9"], groupId: sink, topics: [shop.users], startFrom: latest }
schemaRegistry: { url: "http://localhost:9" }
tracker: { endpoint: "http://localhost:9", apps: [{ name: shop, idApp: 666, token: t }] }
mappings:
  - record: a.A
    module: ./empty.ts
  - { record: a.B, module: broken.ts }
`,
  )
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'run', '--config', file], { encoding: 'utf8' })
  assert.deepEqual([status, stdout], [78, ''])
  const lines = stderr.trimEnd().split('\n')
  assert.match(lines[0] ?? '', /sink\.yaml:6:5 mappings\[0\]\.module: .*empty\.ts exports no function map; write/)
  assert.match(lines[1] ?? '', /sink\.yaml:7:20 mappings\[1\]\.module: .*broken\.ts cannot be loaded: no such table$/)
  assert.equal(lines.length, 2)
})

test('a command or a file that does not exist ends with a sentence and not with a stack trace', () => {
  const command = spawnSync(process.execPath, [bin, 'rnu'], { encoding: 'utf8' })
  assert.equal(command.status, 1)
  assert.match(command.stderr, /unknown command/)
  const file = spawnSync(process.execPath, [bin, 'run', '--config', 'nowhere.yaml'], { encoding: 'utf8' })
  assert.equal(file.status, 78)
  assert.match(file.stderr, /nowhere\.yaml.*cannot be read/)
  assert.doesNotMatch(file.stderr, /\n\s+at /)
})

test('a proxy that cannot be used stops the start, and the message keeps its password to itself', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'sink.yaml')
  writeFileSync(
    file,
    `kafka: { brokers: ["localhost:9092"], groupId: sink, topics: [shop.users], startFrom: latest }
schemaRegistry: { url: "http://localhost:8081" }
tracker: { endpoint: "https://tracker.test", apps: [{ name: shop, idApp: 666, token: t }] }
`,
  )
  const env = { ...process.env, https_proxy: 'socks5://user:s3cret@proxy:1080', no_proxy: '', NO_PROXY: '' }
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'run', '--config', file], { encoding: 'utf8', env })
  assert.equal(status, 1)
  assert.equal(
    stderr,
    'mytracker-sink: HTTPS_PROXY names a proxy of a kind that is not spoken, socks5://; write http://host:port\n',
  )
  assert.doesNotMatch(stdout, /s3cret/)
})

test('check prints every mistake and exits 78, or one short line and exits 0', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'sink.yaml')
  const sound = readFileSync(new URL('../../config/minimal.yaml', import.meta.url), 'utf8')
  const called = (...args: string[]) => spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' })
  writeFileSync(file, sound)
  const well = called('check', '--config', file)
  assert.deepEqual([well.status, well.stderr], [0, ''])
  assert.equal(well.stdout, `${file}: the configuration is sound; --online tries what it names\n`)
  writeFileSync(file, `${sound}batch: { linger: 250 }\nunmappd: skip\n`)
  const wrong = called('check', '--config', file)
  assert.deepEqual([wrong.status, wrong.stdout], [78, ''])
  const prints = [
    `${file}:33:10 batch.linger: 250 has no unit; write a duration like 250ms, 30s, 5m or 24h`,
    `${file}:34:1 unmappd: is not a known key; did you mean "unmapped"?`,
  ]
  assert.deepEqual(wrong.stderr.trimEnd().split('\n'), prints)
})

test('check and run alike name a misspelt parameter with its place and exit 78', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'sink.yaml')
  writeFileSync(
    file,
    `kafka: { brokers: ["localhost:9"], groupId: sink, topics: [shop.users], startFrom: latest }
schemaRegistry: { url: "http://localhost:9" }
tracker: { endpoint: "http://localhost:9", apps: [{ name: shop, idApp: 666, token: t }] }
mappings:
  - { record: a.A, skip: true }
  - record: a.B
    app: shop
    method: login
    params:
      custmUserId: id
`,
  )
  for (const command of ['check', 'run']) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, command, '--config', file], { encoding: 'utf8' })
    const problem = `${file}:10:7 mappings[1].params.custmUserId: is no parameter of login; did you mean "customUserId"?\n`
    assert.deepEqual([status, stdout, stderr], [78, '', problem], command)
  }
})
