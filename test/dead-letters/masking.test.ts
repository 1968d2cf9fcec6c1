import assert from 'node:assert/strict'
import { test } from 'node:test'
import avro from 'avsc'
import { WriterSchema } from '../../src/avro/writer-schema.ts'
import { shownFacts } from '../../src/dead-letters/facts.ts'
import { masked } from '../../src/dead-letters/masking.ts'
import { shownText } from '../../src/dead-letters/text.ts'
import { letterOf } from './letters.ts'

const inner = { type: 'record', name: 'Inner', fields: [{ name: 'city', type: 'string' }] }
const type = avro.Type.forSchema(
  {
    type: 'record',
    name: 'Event',
    fields: [
      { name: 'text', type: 'string' },
      { name: 'yes', type: 'boolean' },
      { name: 'nothing', type: 'null' },
      { name: 'few', type: 'int' },
      { name: 'many', type: 'long' },
      { name: 'ratio', type: 'double' },
      { name: 'raw', type: 'bytes' },
      { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 4 } },
      { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['SECRET'] } },
      { name: 'list', type: { type: 'array', items: 'string' } },
      { name: 'map', type: { type: 'map', values: ['null', 'string'] } },
      { name: 'some', type: ['null', 'string'] },
      { name: 'none', type: ['null', 'string'] },
      { name: 'number', type: ['null', 'int', 'long'] },
      { name: 'inner', type: ['null', inner] },
    ],
  } as never,
  { wrapUnions: 'auto' },
)
const schema = new WriterSchema(7, type, () => undefined)
const event = {
  text: 'secret-text',
  yes: true,
  nothing: null,
  few: 4_711,
  many: 4_712,
  ratio: 47.13,
  raw: Buffer.from('secret-raw'),
  hash: Buffer.from('hush'),
  kind: 'SECRET',
  list: ['secret-1', 'secret-two'],
  map: { 'secret-key': 'secret-value', other: null },
  some: 'secret-some',
  none: null,
  number: { int: 4_714 },
  inner: { city: 'secret-city' },
}

test('every value becomes its kind; names of fields and the shapes around values stay', () => {
  assert.deepEqual(masked(event, schema.type), {
    text: '<string 11>',
    yes: '<boolean>',
    nothing: '<null>',
    few: '<int>',
    many: '<long>',
    ratio: '<double>',
    raw: '<bytes 10>',
    hash: '<bytes 4>',
    kind: '<enum>',
    list: ['<string 8>', '<string 10>'],
    map: { '<key 1, string 10>': '<string 12>', '<key 2, string 5>': '<null>' },
    some: '<string 11>',
    none: '<null>',
    number: { int: '<int>' },
    inner: { city: '<string 11>' },
  })
})

test('a value that does not fit its type is masked all the same', () => {
  for (const { kind, value } of [
    { kind: 'int', value: 'secret' },
    { kind: 'array', value: 'secret' },
    { kind: 'map', value: 'secret' },
    { kind: 'union', value: 'secret' },
  ]) {
    const odd = { kind, items: schema.type, values: schema.type, wrapped: false, branches: new Map(), logical: undefined }
    assert.doesNotMatch(JSON.stringify(masked(value, odd as never)), /secret/)
  }
})

const record = {
  ...letterOf(3).record,
  key: 'secret-key',
  value: Buffer.from('secret-bytes'),
  headers: {
    trace: Buffer.from('secret-trace'),
    tags: [Buffer.from('secret-a'), 'secret-b'],
    'x-api-key': 'credential',
    'mts-reason': 'rejected',
  },
}
const letter = { ...letterOf(3), record }

test('a record shows no key, header, value or preview unless values are asked for', () => {
  for (const decoded of [
    { kind: 'event', schema, event },
    { kind: 'undecodable', why: 'the value does not fit', schema: undefined },
  ] as const) {
    const facts = shownFacts(letter, decoded, { values: false })
    for (const text of [JSON.stringify(facts), shownText(facts)])
      assert.doesNotMatch(text, /secret|SECRET|credential|471|7365637265/)
    assert.equal(facts.key, '<bytes 10>')
    assert.deepEqual(facts.headers, { trace: '<bytes 12>', tags: ['<bytes 8>', '<bytes 8>'], 'x-api-key': '***' })
  }
})

test('with values all is shown but credentials', () => {
  const facts = shownFacts(letter, { kind: 'event', schema, event: { ...event, many: 2n ** 60n } }, { values: true })
  assert.deepEqual(facts.headers, { trace: 'secret-trace', tags: ['secret-a', 'secret-b'], 'x-api-key': '***' })
  assert.deepEqual(facts.event, { ...event, many: '1152921504606846976', raw: 'secret-raw', hash: 'hush' })
  const undecodable = shownFacts(letter, { kind: 'undecodable', why: 'no', schema: { id: 9, name: undefined } }, { values: true })
  assert.equal(undecodable.preview, Buffer.from('secret-bytes').toString('hex'))
})

test('what a header holds plays no tricks on the terminal', () => {
  const facts = shownFacts({ ...letter, detail: 'red \u001b[31m\u202e\nnext' }, { kind: 'none' }, { values: false })
  const text = shownText(facts)
  assert.ok(text.includes('red \\u{1b}[31m\\u{202e}\\u{a}next'))
})
