import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { loadConfig } from '../../src/config/load.ts'
import { configSchema } from '../../src/config/schema.ts'
import { alternatives } from '../../src/config/schema-tree.ts'
import { paramRules } from '../../src/param-rules.ts'

const directory = new URL('../../config/', import.meta.url)
const pathOf = (name: string) => new URL(name, directory).pathname

interface Key {
  /** With `*` for a place in a list or a name of the operator's choice. */
  readonly path: string
  readonly description: string | undefined
}

/** Every key of the schema, parents before children. */
function keysOf(schema: z.core.$ZodType, above = ''): Key[] {
  return alternatives(schema).flatMap((each): Key[] => {
    if (each instanceof z.ZodArray) return keysOf(each.element, `${above}*.`)
    if (each instanceof z.ZodRecord) return keysOf(each.valueType, `${above}*.`)
    if (!(each instanceof z.ZodObject)) return []
    const shape: Readonly<Record<string, z.ZodType>> = each.shape
    const named = Object.entries(shape).flatMap(([key, child]) => [
      { path: `${above}${key}`, description: child.description },
      ...keysOf(child, `${above}${key}.`),
    ])
    return [...named, ...(each.def.catchall === undefined ? [] : keysOf(each.def.catchall, `${above}*.`))]
  })
}

/** Without the language of sources where it comes again, inside of itself. */
const keys = keysOf(configSchema).filter(({ path }) => !/\.(customEventParams|firstOf)\.\*\./.test(path))

/** Whether some value stands at the path. */
function stands(value: unknown, [segment, ...rest]: readonly string[]): boolean {
  if (segment === undefined) return true
  if (typeof value !== 'object' || value === null) return false
  if (segment === '*') return Object.values(value).some((child) => stands(child, rest))
  return Object.hasOwn(value, segment) && stands((value as Readonly<Record<string, unknown>>)[segment], rest)
}

/** The alternatives that cannot stand beside what full.yaml writes: they are there as comments. */
const isComment = (path: string) =>
  /File$|^kafka\.ssl\.|^kafka\.sasl\.(tokenEndpoint|clientId|clientSecret|scope|caFile)$|^schemaRegistry\.bearerToken$/.test(path)

for (const name of ['minimal.yaml', 'full.yaml']) {
  it(`${name} is without fault, without any variable set`, () => {
    const loaded = loadConfig(pathOf(name), {}, paramRules)
    assert.deepEqual('problems' in loaded ? loaded.problems : [], [])
  })
}

describe('full.yaml', () => {
  const text = readFileSync(pathOf('full.yaml'), 'utf8')
  const value: unknown = parse(text)
  const comments = text.split('\n').filter((line) => line.trimStart().startsWith('#'))

  it('writes every key that can stand beside the others', () => {
    const missing = keys.filter(({ path }) => !isComment(path) && !stands(value, path.split('.')))
    assert.deepEqual(missing, [])
  })

  it('shows every other key in a comment', () => {
    const missing = keys.filter(({ path }) => {
      const word = new RegExp(`\\b${path.split('.').at(-1)}:`)
      return isComment(path) && !stands(value, path.split('.')) && !comments.some((line) => word.test(line))
    })
    assert.deepEqual(missing, [])
  })

  it('writes the defaults where nothing is an example', () => {
    const [full, minimal] = ['full.yaml', 'minimal.yaml'].map((name) => {
      const loaded = loadConfig(pathOf(name), {}, paramRules)
      assert.ok('config' in loaded)
      return loaded.config
    })
    assert.ok(full !== undefined && minimal !== undefined)
    const { retry, deadLetters, kafka, ...rest } = minimal
    const { partitions, ...fullRetry } = full.retry
    assert.equal(partitions, 6)
    assert.deepEqual(fullRetry, retry)
    assert.deepEqual(full.deadLetters, deadLetters)
    assert.deepEqual({ ...full.kafka, sasl: undefined }, { ...kafka, topics: ['shop.users', 'shop.orders'], sasl: undefined })
    for (const key of ['batch', 'delivery', 'breaker', 'http', 'log', 'unmapped', 'invalidParams'] as const)
      assert.deepEqual(full[key], rest[key])
  })
})

describe('the schema', () => {
  it('describes every key in a sentence', () => {
    assert.ok(keys.length > 80, `only ${keys.length} keys were found`)
    assert.deepEqual(
      keys.filter(({ description }) => description === undefined || !/\.$|`$/.test(description)).map(({ path }) => path),
      [],
    )
  })

  it('can be written as JSON Schema, of what is written rather than what comes of it', () => {
    const schema = z.toJSONSchema(configSchema, { io: 'input' })
    assert.deepEqual(schema.required, ['kafka', 'schemaRegistry', 'tracker'])
    assert.match(JSON.stringify(schema), /"linger":\{[^}]*"default":"250ms"/)
  })
})
