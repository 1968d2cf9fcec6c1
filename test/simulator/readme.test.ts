import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { simulateCommand } from '../../src/cli/simulate.ts'

const root = new URL('../../', import.meta.url)
const bin = fileURLToPath(new URL('bin/mytracker-sink.js', root))
const commands = readFileSync(new URL('README.md', root), 'utf8').match(
  /(?<=^```\n)(npx mytracker-sink simulate|curl )[\s\S]*?(?=\n```)/gm,
)
const [start, ...others] = (commands ?? []).flatMap((block) => block.split('\n'))

const writtenAddress = `http://127.0.0.1:${simulateCommand().options.find(({ long }) => long === '--port')?.defaultValue}`
const hasCurl = spawnSync('curl', ['--version']).status === 0

/** Starts what the README starts, on a free port. */
async function started(t: TestContext): Promise<string> {
  const args = (start ?? '').split(' ').slice(2)
  const child = spawn(process.execPath, [bin, ...args, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return /http:\S+/.exec(line)?.[0] ?? assert.fail(line)
}

/** Words as a shell parts them, as far as the README's commands need it. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quotedWord, word]) => quotedWord ?? word ?? '')
}

/** The request that curl would make of these words. */
async function fetched(command: string): Promise<string> {
  const words = wordsOf(command).slice(1)
  let url = ''
  const init: { method?: string; body?: string; headers: Record<string, string> } = { headers: {} }
  while (words.length > 0) {
    const word = words.shift() ?? ''
    if (word === '-X') init.method = words.shift() ?? ''
    else if (word === '-d') init.body = words.shift() ?? ''
    else if (word === '-H') {
      const [name = '', value = ''] = (words.shift() ?? '').split(': ')
      init.headers[name] = value
    } else {
      assert.match(word, /^http:/, `the test does not know ${word}`)
      url = word
    }
  }
  if (init.body !== undefined) init.headers['content-type'] = 'application/x-www-form-urlencoded'
  return await (await fetch(url, init)).text()
}

async function curled(command: string): Promise<string> {
  return (await promisify(execFile)('sh', ['-c', `${command} --silent`])).stdout
}

it('the README’s stand-in takes the README’s event and shows it in its journal', async (t) => {
  assert.match(start ?? '', /^npx mytracker-sink simulate$/)
  assert.deepEqual(
    others.map((command) => command.includes(`${writtenAddress}/`)),
    [true, true],
  )
  const address = await started(t)
  const [event = '', journal = ''] = others.map((command) => command.replace(writtenAddress, address))
  for (const run of hasCurl ? [fetched, curled] : [fetched]) {
    assert.match(await run(event), /message/)
    const { hits } = JSON.parse(await run(journal))
    assert.deepEqual(hits.at(-1).params, { customUserId: '1', customEventName: 'levelUp' })
    assert.equal((await fetch(`${address}/_/reset`, { method: 'POST' })).status, 200)
  }
})
