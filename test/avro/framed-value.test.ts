import assert from 'node:assert/strict'
import { test } from 'node:test'
import avro from 'avsc'
import fc from 'fast-check'
import type { Schemas } from '../../src/avro/framed-value.ts'
import { malformed, writerSchemaOf } from '../../src/avro/framed-value.ts'
import { WriterSchema } from '../../src/avro/writer-schema.ts'
import { framed } from './encoded.ts'

const schema = new WriterSchema(7, avro.Type.forSchema({ type: 'record', name: 'shop.Order', fields: [] }), () => undefined)
const known: Schemas = { get: (id) => (id === 7 ? schema : { kind: 'missing' }) }

const detailOf = (value: Buffer, headers: Readonly<Record<string, unknown>> = {}, reason = 'not-framed'): string => {
  const answer = writerSchemaOf(known, { value, headers })
  assert.ok('kind' in answer && answer.kind === 'reject')
  assert.equal(answer.reason, reason)
  return answer.detail
}

test('a framed value leads to the schema that it names', () => {
  assert.equal(writerSchemaOf(known, { value: framed(7, Buffer.alloc(0)), headers: undefined }), schema)
})

test('ids are read as unsigned numbers, most significant byte first', () => {
  const asked: number[] = []
  const schemas: Schemas = {
    get: (id) => {
      asked.push(id)
      return { kind: 'missing' }
    },
  }
  for (const id of [1, 256, 0x7fffffff, 0x80000001, 0xffffffff]) {
    writerSchemaOf(schemas, { value: framed(id, Buffer.from('x')), headers: undefined })
  }
  assert.deepEqual(asked, [1, 256, 0x7fffffff, 0x80000001, 0xffffffff])
})

test('a value that waits for its schema says so', () => {
  const wait = { kind: 'wait', ready: Promise.resolve() } as const
  assert.equal(writerSchemaOf({ get: () => wait }, { value: framed(1, Buffer.alloc(0)), headers: undefined }), wait)
})

test('a value that is not framed is told what it looks like and what was expected', () => {
  const cases: readonly [Buffer, RegExp][] = [
    [Buffer.alloc(0), /the value is empty/],
    [Buffer.from([0, 0, 0, 7]), /the value ends after 4 bytes/],
    [Buffer.from('{"userId":"u-1"}'), /JSON/],
    [Buffer.from('[1]'), /JSON/],
    [Buffer.concat([Buffer.from([3, 0]), Buffer.alloc(16, 9), Buffer.from('x')]), /AWS Glue/],
    [Buffer.from('Obj\x01rest'), /Avro file/],
    [Buffer.from([10, 0, 0, 0, 0, 0]), /begins with byte 10/],
    [Buffer.from([3, 1, 2]), /begins with byte 3/],
  ]
  for (const [value, says] of cases) {
    const detail = detailOf(value)
    assert.match(detail, says)
    assert.match(detail, /expected byte 0 and a four-byte schema id/)
  }
})

test('an id in a header is named by its header, whichever product wrote it', () => {
  for (const header of ['__value_schema_id', 'apicurio.value.globalId', 'apicurio.value.contentId', 'Schema-Id']) {
    assert.match(detailOf(Buffer.from([10, 1]), { other: 'x', [header]: Buffer.from('7') }), new RegExp(`header ${header}`))
  }
})

test('an eight-byte id is recognised when the registry does not know the four-byte one', () => {
  const value = Buffer.concat([Buffer.from([0]), Buffer.from([0, 0, 0, 0, 0, 0, 0, 42]), Buffer.from('rest')])
  assert.match(detailOf(value), /eight-byte schema id \(42\)/)
})

test('an id that the registry does not know is an unknown schema', () => {
  assert.match(detailOf(framed(9, Buffer.from('payload')), {}, 'unknown-schema'), /no schema 9;/)
})

test('whatever bytes arrive, the detail holds none of the content and stays short', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 6, maxLength: 40 }), (text) => {
      const secret = `secret-${text}`
      const detail = detailOf(Buffer.from(`{${secret}`))
      assert.ok(!detail.includes(secret) && detail.length <= 1_000)
    }),
    { seed: 1 },
  )
})

test('a value that does not fit is malformed, and the detail names the schema and the fault', () => {
  assert.deepEqual(malformed(schema, new Error('truncated')), {
    kind: 'reject',
    reason: 'malformed',
    detail: 'the value does not fit schema 7 (shop.Order): truncated',
  })
})
