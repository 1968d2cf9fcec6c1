import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import type { Schema } from 'avsc'
import type { Hit } from '../../src/core/hit.ts'
import type { Reject, Skip } from '../../src/core/outcome.ts'
import type { SourceRecord } from '../../src/core/record.ts'
import type { MappingOptions } from '../../src/mapping/compile.ts'
import { Mappings } from '../../src/mapping/compile.ts'
import type { HitSpec, MappingSpec } from '../../src/mapping/spec.ts'
import { RecordPreparer } from '../../src/prepare.ts'
import { encoderOf, framed } from '../avro/encoded.ts'
import type { CacheUnderTest } from '../avro/stand-in-registry.ts'
import { openCache } from '../avro/stand-in-registry.ts'

/** Of the Kafka records, where a test does not say otherwise. */
export const recordTime = 1_700_000_000_999

export interface Setup extends Partial<Omit<MappingOptions, 'onDropped'>> {
  readonly schema: Schema
  /** Where values are not what avsc takes by itself. */
  readonly encode?: (value: unknown) => Buffer
}

export interface Prepared {
  readonly problems: string[]
  readonly dropped: string[]
  prepare(event: unknown, record?: Partial<SourceRecord>): Hit | Skip | Reject
  /** The parameters of the hit that it must become. */
  params(event: unknown, record?: Partial<SourceRecord>): Record<string, unknown>
  /** The reject that it must become, as `reason: detail`. */
  reject(event: unknown, record?: Partial<SourceRecord>): string
}

/** All the way from bytes, with one stand-in registry for each file of tests. */
export function preparing(): (setup: Setup) => Promise<Prepared> {
  let under: CacheUnderTest
  let lastId = 0
  before(async () => {
    under = await openCache()
  })
  after(() => under.end())
  return async (setup) => {
    const id = ++lastId
    under.registry.put(id, setup.schema)
    await under.load(id)
    const dropped: string[] = []
    const problems: string[] = []
    const mappings = new Mappings({
      mappings: [],
      modules: new Map(),
      apps: [{ name: 'shop', vkMiniApp: false }],
      unmapped: 'dead-letter',
      invalidParams: 'drop',
      maxBytes: 10_000,
      ...setup,
      onDropped: (params) => dropped.push(...params),
    })
    const onProblems = (_record: string, _topic: string, found: readonly string[]): void => void problems.push(...found)
    const preparer = new RecordPreparer({ schemas: under.cache, mappings, onProblems })
    const encode = setup.encode ?? encoderOf(setup.schema)
    return prepared(problems, dropped, (event, record) => {
      const outcome = preparer.prepare({ ...blank, value: framed(id, encode(event)), ...record })
      assert.notEqual(outcome.kind, 'wait')
      return outcome as Hit | Skip | Reject
    })
  }
}

const blank: SourceRecord = {
  topic: 'orders',
  partition: 0,
  offset: 5,
  timestamp: recordTime,
  key: null,
  value: null,
  headers: undefined,
  history: undefined,
}

function prepared(problems: string[], dropped: string[], prepare: Prepared['prepare']): Prepared {
  return {
    problems,
    dropped,
    prepare,
    params: (event, record) => {
      const outcome = prepare(event, record)
      assert.ok(outcome.kind === 'hit', JSON.stringify(outcome))
      assert.equal(outcome.bytes, Buffer.byteLength(outcome.json))
      return JSON.parse(outcome.json)
    },
    reject: (event, record) => {
      const outcome = prepare(event, record)
      assert.ok(outcome.kind === 'reject', JSON.stringify(outcome))
      return `${outcome.reason}: ${outcome.detail}`
    },
  }
}

/** A record schema from its fields. */
export const record = (fields: Readonly<Record<string, unknown>>, name = 'shop.Order'): Schema =>
  ({ type: 'record', name, fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })) }) as Schema

/** A mapping to a registration, which needs no more than a user. */
export const registration = (params: HitSpec['params'], more: Partial<HitSpec> = {}): MappingSpec => ({
  record: 'shop.Order',
  app: 'shop',
  method: 'registration',
  params: { customUserId: { value: 'u' }, ...params },
  ...more,
})

/** A mapping of each name to a text of the custom event. */
export const texts = (entries: HitSpec['params'][string]): MappingSpec => ({
  record: 'shop.Order',
  app: 'shop',
  method: 'customEvent',
  params: { customUserId: { value: 'u' }, customEventName: { value: 'n' }, customEventParams: entries },
})

export const logical = (type: string, logicalType: string, more: object = {}): object => ({ type, logicalType, ...more })
