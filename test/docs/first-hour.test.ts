import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stepsOf } from './transcript.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(join(root, 'docs/first-hour.md'), 'utf8')

/** The moment at which a record that is not stored is said to be from. */
const withoutNow = (text: string) => text.replace(/(not stored; .*, )\d{4}-\d\d-\d\dT[\d:.]+Z/g, '$1NOW')

/** What it prints, both streams as a terminal shows them, and its exit code. */
function run(command: string, cwd: string, path: string): Promise<{ readonly printed: string; readonly code: number }> {
  const env = { ...process.env, PATH: path, NO_COLOR: '1' }
  return new Promise((resolve) => {
    execFile('sh', ['-c', `{ ${command}; } 2>&1`], { cwd, env, timeout: 60_000 }, (error, stdout) => {
      resolve({ printed: stdout.trimEnd(), code: error === null ? 0 : Number(error.code ?? -1) })
    })
  })
}

test('docs/first-hour.md shows what is really printed, step by step', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  // The page says npx, which would look for an installed package: here it is this checkout's command.
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\nshift\nexec "${process.execPath}" "${join(root, 'src/main.ts')}" "$@"\n`)
  chmodSync(join(bin, 'npx'), 0o755)
  const cwd = join(folder, 'home')
  mkdirSync(cwd)

  const steps = stepsOf(page)
  assert.ok(steps.length >= 15, 'the page has lost its steps')
  let last = 0
  for (const step of steps) {
    if (step.kind === 'write') writeFileSync(join(cwd, step.file), step.text)
    else if (step.kind === 'edit') {
      const text = readFileSync(join(cwd, step.file), 'utf8')
      assert.equal(text.split(step.from).length, 2, `${step.file} has not exactly one ${step.from}`)
      writeFileSync(
        join(cwd, step.file),
        text.replace(step.from, () => step.to),
      )
    } else if (step.command === 'echo $?') assert.equal(String(last), step.prints)
    else {
      const { printed, code } = await run(step.command, cwd, `${bin}${delimiter}${process.env.PATH}`)
      assert.equal(withoutNow(printed), withoutNow(step.prints), step.command)
      last = code
    }
  }
})
