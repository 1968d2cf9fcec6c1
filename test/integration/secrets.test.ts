import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, test } from 'node:test'
import { Cluster } from '../../src/stack/cluster.ts'
import { CliProcess } from '../support/cli-process.ts'
import { encodeScored, scoredSchema } from '../support/game.ts'
import { serving } from '../support/serving.ts'
import { until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const MARKER = 'marked-s3cret'
const BASIC = Buffer.from(`somebody:${MARKER}`).toString('base64')

const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())
const topic = 'secret-scores'
await cluster.createTopic(topic, 1)
const schemaId = await cluster.register(`${topic}-value`, scoredSchema)
await cluster.produce(topic, [{ partition: 0, key: 'p', value: encodeScored(schemaId, { id: '1', player: 'p' }) }])

/** A server that refuses and repeats what it was sent, as a careless one may. */
function echoing(t: TestContext, statusOf: (number: number) => number): Promise<string> {
  let number = 0
  return serving(t, (request, response) => {
    number += 1
    const told = `refused ${request.headers.authorization}`
    response.writeHead(statusOf(number), { 'content-type': 'application/json', 'x-told': told })
    response.end(JSON.stringify({ error_code: 40101, message: told, error: told }))
  })
}

interface Changes {
  readonly registryUrl?: string
  readonly registryAuth?: string
  readonly trackerUrl?: string
  readonly sasl?: string
  readonly brokers?: readonly string[]
}

/** Everything is run in a directory of its own, so that what it writes is found. */
function sandbox(t: TestContext, groupId: string, changes: Changes): { file: string; directory: string } {
  const { registryUrl = cluster.stack.registryUrl, registryAuth = `bearerToken: ${MARKER}`, sasl = '' } = changes
  const { trackerUrl = 'http://127.0.0.1:1', brokers = cluster.stack.brokers } = changes
  const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'sink.yaml')
  writeFileSync(
    file,
    `kafka: { brokers: ${JSON.stringify(brokers)}, groupId: ${groupId}, topics: [${topic}], startFrom: earliest${sasl} }
schemaRegistry: { url: "${registryUrl}", ${registryAuth} }
tracker:
  endpoint: ${trackerUrl}
  apps: [{ name: android, idApp: 1, token: ${MARKER} }]
mappings:
  - record: com.game.Scored
    app: android
    method: login
    params: { customUserId: player }
retry: { inPlace: { attempts: 1, delay: 10ms } }
http: { host: 127.0.0.1, port: 0 }
log: { level: trace }
`,
  )
  return { file, directory }
}

function assertSilent(output: string, directory: string): void {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'sink.yaml')
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  for (const text of [output, ...files]) {
    for (const form of [MARKER, BASIC]) assert.ok(!text.includes(form), text.slice(Math.max(0, text.indexOf(form) - 500)))
  }
}

/** What it serves, in the midst of its failures; nothing where it has ended or never served. */
async function pagesOf(sink: CliProcess): Promise<string> {
  const url = /"url":"([^"]+)"/.exec(sink.stdout)?.[1]
  const asked = ['/status', '/metrics', '/'].map(async (path) => await (await fetch(`${url}${path}`)).text())
  return (await Promise.all(asked).catch(() => [])).join('\n')
}

/** Runs the service until it has said each of `sentences`, then ends it; all that it has said. */
async function ran(
  t: TestContext,
  groupId: string,
  changes: Changes,
  sentences: readonly RegExp[],
  node: readonly string[] = [],
): Promise<string> {
  const { file, directory } = sandbox(t, groupId, changes)
  const sink = new CliProcess(t, ['run', '--config', file], { node, cwd: directory })
  await until(`it says ${sentences.join(' and ')}`, () => sentences.every((each) => each.test(sink.stdout + sink.stderr)))
  const pages = await pagesOf(sink)
  sink.kill('SIGTERM')
  const { stdout, stderr } = await sink.ended()
  assertSilent(stdout + stderr + pages, directory)
  return stdout + stderr + pages
}

async function checked(t: TestContext, groupId: string, changes: Changes): Promise<string> {
  const { file, directory } = sandbox(t, groupId, changes)
  const said: string[] = []
  for (const flags of [[], ['--json']]) {
    const args = ['check', '--config', file, '--online', ...flags]
    const { code, stdout, stderr } = await new CliProcess(t, args, { cwd: directory }).ended()
    assert.equal(code, 1)
    assertSilent(stdout + stderr, directory)
    said.push(stdout)
  }
  return said.join('')
}

const basic = `username: somebody, password: ${MARKER}`

test('a registry that refuses, fails, and repeats the credentials it was sent', async (t) => {
  const statusOf = (number: number) => (number % 2 === 1 ? 401 : 500)
  for (const [name, registryAuth] of [
    ['bearer', `bearerToken: ${MARKER}`],
    ['basic', basic],
  ] as const) {
    const said = await ran(t, `secret-registry-${name}`, { registryUrl: await echoing(t, statusOf), registryAuth }, [
      /the schema registry does not answer/,
    ])
    // What stood around the secret is there: it was taken out, not missed.
    assert.match(said, /refused (Bearer|Basic) \*\*\*/)
    assert.match(said, /The schema registry does not answer[^\n]*refused (Bearer|Basic) \*\*\*/)
    assert.match(
      await checked(t, `secret-registry-${name}`, { registryUrl: await echoing(t, () => 401), registryAuth }),
      /status 401/,
    )
    assert.match(
      await checked(t, `secret-registry-${name}`, { registryUrl: await echoing(t, () => 500), registryAuth }),
      /status 500/,
    )
  }
})

test('a tracker that refuses, fails, and repeats the token it was sent', async (t) => {
  for (const status of [403, 500, 400, 302]) {
    const trackerUrl = await echoing(t, () => status)
    const reached = [/the tracker refuses us|a request failed|a record was parked/]
    assert.match(await ran(t, `secret-tracker-${status}`, { trackerUrl }, reached), /"verdict":"[\s\S]*mytracker_sink_/)
    assert.match(await checked(t, `secret-tracker-${status}`, { trackerUrl }), new RegExp(`app android, .*status ${status}`))
  }
})

test('brokers that refuse the mechanism, or are not there', async (t) => {
  for (const mechanism of ['plain', 'scram-sha-512']) {
    const sasl = `, sasl: { mechanism: ${mechanism}, username: somebody, password: ${MARKER} }`
    await ran(t, `secret-${mechanism}`, { sasl }, [/cannot start/])
    await checked(t, `secret-${mechanism}`, { sasl })
  }
  const sasl = `, sasl: { mechanism: plain, username: somebody, password: ${MARKER} }`
  await checked(t, 'secret-nowhere', { sasl, brokers: ['127.0.0.1:1'] })
})

test('a crash in the middle of its work', async (t) => {
  const trackerUrl = await echoing(t, () => 403)
  const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const injected = join(directory, 'injected.mjs')
  // While requests are refused, so that what the error drags along has the token in its hands.
  writeFileSync(injected, "setTimeout(() => { throw new Error('injected crash') }, 2_500)\n")
  await ran(t, 'secret-crash', { trackerUrl }, [/injected crash/], ['--import', injected])
})

test('a token that no header can carry, and a configuration that is wrong all over', async (t) => {
  const { file, directory } = sandbox(t, 'secret-broken', { trackerUrl: 'http://127.0.0.1:1' })
  const text = readFileSync(file, 'utf8')
  for (const [from, to] of [
    [`token: ${MARKER}`, `token: "${MARKER}\\u00e9"`],
    [`token: ${MARKER}`, `token: [${MARKER}]`],
    [`token: ${MARKER}`, `token: { a: ${MARKER} }`],
    [`token: ${MARKER}`, `tokn: ${MARKER}`],
    [`bearerToken: ${MARKER}`, `bearerToken: ${MARKER}, bearerTokenFile: ./sink.yaml`],
    [`token: ${MARKER}`, `token: "${MARKER}`],
    [`token: ${MARKER}`, `token: *${MARKER}`],
    [`token: ${MARKER}`, `token: !${MARKER} x`],
  ] as const) {
    writeFileSync(file, text.replace(from, to))
    const { code, stdout, stderr } = await new CliProcess(t, ['check', '--config', file, '--online'], { cwd: directory }).ended()
    assert.ok(code === 78 || code === 1, `${to} ended with ${code}`)
    assertSilent(stdout + stderr, directory)
  }
})
