import assert from 'node:assert/strict'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { it } from 'node:test'
import { promisify } from 'node:util'
import { simulate, simulateCommand } from '../../src/cli/simulate.ts'

const commandUrl = new URL('../../src/cli/simulate.ts', import.meta.url).href
const script = `import { simulateCommand } from '${commandUrl}'; await simulateCommand().parseAsync(process.argv.slice(1), { from: 'user' })`

const hasCurl = spawnSync('curl', ['--version']).status === 0

interface Started {
  readonly child: ChildProcess
  readonly exit: Promise<unknown[]>
  /** The next line of stdout. */
  line(): Promise<string>
}

function startCommand(
  t: TestContext,
  flags: readonly string[],
  stdio: SpawnOptions['stdio'] = ['ignore', 'pipe', 'inherit'],
): Started {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, '--', '--port', '0', ...flags], { stdio })
  t.after(() => child.kill('SIGKILL'))
  assert.ok(child.stdout)
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return { child, exit: once(child, 'exit'), line: async () => (await lines.next()).value ?? '' }
}

async function fileWith(t: TestContext, content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'simulate-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'faults.json')
  await writeFile(file, content)
  return file
}

const defaults = { port: 0, host: '127.0.0.1', app: [], latency: 0, countOnly: false, json: false }

/** Runs the action until `act` is done with the address; answers all it printed. */
async function run(flags: Partial<Parameters<typeof simulate>[0]>, act: (url: string) => Promise<void>): Promise<string> {
  const controller = new AbortController()
  const address = Promise.withResolvers<string>()
  let printed = ''
  const write = (text: string): void => {
    printed += text
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0]
    if (url !== undefined) address.resolve(url)
  }
  const ended = simulate(
    { ...defaults, ...flags },
    { signal: controller.signal, stdout: { write }, announce: flags.json === true },
  )
  await Promise.race([address.promise.then(act), ended])
  controller.abort()
  await ended
  return printed
}

async function post(url: string, token = 's'): Promise<number> {
  const headers = { authorization: token }
  return (await fetch(`${url}/v1/login/?idApp=666`, { method: 'POST', headers, body: '{"customUserId":"1"}' })).status
}

it('announces its address as JSON, serves, and leaves with its totals on SIGTERM', async (t) => {
  const { child, exit, line } = startCommand(t, ['--json'])
  const { url } = JSON.parse(await line())
  assert.equal(await post(url), 200)
  child.kill('SIGTERM')
  assert.deepEqual(JSON.parse(await line()), { requests: 1, events: 1, answers: { 200: 1 }, hitsNotKept: 0 })
  assert.deepEqual(await exit, [0, null])
})

it('prints for a person otherwise, with curl lines that work as they stand', {
  skip: !hasCurl && 'there is no curl',
}, async (t) => {
  const { child, exit, line } = startCommand(t, [])
  assert.match(await line(), /^stand-in tracker at http:\/\/127\.0\.0\.1:\d+$/)
  const [event, fault, hits] = [await line(), await line(), await line()].map((text) => text.replace(/^ {2}\S+ \S+ +/, ''))
  const shell = async (command: string | undefined): Promise<string> =>
    (await promisify(execFile)('sh', ['-c', `${command} -s`])).stdout
  assert.match(await shell(event), /message/)
  assert.equal(JSON.parse(await shell(hits)).hits[0].params.customEventName, 'levelUp')
  assert.match(await shell(fault), /planned/)
  assert.match(await shell(event), /Internal Server Error/)
  child.kill('SIGINT')
  assert.equal(await line(), '2 requests, 1 events accepted, 200: 1, 500: 1')
  assert.deepEqual(await exit, [0, null])
})

it('announces itself to a parent with a channel, and leaves with it', async (t) => {
  const { child, exit, line } = startCommand(t, [], ['ignore', 'pipe', 'inherit', 'ipc'])
  assert.match(JSON.parse(await line()).url, /^http:/)
  child.disconnect()
  assert.deepEqual(await exit, [0, null])
})

it('knows the apps and the faults that it was given', async (t) => {
  const faults = await fileWith(t, '[{"times":1,"status":503}]')
  const flags = { app: [{ idApp: '666', token: "it's" }], faults }
  const printed = await run(flags, async (url) => {
    assert.deepEqual([await post(url, "it's"), await post(url, "it's"), await post(url, 'other')], [503, 200, 403])
  })
  assert.match(printed, /'Authorization: it'\\''s'/)
})

it('counts without keeping when told so', async () => {
  await run({ countOnly: true, json: true }, async (url) => {
    await post(url)
    assert.deepEqual(await (await fetch(`${url}/_/journal`)).json(), { since: 0, next: 0, hits: [] })
  })
})

it('refuses a plan with a mistake by file and place, before it listens', async (t) => {
  const wrong = await fileWith(t, '[{"status":500},{"hang":1}]')
  await assert.rejects(
    run({ faults: wrong }, () => assert.fail('it listens')),
    new RegExp(`${wrong}: plan\\.1\\.hang`),
  )
  await assert.rejects(
    run({ faults: await fileWith(t, '{') }, () => assert.fail('it listens')),
    /no JSON/,
  )
})

it('refuses flags that are no numbers in range or no ID:TOKEN', async () => {
  for (const flags of [
    ['--port', '65536'],
    ['--port', 'x'],
    ['--latency', '-1'],
    ['--latency', '5ms'],
    ['--app', '666'],
    ['--app', ':t'],
    ['--app', '666:'],
  ]) {
    const command = simulateCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
    await assert.rejects(command.parseAsync(flags, { from: 'user' }), { code: 'commander.invalidArgument' }, flags.join(' '))
  }
})

it('names the unit and the default of every flag', () => {
  const command = simulateCommand()
  for (const option of command.options) {
    const help = command.createHelp().optionDescription(option)
    assert.equal(help.split('(default: ').length, 2, help)
  }
})
