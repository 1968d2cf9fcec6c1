import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Method } from '../../src/core/hit.ts'
import { paramNames } from '../../src/tracker/spec.ts'
import type { Params, Validation, ValidatorOptions } from '../../src/tracker/validate.ts'
import { compileValidator } from '../../src/tracker/validate.ts'

const base: Readonly<Record<Method, Params>> = {
  registration: { customUserId: 'u' },
  login: { customUserId: 'u' },
  customEvent: { customUserId: 'u', customEventName: 'n' },
}

const validate = (method: Method, params: Params, options: Partial<ValidatorOptions> = {}): Validation =>
  compileValidator({ method, vkMiniApp: false, invalidParams: 'drop', ...options })(params)

const detailOf = (validation: Validation): string => {
  assert.ok(validation.kind === 'reject')
  assert.equal(validation.reason, 'invalid-hit')
  return validation.detail
}

const emoji = '😀'

test('a detail tells nothing of what was found but its kind and length', () => {
  for (const name of paramNames) {
    for (const value of ['secret'.repeat(500), ['secret'], { secret: 'secret'.repeat(500) }, 4_294_967_299.5]) {
      const params = { ...base.customEvent, [name]: value } as unknown as Params
      const validation = validate('customEvent', params, { invalidParams: 'reject' })
      if (validation.kind === 'reject')
        assert.doesNotMatch(validation.detail.replace('customEventParams.secret', ''), /secret|4294967299/)
      else assert.equal(name, 'customPlatformUserId')
    }
  }
})

test('a registration and a login need customUserId, whole, in every mode', () => {
  for (const method of ['registration', 'login'] as const) {
    for (const invalidParams of ['drop', 'reject'] as const) {
      assert.equal(validate(method, { customUserId: 'u' }, { invalidParams }).kind, 'valid')
      assert.match(detailOf(validate(method, {}, { invalidParams })), /^customUserId: is required for (registration|login)/)
      assert.match(detailOf(validate(method, { customUserId: undefined }, { invalidParams })), /^customUserId: is required/)
      assert.equal(
        detailOf(validate(method, { customUserId: '' }, { invalidParams })),
        'customUserId: is required, found an empty text',
      )
      assert.equal(
        detailOf(validate(method, { customUserId: 'x'.repeat(1025) }, { invalidParams })),
        'customUserId: wants a text of 1 to 1024 characters, found a text of 1025 characters',
      )
    }
  }
})

test('a custom event needs its name', () => {
  detailOf(validate('customEvent', { customUserId: 'u' }))
  detailOf(validate('customEvent', { customUserId: 'u', customEventName: '' }))
})

/** The documentation's device identifiers, with their lengths. */
const devices: readonly (readonly [name: string, length: number])[] = [
  ['instanceId', 36],
  ['lvid', 32],
  ['gaid', 36],
  ['androidId', 16],
  ['appSetId', 36],
  ['idfa', 36],
  ['iosVendorId', 36],
]

test('a custom event needs a user or a device', () => {
  assert.match(detailOf(validate('customEvent', { customEventName: 'n' })), /^customEvent needs one of customUserId, instanceId/)
  assert.equal(validate('customEvent', { customEventName: 'n', customUserId: 'u' }).kind, 'valid')
  for (const [name, length] of devices) {
    assert.equal(validate('customEvent', { customEventName: 'n', [name]: '0'.repeat(length) }).kind, 'valid', name)
    assert.equal(validate('customEvent', { customEventName: 'n', customUserId: '', [name]: '0'.repeat(length) }).kind, 'valid')
    assert.equal(validate('customEvent', { customEventName: 'n', customUserId: 'u', [name]: '0'.repeat(length) }).kind, 'valid')
    // Judged after the drops: an identifier that breaks its rule identifies nothing.
    for (const broken of ['', '0'.repeat(length - 1), '0'.repeat(length + 1)])
      detailOf(validate('customEvent', { customEventName: 'n', [name]: broken }))
  }
  // What tells of a person or a platform identifies neither the user nor the device.
  const others = { customPlatformUserId: '1', vkPlatform: 'mobile_web', ipv4: '1.2.3.4', userAgent: 'x', age: 1 }
  detailOf(validate('customEvent', { customEventName: 'n', ...others }))
  detailOf(validate('customEvent', { customEventName: 'n', customUserId: '' }))
  detailOf(validate('customEvent', { customEventName: 'n', customUserId: 'x'.repeat(1025) }))
})

test('an app on VK Mini Apps needs the VK parameters of every event', () => {
  const vk = { customPlatformUserId: '12345', vkPlatform: 'mobile_web' }
  for (const method of ['registration', 'login', 'customEvent'] as const) {
    const options = { vkMiniApp: true }
    assert.equal(validate(method, { ...base[method], ...vk }, options).kind, 'valid')
    for (const name of ['customPlatformUserId', 'vkPlatform'] as const) {
      for (const value of [undefined, '', 5]) {
        assert.match(
          detailOf(validate(method, { ...base[method], ...vk, [name]: value } as Params, options)),
          new RegExp(`^${name}: `),
        )
      }
    }
    assert.equal(validate(method, base[method]).kind, 'valid')
  }
})

test('an empty text of an optional parameter is dropped in both modes', () => {
  for (const invalidParams of ['drop', 'reject'] as const) {
    const validation = validate(
      'login',
      { customUserId: 'u', userAgent: '', gaid: '', ipv4: '', vkPlatform: '' },
      { invalidParams },
    )
    const dropped = ['userAgent', 'gaid', 'ipv4', 'vkPlatform']
    assert.deepEqual(validation, { kind: 'valid', params: { customUserId: 'u' }, dropped })
  }
})

test('an entry of customEventParams that breaks a rule goes alone', () => {
  const customEventParams = {
    good: 'x',
    empty: '',
    long: 'x'.repeat(256),
    emoji: emoji.repeat(255),
    half: '\ud83d',
    ['n'.repeat(256)]: 'x',
    number: 5,
  }
  const params = { ...base.customEvent, customEventParams } as unknown as Params
  const validation = validate('customEvent', params)
  assert.ok(validation.kind === 'valid')
  assert.deepEqual({ ...(validation.params.customEventParams as object) }, { good: 'x', emoji: emoji.repeat(255) })
  const names = ['empty', 'long', 'half', `${'n'.repeat(63)}…`, 'number']
  assert.deepEqual(
    validation.dropped,
    names.map((name) => `customEventParams.${name}`),
  )
})

test('an entry of customEventParams that breaks a rule rejects where that is asked for, but for an empty value', () => {
  const of = (customEventParams: unknown) =>
    validate('customEvent', { ...base.customEvent, customEventParams } as Params, { invalidParams: 'reject' })
  assert.equal(
    detailOf(of({ good: 'x', bad: 'secret'.repeat(50) })),
    'customEventParams.bad: wants names and values of 1 to 255 characters, found a name of 3 characters and a text of 300 characters',
  )
  detailOf(of({ '': 'x' }))
  detailOf(of({ ['x'.repeat(256)]: 'x' }))
  const validation = of({ good: 'x', empty: '' })
  assert.ok(validation.kind === 'valid')
  assert.deepEqual(validation.dropped, ['customEventParams.empty'])
})

test('customEventParams without entries, or without any that could stay, is left out', () => {
  assert.deepEqual(validate('customEvent', { ...base.customEvent, customEventParams: {} }), {
    kind: 'valid',
    params: base.customEvent,
    dropped: [],
  })
  assert.deepEqual(validate('customEvent', { ...base.customEvent, customEventParams: { a: '' } }), {
    kind: 'valid',
    params: base.customEvent,
    dropped: ['customEventParams.a'],
  })
})

test('an entry called __proto__ is an entry like any other', () => {
  const customEventParams = JSON.parse('{"__proto__":"x","empty":""}')
  const validation = validate('customEvent', { ...base.customEvent, customEventParams })
  assert.ok(validation.kind === 'valid')
  assert.equal(JSON.stringify(validation.params.customEventParams), '{"__proto__":"x"}')
})

test('a parameter that the method does not know is an optional one that breaks a rule', () => {
  for (const name of ['customEventName', 'customEventParams', 'gender', '__proto__', 'constructor']) {
    const params = JSON.parse(`{"customUserId":"u","${name}":"x"}`)
    assert.deepEqual(validate('registration', params), { kind: 'valid', params: { customUserId: 'u' }, dropped: [name] })
    assert.equal(
      detailOf(validate('registration', params, { invalidParams: 'reject' })),
      `${name}: is no parameter of registration`,
    )
  }
})

test('hits without anything dropped share one empty list', () => {
  const [first, second] = [validate('login', base.login), validate('registration', base.registration)]
  assert.ok(first.kind === 'valid' && second.kind === 'valid')
  assert.equal(first.dropped, second.dropped)
  assert.ok(Object.isFrozen(first.dropped))
})
