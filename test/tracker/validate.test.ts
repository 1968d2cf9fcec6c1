import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Method } from '../../src/core/hit.ts'
import type { ParamName } from '../../src/tracker/spec.ts'
import { deviceIds, paramNames, paramSpecs, vkPlatforms } from '../../src/tracker/spec.ts'
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
// One character to a reader, five code points: the rules count these.
const family = '👩\u200d👩\u200d👧'
const combined = 'e\u0301'

const exactly = (length: number) => ({
  inside: ['0'.repeat(length), emoji.repeat(length), combined.repeat(length / 2)],
  outside: [
    '0'.repeat(length - 1),
    '0'.repeat(length + 1),
    emoji.repeat(length / 2),
    emoji.repeat(length - 1),
    emoji.repeat(length + 1),
    5,
  ],
})

const upTo = (length: number) => ({
  inside: [
    'x',
    emoji,
    'x'.repeat(length),
    emoji.repeat(length),
    family.repeat(length / 5),
    combined.repeat(length / 2) + 'x'.repeat(length % 2),
  ],
  outside: [
    'x'.repeat(length + 1),
    `${emoji.repeat(length)}x`,
    emoji.repeat(length + 1),
    combined.repeat(Math.ceil((length + 1) / 2)),
    `${family.repeat(length / 5)}${emoji.repeat((length % 5) + 1)}`,
    '\ud83d',
    '\ude00x',
    7,
    true,
  ],
})

const wholeFrom = (min: number, max: number) => ({
  inside: [min, max, min + 1],
  outside: [min - 1, max + 1, min + 0.5, Number.NaN, Number.POSITIVE_INFINITY, -1, String(min), '', true],
})

/** For each parameter: the first and last values inside its rule, and the first ones outside. */
const values: Readonly<Record<ParamName, { readonly inside: readonly unknown[]; readonly outside: readonly unknown[] }>> = {
  eventTimestamp: wholeFrom(946_674_000, 4_294_967_295),
  customUserId: upTo(1024),
  ipv4: {
    inside: ['0.0.0.0', '255.255.255.255', '125.125.125.125'],
    outside: ['256.0.0.1', '1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.4 ', '::1', 'localhost', '1.2.3.4/24', 16909060],
  },
  ipv6: {
    inside: ['::', '2001:0db8:85a3:0000:0000:8a2e:0370:7334', '::ffff:1.2.3.4', '0000:0000:0000:0000:0000:ffff:255.255.255.255'],
    outside: ['1.2.3.4', ':::', '2001:db8::g', 'fe80::1%eth0', '[::1]', '::1/64', '1:2:3:4:5:6:7:8:9'],
  },
  idGender: wholeFrom(0, 2),
  age: wholeFrom(0, 128),
  connectionType: wholeFrom(0, 2),
  bluetoothEnabled: wholeFrom(0, 2),
  instanceId: exactly(36),
  adTrackingEnabled: { ...wholeFrom(0, 1), inside: [0, 1] },
  idfa: exactly(36),
  iosVendorId: exactly(36),
  gaid: exactly(36),
  appSetId: exactly(36),
  androidId: exactly(16),
  lvid: exactly(32),
  adBlocker: { ...wholeFrom(0, 1), inside: [0, 1] },
  userAgent: upTo(2048),
  customPlatformUserId: { inside: ['1', 'x'.repeat(5000)], outside: [12345, '\ud83d', false] },
  vkPlatform: { inside: vkPlatforms, outside: ['desktop', 'DESKTOP_WEB', ' desktop_web', 1] },
  customEventName: upTo(255),
  customEventParams: {
    inside: [{ a: 'b' }, { ['x'.repeat(255)]: 'y'.repeat(255) }, { [emoji.repeat(255)]: emoji.repeat(255) }],
    outside: ['text', 1, ['a'], true, null],
  },
}

test('the table of values has every parameter', () => {
  assert.deepEqual(Object.keys(values), paramNames)
})

for (const name of paramNames) {
  test(`${name}: the last values inside its rule pass untouched`, () => {
    for (const value of values[name].inside) {
      const params = { ...base.customEvent, [name]: value } as Params
      for (const invalidParams of ['drop', 'reject'] as const) {
        const validation = validate('customEvent', params, { invalidParams })
        assert.ok(validation.kind === 'valid' && validation.params === params, `${String(value).slice(0, 40)}`)
        assert.equal(validation.dropped.length, 0)
      }
    }
  })

  test(`${name}: the first values outside its rule are dropped or rejected`, () => {
    for (const value of values[name].outside) {
      const params = { ...base.customEvent, gaid: '0'.repeat(36), [name]: value } as Params
      const detail =
        value === '' && name !== 'eventTimestamp'
          ? undefined
          : detailOf(validate('customEvent', params, { invalidParams: 'reject' }))
      if (detail !== undefined) assert.ok(detail.startsWith(`${name}: wants `) && detail.length < 300, detail)
      const validation = validate('customEvent', params)
      if (name === 'eventTimestamp' || name === 'customEventName') {
        detailOf(validation)
      } else {
        assert.ok(validation.kind === 'valid')
        assert.deepEqual(validation.dropped, [name])
        const { [name]: _, ...rest } = params
        assert.deepEqual(validation.params, rest)
        assert.equal(params[name], value, 'the input is not changed')
      }
    }
  })
}

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

test('a custom event needs a user or a device', () => {
  assert.match(detailOf(validate('customEvent', { customEventName: 'n' })), /^customEvent needs one of customUserId, instanceId/)
  assert.equal(validate('customEvent', { customEventName: 'n', customUserId: 'u' }).kind, 'valid')
  for (const name of deviceIds) {
    const { maxLength } = paramSpecs[name] as { maxLength: number }
    assert.equal(validate('customEvent', { customEventName: 'n', [name]: '0'.repeat(maxLength) }).kind, 'valid', name)
    // Judged after the drops: an identifier that breaks its rule identifies nothing.
    detailOf(validate('customEvent', { customEventName: 'n', [name]: '0' }))
  }
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
