import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { loadModules, ModulesError } from '../../src/modules.ts'

/** Mappings by modules with these texts. */
const mappingsBy = (t: TestContext, ...texts: readonly string[]): { record: string; module: string }[] => {
  const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return texts.map((text, place) => {
    const module = join(directory, `m${place}.ts`)
    writeFileSync(module, text)
    return { record: `a.R${place}`, module }
  })
}

/** What is said of each module, without its path. */
const faultsOf = async (
  mappings: Parameters<typeof loadModules>[0],
  timeoutMs?: number,
): Promise<(readonly [string, string])[]> => {
  const error: unknown = await loadModules(mappings, timeoutMs).catch((reason: unknown) => reason)
  assert.ok(error instanceof ModulesError)
  return error.findings.map(({ path, message }) => [path.join('.'), message.replace(/^\S+ /, '')] as const)
}

test('modules are found by their paths, written in TypeScript with its types', async (t) => {
  const mappings = mappingsBy(t, "export const map = (event: { id: string }): string => (event.id === '' ? 'skip' : 'skip')")
  const [first] = mappings
  const modules = await loadModules([...mappings, ...mappings, { record: 'a.S', skip: true }])
  assert.equal(modules.size, 1)
  assert.equal(typeof modules.get(first?.module ?? ''), 'function')
})

test('a configuration without modules has none', async () => {
  assert.equal((await loadModules([{ record: 'a.S', skip: true }])).size, 0)
})

test('every module that cannot be used is named, by key and file, with what is wrong', async (t) => {
  const mappings = mappingsBy(
    t,
    'export const mop = 1',
    'export default () => "skip"',
    'export const map = 5',
    'export const map = async () => "skip"',
    'export function* map() {}',
    'throw new Error("first line\\nsecond line")',
    'export const = 5',
    'import "./nowhere.ts"',
    'export const map = () => "skip"',
  )
  const noMap = 'exports no function map; write export const map = (event, context) => …'
  const waits = 'exports a map that is async or a generator; it must be a plain function that answers at once'
  const faults = await faultsOf(mappings)
  assert.deepEqual(faults.slice(0, 6), [
    ['mappings.0.module', noMap],
    ['mappings.1.module', noMap],
    ['mappings.2.module', noMap],
    ['mappings.3.module', waits],
    ['mappings.4.module', waits],
    ['mappings.5.module', 'cannot be loaded: first line'],
  ])
  assert.deepEqual(
    faults.slice(6).map(([key]) => key),
    ['mappings.6.module', 'mappings.7.module'],
  )
  for (const [, message] of faults.slice(6)) assert.match(message, /^cannot be loaded: ./)
})

test('a module that waits for ever while it loads is given up', async (t) => {
  const mappings = mappingsBy(t, 'await new Promise(() => {})\nexport const map = () => "skip"')
  const [[key, message] = ['', '']] = await faultsOf(mappings, 50)
  assert.equal(key, 'mappings.0.module')
  assert.match(message, /^is not loaded after 0.05 s/)
})
