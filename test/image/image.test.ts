/** The image as it is built and run: read-only, without rights, without a shell. Needs the tools that docs/image.md names. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { shopEvents } from '../../src/shop/events.ts'
import { Shop } from '../../src/shop/shop.ts'
import type { Accepted } from '../../src/shop/verdict.ts'
import { describe, isGood } from '../../src/shop/verdict.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { freePorts } from '../../src/stack/ports.ts'
import { startStack } from '../../src/stack/stack.ts'
import { until } from '../support/sink-process.ts'
import type { Bases } from './bases.ts'
import { basesOf } from './bases.ts'
import { Engine } from './engine.ts'

const MB = 1_000_000
const OVER_BASE_MAX = 60 * MB
const EVENTS = 10_000
/** Of the stand-in: slow enough for the service to be ended in the middle. */
const LATENCY_MS = 200
const DELIVERY_MS_MAX = 120_000
const image = 'localhost/mytracker-sink:test'
const standIn = 'localhost/mytracker-sink-stand-in:test'
const checkout = fileURLToPath(new URL('../..', import.meta.url))
const dockerfile = join(checkout, 'Dockerfile')
const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { version: string }

interface Composed {
  readonly tracker: { readonly command: string[] }
  readonly sink: {
    readonly environment: Record<string, string>
    readonly volumes: string[]
    readonly mem_limit: string
    readonly stop_grace_period: string
  }
}
const composed = (parse(readFileSync(join(checkout, 'compose.yaml'), 'utf8')) as { services: Composed }).services

const engine = await Engine.start()
after(() => engine.stop())
let bases: Bases
before(async () => {
  bases = await basesOf(engine, readFileSync(dockerfile, 'utf8'))
  await build('sink', image)
  await build('stand-in', standIn)
})

async function build(target: string, name: string): Promise<void> {
  const given = { BUILD_IMAGE: bases.build, BASE_IMAGE: bases.runtime, VERSION: version, REVISION: 'r1' }
  const flags = Object.entries(given).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`])
  await engine.podman(
    'build',
    '--isolation=chroot',
    '--layers',
    '--pull=never',
    ...flags,
    '--target',
    target,
    '--tag',
    name,
    checkout,
  )
}

interface Locked {
  readonly dev?: boolean
}

/** As strict as it goes: nothing can be written, not even to /tmp. */
const strict = ['--read-only', '--read-only-tmpfs=false', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--network=host']

/** A folder with this configuration, readable for any user, at the place where the image looks. */
function mounted(name: string, file?: string): string {
  const folder = join(engine.folder, name)
  mkdirSync(folder)
  if (file !== undefined) cpSync(file, join(folder, 'config.yaml'))
  return `--volume=${folder}:/etc/mytracker-sink:ro`
}

/** Ends with the test, and is looked at before. */
async function running(t: TestContext, ...args: readonly string[]): Promise<string> {
  const id = await engine.podman('run', '--detach', ...strict, ...args)
  t.after(async () => {
    // The types do not have it yet.
    if (!(t as TestContext & { readonly passed: boolean }).passed)
      process.stderr.write(await engine.podman('logs', '--tail', '50', id))
    await engine.podman('rm', '--force', '--time', '0', id)
  })
  return id
}

/** As `docker compose stop` asks: SIGTERM, and the kill after the time that compose.yaml gives. Returns the exit code. */
async function terminated(container: string): Promise<string> {
  await engine.podman('stop', '--time', composed.sink.stop_grace_period.replace('s', ''), container)
  return await engine.podman('wait', container)
}

/** The sink of compose.yaml, with other addresses. */
function asComposed(addresses: Readonly<Record<string, string>>): string[] {
  const { environment, volumes, mem_limit } = composed.sink
  const variables = Object.entries({ ...environment, ...addresses }).map(([name, value]) => `--env=${name}=${value}`)
  return [`--memory=${mem_limit}`, ...variables, ...volumes.map((volume) => `--volume=${join(checkout, volume)}`), image]
}

test('the Dockerfile has nothing that hadolint would say something about', async () => {
  const { stdout } = await promisify(execFile)('hadolint', [dockerfile]).catch((error: { readonly stdout: string }) => error)
  assert.equal(stdout, '')
  assert.doesNotMatch(readFileSync(dockerfile, 'utf8'), /^# *syntax=/m)
})

test('the image adds at most 60 MB to its base', async (t) => {
  const size = async (name: string) => Number(await engine.podman('image', 'inspect', '--format={{.Size}}', name))
  const whole = await size(image)
  const over = whole - (await size(bases.runtime))
  t.diagnostic(`${(whole / MB).toFixed(1)} MB, ${(over / MB).toFixed(1)} MB over ${bases.runtime}`)
  assert.ok(over > 0 && over <= OVER_BASE_MAX, `${over} bytes`)
})

test('the image holds the built service and what it needs in production, nothing else', async () => {
  const id = await engine.podman('create', image)
  const archive = join(engine.folder, 'image.tar')
  await engine.podman('export', '--output', archive, id)
  const listed = await promisify(execFile)('tar', ['-tf', archive], { maxBuffer: 64 * MB })
  const files = listed.stdout.split('\n').filter((file) => file.startsWith('app/') && !file.endsWith('/'))
  const own = files.filter((file) => !file.startsWith('app/node_modules/'))
  const folders = new Set(own.map((file) => file.split('/').slice(0, 2).join('/')))
  assert.deepEqual([...folders].sort(), ['app/dist', 'app/package.json', 'app/schemas'])
  assert.ok(own.includes('app/dist/main.js') && own.includes('app/dist/cli/run.js'))
  assert.deepEqual(
    own.filter((file) => /simulat|\/shop|stack|demo|\.test\.|\.ts$|fixtures/.test(file)),
    [],
  )
  const libraries = new Set(files.flatMap((file) => /^app\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []))
  const locked = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> }
  const isForProduction = (name: string): boolean => locked.packages[`node_modules/${name}`]?.dev !== true && name !== 'fastify'
  assert.deepEqual(
    [...libraries].filter((name) => !isForProduction(name)),
    [],
  )
  const programs = listed.stdout.split('\n').filter((file) => /(^|\/)(bin|sbin)\/(sh|bash|dash|busybox|npm)$/.test(file))
  assert.deepEqual(programs, [])
})

test('the image says what it is, and is not root', async () => {
  const inspected = (field: string) => engine.podman('image', 'inspect', `--format={{${field}}}`, image)
  assert.equal(await inspected('.User'), '65532:65532')
  const labels = JSON.parse(await inspected('json .Labels')) as Record<string, string>
  const label = (name: string): unknown => labels[`org.opencontainers.image.${name}`]
  assert.deepEqual(['title', 'licenses', 'version', 'revision'].map(label), ['mytracker-sink', 'MIT', version, 'r1'])
})

test('the commands of the service are there, those to try things with are not', async () => {
  const run = (...args: readonly string[]) => engine.ended('run', '--rm', ...strict, ...args)
  assert.deepEqual(await run(image, '--version'), { code: 0, stdout: `${version}\n`, stderr: '' })
  const { code, stdout, stderr } = await run(image, '--help')
  assert.equal(code, 0, stderr)
  assert.match(stdout, / run /)
  assert.doesNotMatch(stdout, / demo | simulate /)
  const codecs =
    "require('/app/node_modules/snappy').compressSync('x'); require('/app/node_modules/lz4-napi').compressSync(Buffer.from('x'))"
  const native = await run('--entrypoint=/nodejs/bin/node', image, '--eval', codecs)
  assert.equal(native.code, 0, native.stderr)
})

test('what runs in it is not root, has no rights and can write nowhere', async () => {
  const run = ['run', '--rm', ...strict, '--entrypoint=/nodejs/bin/node', image, '--eval', `(${lookAround})()`]
  const written = ['EROFS', 'EROFS', 'EROFS', 'EROFS']
  assert.deepEqual(JSON.parse(await engine.podman(...run)), { ids: [65_532, 65_532], CapBnd: 0, NoNewPrivs: 1, written })
})

/** Runs inside, as text: it may use nothing of this file. */
function lookAround(): void {
  const fs = process.getBuiltinModule('node:fs')
  const written = ['', '/tmp', '/app', '/etc'].map((folder) => {
    try {
      fs.writeFileSync(`${folder}/x`, '')
      return 'written'
    } catch (error) {
      return (error as NodeJS.ErrnoException).code
    }
  })
  const status = fs.readFileSync('/proc/self/status', 'utf8')
  const field = (name: string): number => Number(`0x${new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1]}`)
  const rights = { CapBnd: field('CapBnd'), NoNewPrivs: field('NoNewPrivs') }
  process.stdout.write(JSON.stringify({ ids: [process.getuid?.(), process.getgid?.()], ...rights, written }))
}

test('a mounted configuration is checked, and a missing one ends the start with 78', async () => {
  const at = '/etc/mytracker-sink/config.yaml'
  const minimal = mounted('minimal', join(checkout, 'config/minimal.yaml'))
  const checked = await engine.ended('run', '--rm', ...strict, '--user=10001:10001', minimal, image, 'check', '--config', at)
  assert.equal(checked.code, 0, checked.stderr)
  const missing = await engine.ended('run', '--rm', ...strict, mounted('empty'), image)
  assert.equal(missing.code, 78, missing.stderr)
  assert.match(missing.stderr, /config\.yaml/)
})

test('the demo goes through the image: SIGTERM in its middle ends it with 0, a second container goes on, nothing is lost or sent twice', async (t) => {
  const stack = await startStack({ env: process.env, report: (line) => process.stderr.write(`${line}\n`) })
  t.after(() => stack.stop())
  const cluster = await Cluster.connect(stack)
  t.after(() => cluster.close())
  const shop = new Shop(cluster, '')
  await shop.createTopics()
  const events = [...shopEvents(EVENTS, 1, await shop.register())]
  await shop.publish(events)
  const [trackerPort, httpPort] = (await freePorts(2)) as [number, number]
  const trackerUrl = `http://127.0.0.1:${trackerPort}`
  const asked = async <T>(path: string): Promise<T> => (await (await fetch(trackerUrl + path)).json()) as T
  const accepted = async () => (await asked<{ events: number }>('/_/counts')).events
  await running(t, standIn, ...composed.tracker.command, '--port', String(trackerPort), '--latency', String(LATENCY_MS))
  await until('the stand-in answers', () =>
    accepted().then(
      () => true,
      () => false,
    ),
  )
  const args = asComposed({
    DEMO_BROKER: stack.brokers[0] as string,
    DEMO_REGISTRY: stack.registryUrl,
    DEMO_TRACKER: trackerUrl,
    DEMO_HTTP_PORT: String(httpPort),
  })

  const first = await running(t, ...args)
  await until('a fifth is accepted', async () => (await accepted()) > EVENTS / 5, DELIVERY_MS_MAX)
  const status = await engine.podman('exec', first, 'mytracker-sink', 'status', '--url', `http://127.0.0.1:${httpPort}`)
  assert.match(status, /delivering/i)
  assert.equal(await terminated(first), '0')
  const inTheMiddle = await accepted()
  const second = await running(t, ...args)
  await until('all is committed', async () => (await shop.uncommitted()) === 0, DELIVERY_MS_MAX)
  assert.equal(await terminated(second), '0')

  t.diagnostic(`${inTheMiddle} were accepted of the first container`)
  const findings = await shop.findings(events, (await asked<{ hits: Accepted[] }>('/_/journal')).hits)
  t.diagnostic(describe(findings))
  assert.ok(isGood(findings), describe(findings))
  assert.ok(inTheMiddle < findings.accepted, 'the first container had sent everything already')
  const broken = events.filter(({ fate }) => fate === 'dead-letter').length
  const dead = Object.values(findings.deadLetters).reduce((sum, count) => sum + count, 0)
  assert.deepEqual([findings.parked, dead], [0, broken])
})
