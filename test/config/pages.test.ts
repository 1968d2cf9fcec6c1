import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { AnySchema } from 'ajv/dist/2020.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { rowsOf } from '../../scripts/configuration-page.ts'
import { pages } from '../../scripts/docs.ts'
import { configJsonSchema } from '../../src/config/json-schema.ts'
import { problemsOf, valid } from './example.ts'

const contentOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

describe('a page that is made from the source', () => {
  for (const { path, render } of pages) {
    it(`${path} is up to date`, () => assert.ok(contentOf(path) === render(), `${path} is stale: run \`npm run docs\``))
  }
})

describe('config/schema.json', () => {
  const schema = JSON.parse(contentOf('config/schema.json')) as AnySchema
  const isValid = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema)
  const holds = (text: string) => isValid(parse(text))

  for (const name of ['minimal.yaml', 'full.yaml', 'demo.yaml']) {
    it(`takes ${name} as it is written, variables and all`, () => {
      assert.ok(holds(contentOf(`config/${name}`)), JSON.stringify(isValid.errors))
    })
  }

  /** Lines put at the end of the example. */
  const refused = [
    'batch: { linger: 250 }',
    'batch: { linger: 2 s }',
    'batch: { lingr: 2s }',
    'batch: { maxEvents: 21 }',
    'batch: { maxEvents: "20" }',
    'unmapped: drop',
    'retry: { createTopics: "yes" }',
    'deadLetters: { brake: 0 }',
  ]
  for (const line of refused) {
    it(`refuses what the program refuses: ${line}`, () => {
      const text = `${valid}${line}\n`
      assert.ok(!holds(text))
      assert.notDeepEqual(problemsOf(text), [])
    })
  }

  it('is what the program knows, and says of durations what they may be', () => {
    assert.match(
      JSON.stringify(configJsonSchema()),
      /"linger":\{"description":"[^"]* A duration from 0ms to 1m\.","default":"250ms"/,
    )
  })

  it('holds nothing that a validator does not know', () => {
    assert.doesNotMatch(contentOf('config/schema.json'), /"(unit|from|to)": "/)
  })
})

describe('docs/configuration.md', () => {
  const rows = rowsOf(contentOf('config/full.yaml'))

  it('tells of every key its kind, its default, its meaning and an example', () => {
    assert.ok(rows.length > 80)
    assert.deepEqual(
      rows.filter(({ type, meaning, example }) => type === '' || meaning === '' || example === '–').map(({ path }) => path),
      [],
    )
  })

  it('says units and bounds', () => {
    const rowOf = (path: string) => rows.find((row) => row.path === path)
    assert.deepEqual(rowOf('batch.linger'), {
      path: 'batch.linger',
      type: 'duration, 0ms to 1m',
      fallback: '`250ms`',
      meaning: 'How long the first event of a batch waits for others.',
      example: '`250ms`',
    })
    assert.equal(rowOf('kafka.maxBytesPerFetch')?.type, 'bytes, 1024 to 1073741824')
  })
})
