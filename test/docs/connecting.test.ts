import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { problemsOf, valid } from '../config/example.ts'
import { waysOf } from '../support/ways-in.ts'

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
const [, section = ''] = /^## Connecting securely$(.*?)^## /ms.exec(page) ?? []

test('every way in of the page can be written so', () => {
  const examples = [...section.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text)
  assert.equal(examples.length, 4)
  for (const example of examples) {
    // Files that are there.
    const lines = example
      .replaceAll(/\/(etc|run)\/[\w./-]+/g, import.meta.filename)
      .replaceAll(/^/gm, '  ')
      .trimEnd()
    assert.deepEqual(problemsOf(valid.replace('  startFrom: latest', `  startFrom: latest\n${lines}`)), [])
  }
})

test('the page tells each mistake in the words that are printed for it', () => {
  const rows = [...section.matchAll(/^\| (.*) \| `(.*)` \|$/gm)].map(([, name, said]) => [name, said])
  assert.deepEqual(
    rows,
    waysOf({ outdatedCert: '/etc/ssl/kafka-client.pem', outdatedSince: '2026-11-01T09:30:00.000Z' }).mistakes.map(
      ([name, , , said]) => [name, said.join('; ')],
    ),
  )
})
