/** `npm run bench:mapping`: what a hit of ten parameters costs between the decoder and the batch, on one core. */
import avro from 'avsc'
import { eventTypeOf } from '../src/avro/event-type.ts'
import type { EventType } from '../src/core/event.ts'
import type { Hit } from '../src/core/hit.ts'
import type { SourceRecord } from '../src/core/record.ts'
import { Mappings } from '../src/mapping/compile.ts'
import { bindParams } from '../src/mapping/params.ts'
import type { HitSpec } from '../src/mapping/spec.ts'
import { Zones } from '../src/mapping/zone.ts'
import { serialiseHit } from '../src/tracker/request.ts'
import type { Params } from '../src/tracker/validate.ts'
import { compileValidator } from '../src/tracker/validate.ts'

const RUNS = 15
/** Mapped in one run; the garbage collector's share is in it. */
const HITS = 400_000
const EVENTS = 500
/** What it may cost without the tracker's part: validation and serialisation. */
const MAPPING_US_MAX = 1.5

const wire = avro.Type.forSchema(
  {
    type: 'record',
    name: 'bench.Order',
    fields: [
      { name: 'userId', type: 'string' },
      { name: 'at', type: 'long' },
      { name: 'paidAt', type: 'long' },
      { name: 'status', type: { type: 'enum', name: 'bench.Status', symbols: ['PAID', 'CAPTURED', 'VOID'] } },
      { name: 'platform', type: { type: 'enum', name: 'bench.Platform', symbols: ['ANDROID', 'WEB'] } },
      {
        name: 'profile',
        type: {
          type: 'record',
          name: 'bench.Profile',
          fields: [
            { name: 'gender', type: ['null', { type: 'enum', name: 'bench.Gender', symbols: ['MALE', 'FEMALE'] }] },
            { name: 'age', type: ['null', 'int'] },
          ],
        },
      },
      { name: 'clientIp', type: ['null', 'string'] },
      { name: 'sessionIp', type: ['null', 'string'] },
      { name: 'userAgent', type: 'string' },
      { name: 'device', type: 'string' },
      { name: 'wifi', type: 'boolean' },
      { name: 'amount', type: 'double' },
      { name: 'currency', type: 'string' },
    ],
  },
  { wrapUnions: 'auto' },
)

/** One with everything that the language has, and a plain one as most are. */
const mappings: Readonly<Record<string, HitSpec>> = {
  'paths, cases and constants': {
    record: 'bench.Order',
    app: 'android',
    method: 'customEvent',
    params: {
      customUserId: 'userId',
      eventTimestamp: 'at',
      ipv4: 'clientIp',
      idGender: { field: 'profile.gender', cases: { MALE: 1, FEMALE: 2 }, default: 0 },
      age: 'profile.age',
      connectionType: { field: 'wifi', cases: { true: 2 }, default: 1 },
      instanceId: 'device',
      userAgent: 'userAgent',
      customEventName: { value: 'orderPaid' },
      customEventParams: { amount: 'amount', currency: 'currency' },
    },
  },
  'when, app by field, firstOf and zone, too': {
    record: 'bench.Order',
    when: [
      { field: 'status', in: ['PAID', 'CAPTURED'] },
      { field: 'userId', exists: true },
    ],
    app: { field: 'platform', cases: { ANDROID: 'android', WEB: 'web' } },
    method: 'customEvent',
    params: {
      customUserId: 'userId',
      eventTimestamp: { field: 'paidAt', zone: 'Europe/Berlin' },
      ipv4: { firstOf: ['clientIp', 'sessionIp'] },
      idGender: { field: 'profile.gender', cases: { MALE: 1, FEMALE: 2 }, default: 0 },
      age: 'profile.age',
      connectionType: { field: 'wifi', cases: { true: 2 }, default: 1 },
      instanceId: 'device',
      userAgent: 'userAgent',
      customEventName: { value: 'orderPaid' },
      customEventParams: { amount: 'amount', currency: 'currency' },
    },
  },
}

const apps = [
  { name: 'android', vkMiniApp: false },
  { name: 'web', vkMiniApp: false },
]
const type = timed(eventTypeOf(wire, () => undefined))
const events = Array.from({ length: EVENTS }, (_, number) => wire.fromBuffer(wire.toBuffer(eventOf(number))) as unknown)
const record = { topic: 'orders', partition: 0, offset: 0, timestamp: 1_750_000_000_000 } as SourceRecord

/** The two times get the logical types that a registry's schema would have. */
function timed(whole: EventType): EventType {
  if (whole.kind !== 'record') throw new Error('the record of this benchmark is none')
  const fields = new Map(whole.fields)
  fields.set('at', { kind: 'long', logical: { name: 'timestamp-millis', scale: 0 } })
  fields.set('paidAt', { kind: 'long', logical: { name: 'local-timestamp-millis', scale: 0 } })
  return { ...whole, fields }
}

function eventOf(number: number): object {
  const at = 1_750_000_000_000 + number * 3_600_000
  return {
    ...{ userId: `user-${number}`, at, paidAt: at, userAgent: 'ShopApp/3.1 (Android 15; Pixel 9)', currency: 'EUR' },
    status: number % 2 === 0 ? 'PAID' : 'CAPTURED',
    platform: number % 3 === 0 ? 'WEB' : 'ANDROID',
    profile: { gender: number % 2 === 0 ? 'MALE' : 'FEMALE', age: 18 + (number % 60) },
    clientIp: number % 5 === 0 ? null : `10.0.${number % 250}.7`,
    sessionIp: '10.1.2.3',
    device: `0e8400f2-e29b-41d4-a716-4466554${String(number).padStart(5, '0')}`,
    wifi: number % 4 !== 0,
    amount: 100 + number / 4,
  }
}

/** Microseconds for each of `HITS` calls, the median of all runs. */
function timeOf(work: (event: unknown, place: number) => unknown): number {
  let sink = 0
  const runs = Array.from({ length: RUNS + 2 }, () => {
    const start = process.hrtime.bigint()
    for (let number = 0; number < HITS; number += 1) {
      const place = number % EVENTS
      // Looked at, so that nothing of it can be left out.
      if (work(events[place], place) !== undefined) sink += 1
    }
    return Number(process.hrtime.bigint() - start) / 1_000 / HITS
  })
  if (sink !== (RUNS + 2) * HITS) throw new Error('an event became nothing')
  // The first two are the engine's to warm up.
  const sorted = runs.slice(2).toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function measure(spec: HitSpec): {
  readonly parameters: number
  readonly all: number
  readonly validation: number
  readonly json: number
} {
  const options = { apps, unmapped: 'dead-letter', invalidParams: 'drop', maxBytes: 10_000, onDropped: () => undefined } as const
  const mapper = new Mappings({ ...options, mappings: [spec], modules: new Map() }).compile(
    { id: 1, name: spec.record, type },
    'orders',
  )
  if (mapper.problems.length > 0) throw new Error(mapper.problems.join('\n'))
  const { take } = bindParams({ type, zones: new Zones(), problems: [] }, spec.params)
  const params = events.map((event) => take(event, record.timestamp))
  if (params.some((each) => Object.keys(each).length < 9)) throw new Error('these are no hits of ten parameters')
  const validate = compileValidator({ method: spec.method, vkMiniApp: false, invalidParams: 'drop' })
  const route = { app: 'android', method: spec.method }
  return {
    parameters: timeOf((event) => take(event, record.timestamp)),
    validation: timeOf((_, place) => validate(params[place] as Params)),
    json: timeOf((_, place) => serialiseHit(route, params[place] as Params)),
    all: timeOf((event) => ((mapper.map(event, record, record) as Hit).kind === 'hit' ? event : undefined)),
  }
}

const rows = Object.entries(mappings).map(([name, spec]) => {
  const { all, validation, json, parameters } = measure(spec)
  return { name, numbers: [parameters, validation, json, all, all - validation - json], mapping: all - validation - json }
})
const table = rows.map(({ name, numbers }) => `| ${name} | ${numbers.map((us) => us.toFixed(2)).join(' | ')} |`).join('\n')
process.stdout.write(
  `µs for a hit of ten parameters, median of ${RUNS} runs of ${HITS} hits, Node ${process.versions.node}\n\n` +
    '| mapping with | parameters | validation | serialisation | all of it | all but the middle two |\n' +
    `| --- | ---: | ---: | ---: | ---: | ---: |\n${table}\n`,
)
if (rows.some(({ mapping }) => mapping > MAPPING_US_MAX)) {
  process.stderr.write(`mapping takes more than ${MAPPING_US_MAX} µs\n`)
  process.exitCode = 1
}
