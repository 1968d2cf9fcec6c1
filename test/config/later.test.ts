// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the configuration's own variables.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { later } from '../../src/config/later.ts'
import { configSchema } from '../../src/config/schema.ts'
import { keysAt } from '../../src/config/schema-tree.ts'
import { broken, configOf, problemsOf, valid } from './example.ts'

const appended = (lines: string) => `${valid}${lines}\n`
const params = (lines: string) => broken('      customUserId: userId', lines)

const refused: readonly (readonly [string, string])[] = [
  [appended('breaker: { failures: 3 }'), 'c.yaml:24:1 breaker: this version has no breaker yet; remove the key or write off'],
  [
    appended('deadLetters: { brake: 0.5 }'),
    'c.yaml:24:16 deadLetters.brake: this version has no brake on dead letters yet; remove the key or write off',
  ],
  [
    appended('delivery: { requestsPerSecond: 5 }'),
    'c.yaml:24:13 delivery.requestsPerSecond: this version does not limit requests per second yet; remove the key or write 0',
  ],
]

describe('a key whose behaviour is not built', () => {
  for (const [text, prints] of refused) {
    it(`is refused where it is written: ${prints.split(': ')[0]}`, () => assert.deepEqual(problemsOf(text), [prints]))
  }

  it('is refused without a word about what stands in it', () => {
    assert.deepEqual(problemsOf(appended('breaker: { failurs: 1 }')), [
      'c.yaml:24:1 breaker: this version has no breaker yet; remove the key or write off',
    ])
  })

  it('may say that nothing of it is wanted', () => {
    const off = 'breaker: off\ndeadLetters: { brake: off }\ndelivery: { requestsPerSecond: "${RATE:-0}" }'
    assert.equal(configOf(appended(off)).delivery.requestsPerSecond, 0)
  })

  it('is no name for an entry of a custom event', () => {
    const { mappings } = configOf(params('      customEventParams: { unit: a, zone: b, firstOf: c, value: d }'))
    const [mapping] = mappings
    assert.deepEqual(mapping !== undefined && 'params' in mapping ? mapping.params.customEventParams : undefined, {
      unit: 'a',
      zone: 'b',
      firstOf: 'c',
      value: 'd',
    })
  })

  it('is one that the schema knows', () => {
    for (const { at } of later) {
      const segments = at.split('.').map((segment) => (segment === '*' ? 'any' : segment))
      const path = segments.map((segment, place) => (segments[place - 1] === 'mappings' ? 0 : segment))
      const known = keysAt(configSchema, path.slice(0, -1))
      assert.ok(known.includes(String(path.at(-1))), at)
    }
  })
})
