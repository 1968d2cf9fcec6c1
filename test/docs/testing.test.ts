import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { CliProcess } from '../support/cli-process.ts'

const page = readFileSync(new URL('../../docs/testing.md', import.meta.url), 'utf8')

test('the example of docs/testing.md passes beside what init writes', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  t.after(() => rmSync(cwd, { recursive: true, force: true }))
  const [, example] = /^```yaml\n((?:.|\n)*?)^```$/m.exec(page) ?? []
  assert.ok(example !== undefined)
  assert.equal((await new CliProcess(t, ['init', '.'], { cwd }).ended()).code, 0)
  writeFileSync(join(cwd, 'page.yaml'), example)
  const { code, stdout } = await new CliProcess(t, ['test', '--config', 'sink.yaml', 'page.yaml'], { cwd }).ended()
  assert.match(stdout, /^2 passed, 0 failed$/m)
  assert.equal(code, 0)
})
