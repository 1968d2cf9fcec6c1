/** The workflows of a public forge: what they run is there, and nothing that they use can change behind their back. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'

interface Step {
  readonly uses?: string
  readonly run?: string
}

interface Workflow {
  readonly permissions: object
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[]; readonly needs?: string | readonly string[] }>>
}

const folder = new URL('../../.github/workflows/', import.meta.url)
const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { scripts: object }
const texts = new Map(readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]))

for (const [name, text] of texts) {
  const { permissions, jobs } = parse(text) as Workflow
  const steps = Object.values(jobs).flatMap((job) => job.steps)

  test(`${name}: every action is pinned by a commit, with its version beside it`, () => {
    const lines = text.split('\n').filter((line) => line.includes('uses:'))
    assert.equal(lines.length, steps.filter(({ uses }) => uses !== undefined).length)
    for (const line of lines) assert.match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  test(`${name}: a job may read the repository, and no more unless it says so`, () => {
    assert.deepEqual(permissions, { contents: 'read' })
  })

  test(`${name}: the scripts that it runs and the jobs that it waits for are there`, () => {
    const called = steps.flatMap(({ run = '' }) => [...run.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script as string))
    assert.deepEqual(
      called.filter((script) => !(script in scripts)),
      [],
    )
    const waited = Object.values(jobs).flatMap(({ needs = [] }) => needs)
    assert.deepEqual(
      waited.filter((job) => !(job in jobs)),
      [],
    )
  })
}

test('an action has one commit in all workflows', () => {
  const uses = [...texts.values()].flatMap((text) => text.match(/(?<=uses: ).*/g) ?? [])
  const actions = new Set(uses.map((use) => use.split('@')[0]))
  assert.equal(new Set(uses).size, actions.size)
})
