import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { answerOf } from './tools.ts'

export const chart = new URL('../../helm', import.meta.url).pathname

/** The names of the values files that are tried, without their ending. */
export const cases = readdirSync(join(chart, 'ci')).map((file) => file.replace('.yaml', ''))

export const valuesOf = (name: string): string => join(chart, 'ci', `${name}.yaml`)

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  // biome-ignore lint/suspicious/noExplicitAny: what stands in it depends on its kind
  readonly [key: string]: any
}

/** What Helm renders, as text. The release is `sink` in the namespace `events`. */
export const rendered = async (name: string): Promise<string> => await renderedFrom(valuesOf(name))

export async function renderedFrom(valuesFile: string): Promise<string> {
  const { code, stdout, text } = await answerOf('helm', [
    'template',
    'sink',
    chart,
    '--namespace',
    'events',
    '--values',
    valuesFile,
  ])
  assert.equal(code, 0, text)
  return stdout
}

export const manifestsOf = (text: string): Manifest[] => parseAllDocuments(text).flatMap((document) => document.toJS() ?? [])

/** The one manifest of a kind. */
export function only(kind: string, manifests: readonly Manifest[]): Manifest {
  const [found] = manifests.filter((manifest) => manifest.kind === kind)
  assert.ok(found, `nothing of kind ${kind} is rendered`)
  return found
}

/** A folder that is gone after the test, with these files. */
export function folderWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'mytracker-sink-chart-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}
