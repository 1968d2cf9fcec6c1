/** The package as others get it: packed, installed in an empty folder, opened by its door and started by its command. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { oddServer } from '../tracker/odd-server.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const tsc = join(checkout, 'node_modules/typescript/bin/tsc')

const run = async (cwd: string, command: string, ...args: string[]): Promise<string> => {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` }
  const { stdout } = await promisify(execFile)(command, args, { cwd, env, timeout: 45_000 })
  return stdout.trim()
}

/** Packs a copy, so that the build leaves nothing in the checkout. */
const pack = async (folder: string): Promise<string> => {
  const copy = join(folder, 'copy')
  for (const name of [
    'src',
    'bin',
    'config',
    'schemas',
    'docs',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'README.md',
  ]) {
    cpSync(join(checkout, name), join(copy, name), { recursive: true })
  }
  symlinkSync(join(checkout, 'node_modules'), join(copy, 'node_modules'))
  await run(copy, 'npm', 'pack', '--silent', '--pack-destination', folder)
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  assert.ok(tarball !== undefined)
  return join(folder, tarball)
}

const install = async (t: TestContext, app: string, tarball: string): Promise<void> => {
  mkdirSync(app)
  writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }')
  try {
    await run(app, 'npm', 'install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', tarball)
  } catch {
    t.diagnostic('npm could not install it, as without a network; unpacked beside the checkout’s own dependencies instead')
    unpack(app, tarball)
    await run(join(app, 'node_modules/mytracker-sink'), 'tar', '-xzf', tarball, '--strip-components=1')
  }
}

const unpack = (app: string, tarball: string): void => {
  const modules = join(app, 'node_modules')
  rmSync(modules, { recursive: true, force: true })
  mkdirSync(join(modules, 'mytracker-sink'), { recursive: true })
  mkdirSync(join(modules, '.bin'))
  symlinkSync('../mytracker-sink/bin/mytracker-sink.js', join(modules, '.bin/mytracker-sink'))
  const { dependencies } = JSON.parse(readFileSync(join(dirname(tarball), 'copy/package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(checkout, 'node_modules', name), join(modules, name))
  }
}

const program = (endpoint: string): string => `
import { createClient, InvalidEventError, TrackerError } from 'mytracker-sink/tracker'
import type { TrackerEvent } from 'mytracker-sink/tracker'
import type { ModuleMap } from 'mytracker-sink/mapping'

declare const console: { log(line: string): void }

export const map: ModuleMap = (event, { topic }) => topic === 'a' ? 'skip' : { app: 'shop', method: 'login', params: { customUserId: event.id } }
// @ts-expect-error no such method
export const wrong: ModuleMap = () => ({ app: 'shop', method: 'logn', params: {} })

const client = createClient({ endpoint: '${endpoint}', idApp: 666, token: 't0ken' })
const event: TrackerEvent<'login'> = { customUserId: 'u', idGender: 2 }
await client.loginBatch([event, event])
// @ts-expect-error a misspelt parameter: unless the types are found, this line is no error and the compiler says so
const misspelt = await client.login({ customUserId: 'u', agee: 1 }).catch((error: unknown) => error)
const refused = await client.registration({ customUserId: 'u' }).catch((error: unknown) => error)
if (!(misspelt instanceof InvalidEventError) || !(refused instanceof TrackerError)) throw new Error('no such error')
console.log(misspelt.message + '; ' + refused.kind + ' ' + refused.status)
await client.close()
`

/** The service itself, held by a program: `.` with its types, up to a start that finds no broker. */
const holder = (config: string): string => `
import type { Config, Log, Service } from 'mytracker-sink'
import { createClient, createLog, createService, loadConfig } from 'mytracker-sink'
import { createClient as ofTracker } from 'mytracker-sink/tracker'

const loaded = loadConfig('${config}', { BROKER: '127.0.0.1:1' })
if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
const { config }: { config: Config } = loaded
// @ts-expect-error a text: unless the types are found, this line is no error
const wrong: number = config.kafka.groupId
const log: Log = createLog('silent', process.stdout)
const service: Service = createService(config, log)
const refused: unknown = await service.start().catch((error: unknown) => error)
const broken = loadConfig('${config}', {})
const problems = 'problems' in broken ? broken.problems.map(({ key }) => key) : []
console.log([wrong, refused instanceof Error, await service.stop(), createClient === ofTracker, ...problems].join())
process.exit()
`

const holderConfig = `
kafka: { brokers: ["\${BROKER}"], groupId: held, topics: [t], startFrom: latest }
schemaRegistry: { url: "http://127.0.0.1:1" }
tracker: { endpoint: "http://127.0.0.1:1", apps: [{ name: a, idApp: 1, token: t }] }
http: { host: 127.0.0.1, port: 0 }
`

test('the packed package is a typed client for ES and CommonJS programs, and the command', { timeout: 120_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mytracker-sink-package-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const app = join(folder, 'app')
  await install(t, app, await pack(folder))
  const inside = readdirSync(join(app, 'node_modules/mytracker-sink'))
  assert.ok(inside.includes('dist') && !inside.includes('src'), inside.join())

  const server = await oddServer(t, ({ url }, response) => response.writeHead(url?.includes('login') ? 200 : 503).end())
  writeFileSync(join(app, 'program.ts'), program(server.endpoint))
  const compilerOptions = { strict: true, noEmit: true, module: 'nodenext', target: 'es2024', lib: ['es2024'], types: [] }
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
  await run(app, process.execPath, tsc)
  const said = await run(app, process.execPath, 'program.ts')
  assert.equal(said, 'agee: is no parameter of login; unavailable 503')
  assert.deepEqual(
    server.received.map(({ url, body }) => [url, body]),
    [
      ['/v1/loginBatch/?idApp=666', '[{"customUserId":"u","idGender":2},{"customUserId":"u","idGender":2}]'],
      ['/v1/registration/?idApp=666', '{"customUserId":"u"}'],
    ],
  )

  writeFileSync(
    join(app, 'program.cjs'),
    `const { createClient } = require('mytracker-sink/tracker')
     const client = createClient({ endpoint: '${server.endpoint}', idApp: 7, token: 't' })
     client.login({ customUserId: 'cjs' }).then(() => client.close())`,
  )
  await run(app, process.execPath, '--throw-deprecation', 'program.cjs')
  assert.equal(server.received[2]?.body, '{"customUserId":"cjs"}')

  const config = join(app, 'sink.yaml')
  writeFileSync(config, holderConfig)
  writeFileSync(join(app, 'holder.ts'), holder(config))
  symlinkSync(join(checkout, 'node_modules/@types'), join(app, 'types'))
  const held = { ...compilerOptions, types: ['node'], typeRoots: ['./types'], skipLibCheck: true }
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions: held, files: ['holder.ts'] }))
  await run(app, process.execPath, tsc)
  assert.equal(await run(app, process.execPath, 'holder.ts'), 'held,true,true,true,kafka.brokers[0]')

  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
  assert.equal(await run(app, 'npx', '--offline', 'mytracker-sink', '--version'), version)
  assert.equal(await run(app, join(app, 'node_modules/.bin/mytracker-sink'), '--version'), version)
  assert.match(await run(app, join(app, 'node_modules/.bin/mytracker-sink'), '--help'), /\n {2}run .*\n(.*\n)*\s+simulate /)
})

test('in a checkout, without a build, the door and the command work as well', async () => {
  const text = "import { createClient } from 'mytracker-sink/tracker'; console.log(typeof createClient)"
  assert.equal(await run(checkout, process.execPath, '--input-type=module', '--eval', text), 'function')
  assert.match(await run(checkout, process.execPath, 'bin/mytracker-sink.js', '--version'), /^\d/)
})

test('an older Node is told in one line which one is needed', async () => {
  const older = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "22.21.0" } })'
  const said = run(checkout, process.execPath, `--import=data:text/javascript,${older}`, 'bin/mytracker-sink.js', '--version')
  await assert.rejects(said, { code: 1, stdout: '', stderr: /^mytracker-sink needs Node 24 or newer; this is .*\n$/ })
})
