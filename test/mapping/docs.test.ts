import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Schema } from 'avsc'
import { parseConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problem.ts'
import type { MappingOptions } from '../../src/mapping/compile.ts'
import { loadModules } from '../../src/modules.ts'
import { paramRules } from '../../src/param-rules.ts'
import { preparing } from './preparing.ts'

const setUp = preparing()

const root = new URL('../../', import.meta.url)
const text = readFileSync(new URL('docs/mapping.md', root), 'utf8')

interface Block {
  readonly kind: string
  readonly text: string
}

const blocks: readonly Block[] = [...text.matchAll(/^```(.+)\n((?:.|\n)*?)^```$/gm)].map(([, kind = '', body = '']) => ({
  kind,
  text: body,
}))

interface RecordSchema {
  readonly name: string
  readonly namespace?: string
  readonly fields: readonly { readonly name: string; readonly default: unknown }[]
}

const schemas = new Map(
  blocks
    .filter(({ kind }) => kind === 'json schema')
    .map((block) => JSON.parse(block.text) as RecordSchema)
    .map((schema) => [schema.namespace === undefined ? schema.name : `${schema.namespace}.${schema.name}`, schema]),
)

/** The mappings as a configuration with them gives them to the program. */
async function configured(yaml: string): Promise<Pick<MappingOptions, 'mappings' | 'modules' | 'apps'>> {
  const config = `kafka: { brokers: ["localhost:9092"], groupId: g, topics: [orders], startFrom: latest }
schemaRegistry: { url: "http://localhost:8081" }
tracker:
  endpoint: http://localhost:8090
  apps: [{ name: shop-android, idApp: 1, token: t }, { name: shop-vk, idApp: 2, token: t }]
mappings:
${yaml.replace(/^/gm, '  ')}`
  const directory = fileURLToPath(new URL('config', root))
  const loaded = parseConfig(config, { file: 'docs/mapping.md', env: {}, directory, params: paramRules })
  assert.ok('config' in loaded, 'problems' in loaded ? loaded.problems.map(formatProblem).join('\n') : '')
  const { mappings, tracker } = loaded.config
  return { mappings, modules: await loadModules(mappings), apps: tracker.apps }
}

/** Amounts are written as people do, and encoded as decimals of two places. */
function encoded(value: unknown, name = ''): unknown {
  if (name === 'amount')
    return Buffer.from(
      Math.round(Number(value) * 100)
        .toString(16)
        .padStart(8, '0'),
      'hex',
    )
  if (Array.isArray(value)) return value.map((each) => encoded(each))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, encoded(each, key)]))
}

let mappings = ''
for (const [place, block] of blocks.entries()) {
  if (block.kind === 'yaml') mappings = block.text
  if (block.kind !== 'json event') continue
  const yaml = mappings
  const expected = blocks[place + 1]
  test(`the example of docs/mapping.md with ${block.text.replace(/\s+/g, ' ').trim()}`, async () => {
    const given = await configured(yaml)
    const schema = schemas.get(given.mappings[0]?.record ?? '')
    assert.ok(schema !== undefined && expected !== undefined)
    const { prepare, problems } = await setUp({ schema: schema as unknown as Schema, ...given })
    const absent = Object.fromEntries(schema.fields.map((field) => [field.name, field.default]))
    const outcome = prepare({ ...absent, ...(encoded(JSON.parse(block.text)) as object) }, { timestamp: 1_700_000_000_000 })
    assert.deepEqual(problems, [])
    if (expected.kind === 'json hit')
      assert.deepEqual(outcome.kind === 'hit' && JSON.parse(outcome.json), JSON.parse(expected.text))
    else {
      assert.equal(expected.kind, 'text outcome')
      const detail = 'detail' in outcome ? `: ${outcome.detail}` : ''
      assert.equal(outcome.kind !== 'hit' && `${outcome.kind}: ${outcome.reason}${detail}`, expected.text.trim())
    }
  })
}

test('docs/mapping.md has examples, and shows the module as it is', () => {
  assert.ok(blocks.filter(({ kind }) => kind === 'json event').length >= 9)
  const [module] = blocks.filter(({ kind }) => kind.startsWith('ts '))
  assert.equal(module?.text, readFileSync(new URL(module?.kind.slice(3) ?? '', root), 'utf8'))
})
