import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import avsc from 'avsc'
import type { Method } from '../../src/core/hit.ts'
import type { ParamName } from '../../src/tracker/spec.ts'
import { methodSpecs, methodTakes, paramNames, paramSpecs } from '../../src/tracker/spec.ts'

const records: Readonly<Record<Method, string>> = {
  registration: 'mytracker.Registration',
  login: 'mytracker.Login',
  customEvent: 'mytracker.CustomEvent',
}

interface Field {
  readonly name: string
  readonly type: unknown
  readonly default?: unknown
  readonly doc?: string
}

interface Schema {
  readonly name: string
  readonly namespace: string
  readonly fields: readonly Field[]
}

const read = (record: string): Schema =>
  JSON.parse(readFileSync(new URL(`../../schemas/${record}.avsc`, import.meta.url), 'utf8'))

const typeOf = (name: ParamName): unknown => {
  if (name === 'eventTimestamp') return { type: 'long', logicalType: 'timestamp-millis' }
  const { kind } = paramSpecs[name]
  return { number: 'int', text: 'string', entries: { type: 'map', values: 'string' } }[kind]
}

for (const [method, record] of Object.entries(records) as [Method, string][]) {
  const schema = read(record)

  test(`${record} has a field of the fitting type for every parameter of ${method}, and none besides but app`, () => {
    const { required } = methodSpecs[method]
    const expected = paramNames
      .filter((name) => methodTakes(method, name))
      .map((name) => [name, required.includes(name) ? typeOf(name) : ['null', typeOf(name)]])
    const actual = schema.fields.map((field) => [field.name, field.type])
    assert.equal(`${schema.namespace}.${schema.name}`, record)
    assert.deepEqual(Object.fromEntries(actual), Object.fromEntries([...expected, ['app', ['null', 'string']]]))
  })

  test(`${record} documents every field and defaults the optional ones to null`, () => {
    for (const field of schema.fields) {
      assert.ok(field.doc, field.name)
      if (methodSpecs[method].required.includes(field.name as ParamName)) assert.ok(!('default' in field), field.name)
      else assert.equal(field.default, null, field.name)
    }
  })

  test(`${record} is a schema that a producer can write with its required fields alone`, () => {
    const type = avsc.Type.forSchema(read(record) as unknown as avsc.Schema)
    const event = Object.fromEntries(methodSpecs[method].required.map((name) => [name, 'x']))
    const decoded = type.fromBuffer(type.toBuffer(event))
    assert.equal(decoded[methodSpecs[method].required[0] ?? ''], 'x')
    assert.equal(decoded.userAgent, null)
  })
}
