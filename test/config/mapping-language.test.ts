import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { broken, configOf, problemsOf, valid } from './example.ts'

const when = (text: string) => broken('app: shop-android', `when: ${text}\n    app: shop-android`)
const params = (lines: string) => broken('      customUserId: userId', lines)

describe('the mapping language', () => {
  it('comes to the program as it was written', () => {
    const text = `${when('[{ field: a.b, in: [PAID, 5, true] }, { field: c, exists: false }]')}      ipv4: { firstOf: [a, { field: b, default: x }, { value: y }] }
      eventTimestamp: { field: at, unit: us, zone: Europe/Berlin }
`
    const [mapping] = configOf(text).mappings
    assert.deepEqual(mapping, {
      record: 'com.shop.UserRegistered',
      when: [
        { field: 'a.b', in: ['PAID', 5, true] },
        { field: 'c', exists: false },
      ],
      app: 'shop-android',
      method: 'registration',
      params: {
        customUserId: 'userId',
        ipv4: { firstOf: ['a', { field: 'b', default: 'x' }, { value: 'y' }] },
        eventTimestamp: { field: 'at', unit: 'us', zone: 'Europe/Berlin' },
      },
    })
  })

  const refused: readonly (readonly [string, string, string])[] = [
    [
      'a condition that tests nothing',
      when('{ field: a }'),
      'c.yaml:20:5 mappings[0].when: tests nothing; write equals, in, exists or not beside field',
    ],
    [
      'one of several that tests nothing',
      when('[{ field: a, exists: true }, { field: b }]'),
      'c.yaml:20:40 mappings[0].when[1]: tests nothing; write equals, in, exists or not beside field',
    ],
    [
      'a condition that can never hold',
      when('{ field: a, exists: false, equals: 1 }'),
      'c.yaml:20:5 mappings[0].when: never holds: what does not exist has no text; remove exists or the other test',
    ],
    [
      'a number that YAML cannot hold',
      when('{ field: a, equals: 9007199254740993 }'),
      'c.yaml:20:23 mappings[0].when.equals: has more digits than a number keeps; write it in quotes',
    ],
    [
      'a time zone with a slip of the pen',
      params('      eventTimestamp: { field: a, zone: Europe/Berln }'),
      'c.yaml:23:35 mappings[0].params.eventTimestamp.zone: there is no time zone "Europe/Berln"; write a time zone like Europe/Berlin; did you mean "Europe/Berlin"?',
    ],
    [
      'a time zone that is none',
      params('      customEventParams: { a: { field: a, zone: Middle-earth/Mordor } }'),
      'c.yaml:23:43 mappings[0].params.customEventParams.a.zone: there is no time zone "Middle-earth/Mordor"; write a time zone like Europe/Berlin',
    ],
    [
      'a unit that is none',
      params('      eventTimestamp: { field: a, unit: ns }'),
      'c.yaml:23:35 mappings[0].params.eventTimestamp.unit: "ns" is not allowed here; write s, ms or us; did you mean "s"?',
    ],
    [
      'a choice between no sources',
      params('      ipv4: { firstOf: [] }'),
      'c.yaml:23:15 mappings[0].params.ipv4.firstOf: is an empty list; write at least 1 of its sources',
    ],
  ]
  for (const [what, text, prints] of refused) it(`does not take ${what}`, () => assert.deepEqual(problemsOf(text), [prints]))

  it('takes aliases of time zones and offsets', () => {
    for (const zone of ['UTC', 'Asia/Calcutta', '"+03:00"', 'europe/berlin']) {
      assert.deepEqual(problemsOf(params(`      eventTimestamp: { field: a, zone: ${zone} }`)), [])
    }
  })

  it('takes several mappings of one record while each leaves something to the next', () => {
    const next = (condition: string) =>
      `${when('{ field: a, equals: 1 }')}  - record: com.shop.UserRegistered\n${condition}    app: shop-vk\n    method: login\n    params: {}\n`
    assert.deepEqual(problemsOf(next('')), [])
    assert.deepEqual(problemsOf(next('    when: { field: a, equals: 2 }\n')), [])
    const unreachable =
      'c.yaml:25:5 mappings[1].record: is never reached: mappings[0] already takes these records; remove one of the two'
    assert.deepEqual(problemsOf(next('    when: { field: a, equals: 1 }\n')), [unreachable])
  })

  it('takes no second mapping behind one without a condition', () => {
    const second = `${valid}  - record: com.shop.UserRegistered\n    when: { field: a, equals: 1 }\n    app: shop-vk\n    method: login\n    params: {}\n`
    assert.deepEqual(
      problemsOf(second).map((line) => line.split(': ')[0]),
      ['c.yaml:24:5 mappings[1].record'],
    )
  })
})

describe('the module of a mapping', () => {
  const by = (module: string) => `${valid}  - { record: com.shop.OrderPaid, module: ${module} }\n`

  it('is found from where the configuration stands, and its path is absolute to the program', (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    mkdirSync(join(directory, 'mapping'))
    writeFileSync(join(directory, 'mapping/order.ts'), '')
    const { mappings } = configOf(by('./mapping/order.ts'), { directory })
    assert.deepEqual(mappings[1], { record: 'com.shop.OrderPaid', module: join(directory, 'mapping/order.ts') })
    assert.deepEqual(problemsOf(by(join(directory, 'mapping/order.ts'))), [])
    assert.match(
      problemsOf(by('mapping.ts'), { directory })[0] ?? '',
      /^c.yaml:24:35 mappings\[1\].module: cannot be read: ENOENT/,
    )
    mkdirSync(join(directory, 'folder.ts'))
    assert.match(
      problemsOf(by('folder.ts'), { directory })[0] ?? '',
      /mappings\[1\].module: cannot be read: .*folder.ts is no file$/,
    )
  })

  it('has the name of a module', () => {
    assert.deepEqual(problemsOf(by('order.yaml')), [
      'c.yaml:24:35 mappings[1].module: order.yaml is no module by its name; write one that ends in .ts, .mts, .js or .mjs',
    ])
  })

  it('may have a condition, but no parameters beside it', () => {
    const text = `${valid}  - { record: a.B, module: b.ts, when: { field: c, exists: true }, method: login }\n`
    assert.match(problemsOf(text).join('\n'), /^c.yaml:24:68 mappings\[1\].method: does not go with module/m)
  })
})
