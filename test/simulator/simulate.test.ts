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
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { simulate, simulateCommand } from '../../src/cli/simulate.ts'
import { UnusableFile } from '../../src/cli/unusable-file.ts'

const commandUrl = new URL('../../src/cli/simulate.ts', import.meta.url).href
const script = `import { simulateCommand } from '${commandUrl}'; await simulateCommand().parseAsync(process.argv.slice(1), { from: 'user' })`

const bin = fileURLToPath(new URL('../../bin/mytracker-sink.js', import.meta.url))

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

const defaults = { port: 0, host: '127.0.0.1', app: [], latency: 0, keep: 1_000, countOnly: false, json: false }

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

async function post(url: string, token = 's', idApp = 666): Promise<number> {
  const headers = { authorization: token }
  return (await fetch(`${url}/v1/login/?idApp=${idApp}`, { method: 'POST', headers, body: '{"customUserId":"1"}' })).status
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
  const faults = await fileWith(t, '{"rules":[{"when":{"requests":{"to":1}},"do":{"status":503}}]}')
  const flags = { app: [{ idApp: '666', token: "it's" }], faults }
  const printed = await run(flags, async (url) => {
    assert.deepEqual([await post(url, "it's"), await post(url, "it's"), await post(url, 'other')], [503, 200, 403])
  })
  assert.match(printed, /'Authorization: it'\\''s'/)
})

it('counts without keeping when told so', async () => {
  await run({ countOnly: true, json: true }, async (url) => {
    await post(url)
    assert.deepEqual(await (await fetch(`${url}/_/journal`)).json(), { since: 0, next: 0, hitsNotKept: 0, hits: [] })
  })
})

it('refuses files with mistakes by line and place, all at once, before it listens', async (t) => {
  const refused = async (flag: 'faults' | 'apps', content: string): Promise<string[]> => {
    const error = await run({ [flag]: await fileWith(t, content) }, () => assert.fail('it listens')).then(
      () => assert.fail('it took them'),
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof UnusableFile)
    return error.problems.map(({ line, column, key, message }) => `${line}:${column} ${key}: ${message}`)
  }
  assert.deepEqual(await refused('faults', 'rules:\n  - do: { status: 99 }\n  - wen: {}\n    do: { hang: 1 }\n'), [
    '2:11 rules[0].do.status: 99 will not do; write a whole number from 200 to 599',
    '3:5 rules[1].wen: is not a known key; known here: when, do',
    '4:11 rules[1].do.hang: 1 will not do; write before or after: before or after the events are accepted',
  ])
  assert.deepEqual(
    await refused(
      'apps',
      '- { idApp: 1, token: 12345 }\n- { idApp: 2 }\n- { idApp: 3, token: s, vk: true }\n- { token: s, idApp: "3" }\n',
    ),
    [
      '1:15 [0].token: this will not do; write a text; put a token of digits in quotes',
      '2:3 [1].token: is missing; write a text; put a token of digits in quotes',
      '3:25 [2].vk: is not a known key; known here: idApp, token, vkMiniApp',
    ],
  )
  assert.deepEqual(await refused('apps', '[{ idApp: 1, token: a }, { idApp: "1", token: b }]'), [
    '1:28 [1].idApp: stands twice; keep one of the two',
  ])
  assert.match((await refused('faults', '{'))[0] ?? '', /^\d+:\d+ : this is not valid YAML/)
  await assert.rejects(
    run({ faults: 'nowhere.yaml' }, () => assert.fail('it listens')),
    UnusableFile,
  )
})

it('prints the mistakes of a file to standard error and exits 78', async (t) => {
  const file = await fileWith(t, '{ "rules": [{ "do": {} }, {}] }')
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'simulate', '--port', '0', '--faults', file], {
    encoding: 'utf8',
  })
  assert.deepEqual([status, stdout, stderr.split('\n').length], [78, '', 3])
  assert.match(stderr, /faults\.json:1:15 rules\[0\]\.do: /)
})

it('knows several apps by flag and by file, VK mini apps among them', async (t) => {
  const apps = await fileWith(t, '- { idApp: 667, token: b }\n- { idApp: 668, token: c, vkMiniApp: true }\n')
  await run({ app: [{ idApp: '666', token: 'a' }], apps }, async (url) => {
    const answered = [await post(url, 'a'), await post(url, 'b', 667), await post(url, 'c', 668), await post(url, 'a', 667)]
    assert.deepEqual(answered, [200, 200, 400, 403])
  })
  await assert.rejects(
    run({ app: [{ idApp: '668', token: 'a' }], apps }, () => assert.fail('it listens')),
    /668 is given twice/,
  )
})

it('keeps as many hits as it was told', async () => {
  const printed = await run({ keep: 1 }, async (url) => {
    for (const _ of [1, 2, 3]) await post(url)
    const { hits, hitsNotKept } = (await (await fetch(`${url}/_/journal`)).json()) as { hits: unknown[]; hitsNotKept: number }
    assert.deepEqual([hits.length, hitsNotKept], [1, 2])
  })
  assert.match(printed, /the journal is full, 2 hits only counted/)
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
