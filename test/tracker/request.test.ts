import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Route } from '../../src/core/hit.ts'
import { bodyBytes, bodyOf, pathOf, serialiseHit } from '../../src/tracker/request.ts'

const route: Route = { app: 'shop', method: 'customEvent' }

// `binary` makes texts of any UTF-16 units, halves of surrogate pairs among them.
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('\ud83d', '\ude00', '"\\\n\u0000', '😀', 'é'),
)
const params = fc.record(
  { customUserId: text, age: fc.integer(), customEventParams: fc.dictionary(text, text) },
  { requiredKeys: [] },
)

test('the size that is reckoned is the size of the body, whatever the texts are', () => {
  fc.assert(
    fc.property(fc.array(params, { minLength: 1, maxLength: 20 }), (list) => {
      const hits = list.map((each) => serialiseHit(route, each))
      const sum = hits.reduce((total, hit) => total + hit.bytes, 0)
      const body = bodyOf(hits)
      assert.equal(bodyBytes(hits.length, sum), Buffer.byteLength(body))
      assert.deepEqual(JSON.parse(body), JSON.parse(JSON.stringify(list.length === 1 ? list[0] : list)))
    }),
  )
})

test('halves of a surrogate pair in neighbouring hits do not become one character', () => {
  const hits = ['\ud83d', '\ude00'].map((customUserId) => serialiseHit(route, { customUserId }))
  assert.equal(bodyOf(hits), '[{"customUserId":"\\ud83d"},{"customUserId":"\\ude00"}]')
})

test('one hit is an object, more are an array', () => {
  const hit = serialiseHit(route, { customUserId: '1', absent: undefined })
  assert.deepEqual(hit, { kind: 'hit', route, json: '{"customUserId":"1"}', bytes: 20 })
  assert.equal(bodyOf([hit]), '{"customUserId":"1"}')
  assert.equal(bodyOf([hit, hit]), '[{"customUserId":"1"},{"customUserId":"1"}]')
  assert.equal(bodyBytes(1, 20), 20)
  assert.equal(bodyBytes(2, 40), 43)
})

test('a request without hits is a bug', () => {
  assert.throws(() => bodyOf([]), RangeError)
})

test('one hit goes to the single method, more to the batch method', () => {
  assert.equal(pathOf('registration', 1, 666), '/v1/registration/?idApp=666')
  assert.equal(pathOf('registration', 2, 666), '/v1/registrationBatch/?idApp=666')
  assert.equal(pathOf('login', 1, 666), '/v1/login/?idApp=666')
  assert.equal(pathOf('login', 20, 666), '/v1/loginBatch/?idApp=666')
  assert.equal(pathOf('customEvent', 1, 7), '/v1/customEvent/?idApp=7')
  assert.equal(pathOf('customEvent', 3, 7), '/v1/customEventBatch/?idApp=7')
})
