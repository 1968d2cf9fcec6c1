/** The suites of helm-unittest, and that they leave no template and no refusal out. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { chart } from './rendering.ts'
import { answerOf, skipped } from './tools.ts'

const folder = new URL('suites', import.meta.url).pathname
const templates = join(chart, 'templates')
const textsIn = (path: string, ending: string): string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ending))

interface Suite {
  readonly templates?: readonly string[]
  readonly tests: readonly {
    readonly template?: string
    readonly templates?: readonly string[]
    readonly asserts: readonly { readonly failedTemplate?: { readonly errorMessage: string } }[]
  }[]
}

describe('the suites of the chart', { skip: skipped }, () => {
  const suites = textsIn(folder, '.yaml').map((name) => parse(readFileSync(join(folder, name), 'utf8')) as Suite)

  it('hold', async (t) => {
    t.after(() => rmSync(join(folder, '__snapshot__'), { recursive: true, force: true }))
    const { code, text } = await answerOf('helm-unittest', ['--strict', '--file', '../test/chart/suites/*.yaml', chart])
    assert.equal(code, 0, text)
  })

  it('try every template', () => {
    const tried = suites.flatMap(({ templates: own = [], tests }) => [
      ...own,
      ...tests.flatMap((test) => [...(test.templates ?? []), test.template ?? '']),
    ])
    const files = [...textsIn(templates, '.yaml'), 'NOTES.txt']
    assert.deepEqual(
      files.filter((file) => !tried.includes(file)),
      [],
    )
  })

  it('try every refusal', () => {
    const said = suites.flatMap(({ tests }) =>
      tests.flatMap(({ asserts }) => asserts.map(({ failedTemplate }) => failedTemplate?.errorMessage ?? '')),
    )
    const sources = textsIn(templates, '.tpl').map((name) => readFileSync(join(templates, name), 'utf8'))
    const refusals = sources.flatMap((source) =>
      [...source.matchAll(/fail (?:\(printf )?"([^"]+)"/g)].map(([, text = '']) => text),
    )
    assert.ok(refusals.length > 20)
    const isTried = (refusal: string) => said.some((message) => holds(message, refusal.split(/%[sd]/)))
    assert.deepEqual(
      refusals.filter((refusal) => !isTried(refusal)),
      [],
    )
  })
})

/** Whether these pieces stand in the message, one after the other. */
function holds(message: string, [piece, ...rest]: readonly string[]): boolean {
  if (piece === undefined) return true
  const at = message.indexOf(piece)
  return at >= 0 && holds(message.slice(at + piece.length), rest)
}
