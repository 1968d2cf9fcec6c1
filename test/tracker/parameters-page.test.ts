import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parametersPage } from '../../scripts/parameters-page.ts'
import { documentedAnswers, methodSpecs, paramNames, vkPlatforms } from '../../src/tracker/spec.ts'

const page = parametersPage()

test('docs/parameters.md is what the tables say', () => {
  const written = readFileSync(new URL('../../docs/parameters.md', import.meta.url), 'utf8')
  assert.ok(written === page, 'docs/parameters.md is stale; `npm run docs` renews it')
})

test('every parameter, method and documented answer has one row', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  const names = [...paramNames, ...Object.entries(methodSpecs).flatMap(([method, { batch }]) => [method, batch])]
  assert.deepEqual(rows.map((row) => row.split('`')[1]).toSorted(), names.toSorted())
  for (const { status, error } of documentedAnswers) {
    assert.ok(page.includes(error === undefined ? `| ${status} |` : `| ${status} \`${error}\` |`), error)
  }
})

test('a row tells range, length, codes, default and place', () => {
  const lines = [
    '| `registrationBatch` | a list of 1 to 20 events | as `registration` | registrationBatch |',
    '| `customEvent` | one event | `customEventName`, and `customUserId` or a device identifier | customEvent |',
    '| `idGender` | Gender. | number | 0 unknown, 1 man, 2 woman | | Parameters, Common |',
    '| `connectionType` | Connection type. | number | 0 unknown, 1 mobile, 2 wi-fi | 0 | Parameters, Common |',
    '| `age` | Age. | number | 0 to 128 | | Parameters, Common |',
    '| `lvid` | S2S device identifier. | text | exactly 32 | | Parameters, For Web platform |',
    '| `ipv6` | IPv6 address. | text | a valid IPv6 address, at most 45 | | Parameters, Common |',
    '| 403 `Forbidden` | The token is wrong, or not for the app. | held until it is mended, `forbidden` |',
    '| 503 | sent again, `unavailable` |',
  ]
  for (const line of lines) assert.ok(page.split('\n').includes(line), line)
  for (const platform of vkPlatforms) assert.ok(page.includes(`\`${platform}\``), platform)
})
