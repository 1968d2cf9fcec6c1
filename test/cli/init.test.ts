import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { CliProcess } from '../support/cli-process.ts'

function emptyDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const run = (t: TestContext, cwd: string, ...args: readonly string[]) => new CliProcess(t, args, { cwd }).ended()

test('what init writes passes check and test as it is, and it says what to do next', async (t) => {
  const cwd = emptyDirectory(t)
  const { code, stdout, stderr } = await run(t, cwd, 'init', 'my sink')
  assert.deepEqual([code, stderr], [0, ''])
  const lines = stdout.split('\n')
  assert.deepEqual(
    lines.filter((line) => line.startsWith('wrote')),
    ['sink.yaml', 'sink.test.yaml', 'schemas/com.shop.users.UserRegistered.avsc', 'sink.schema.json'].map(
      (file) => `wrote my sink/${file}`,
    ),
  )
  for (const command of ['check', 'test', 'simulate', 'run'])
    assert.match(stdout, new RegExp(`^  mytracker-sink ${command}\\b`, 'm'))
  const config = join('my sink', 'sink.yaml')
  assert.match(readFileSync(join(cwd, config), 'utf8'), /^# yaml-language-server: \$schema=\.\/sink\.schema\.json\n/)
  const published = readFileSync(new URL('../../config/schema.json', import.meta.url), 'utf8')
  assert.equal(readFileSync(join(cwd, 'my sink', 'sink.schema.json'), 'utf8'), published)
  const [checked, tested] = await Promise.all([run(t, cwd, 'check', '--config', config), run(t, cwd, 'test', '--config', config)])
  assert.deepEqual([checked.code, checked.stderr], [0, ''])
  assert.deepEqual([tested.code, tested.stderr], [0, ''])
  assert.match(tested.stdout, /^3 passed, 0 failed$/m)
})

test('init overwrites nothing, and then writes nothing', async (t) => {
  const cwd = emptyDirectory(t)
  writeFileSync(join(cwd, 'sink.test.yaml'), 'mine')
  const { code, stdout, stderr } = await run(t, cwd, 'init')
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /nothing is overwritten: sink\.test\.yaml is there already/)
  assert.equal(readFileSync(join(cwd, 'sink.test.yaml'), 'utf8'), 'mine')
  assert.throws(() => readFileSync(join(cwd, 'sink.yaml')), /ENOENT/)
})
