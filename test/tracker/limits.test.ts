/** Each rule of each parameter at its edges. The edges stand here, from the documentation, and are not read off our own table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { methods } from '../../src/core/hit.ts'
import { paramNames } from '../../src/tracker/spec.ts'
import type { Params, ValidatorOptions } from '../../src/tracker/validate.ts'
import { compileValidator } from '../../src/tracker/validate.ts'

const emoji = '😀'
/** Lengths are code points: to a reader, the first of these is one character and the second a fifth of one. */
const combined = 'e\u0301'
const family = '👩\u200d👩\u200d👧'

/** Texts of exactly `length` code points, in alphabets whose UTF-16 units and UTF-8 bytes differ from them. */
const textsOf = (length: number): string[] => [
  '0'.repeat(length),
  'ж'.repeat(length),
  '漢'.repeat(length),
  emoji.repeat(length),
  '0'.repeat(length - 1) + emoji,
  emoji + '0'.repeat(length - 1),
  combined.repeat(length >> 1) + 'x'.repeat(length % 2),
  family.repeat(Math.floor(length / 5)) + emoji.repeat(length % 5),
  '\u0000'.repeat(length),
  '"'.repeat(length),
]

/** A half of a surrogate pair is no Unicode text, wherever it stands. */
const halvesOf = (length: number): string[] => [
  '\ud83d'.repeat(length),
  '\ude00'.repeat(length),
  `${'0'.repeat(length - 1)}\ud83d`,
  `\ude00${'0'.repeat(length - 1)}`,
  `\ude00\ud83d${'0'.repeat(length - 2)}`,
]

const noTexts: readonly unknown[] = [0, 5, 36, Number.NaN, 1n, true, false, null, [], ['x'], {}, { x: 'x' }]

interface Edges {
  readonly inside: readonly unknown[]
  readonly outside: readonly unknown[]
}

const exactly = (length: number): Edges => ({
  inside: textsOf(length),
  outside: [
    '',
    ...textsOf(length - 1),
    ...textsOf(length + 1),
    // As many UTF-16 units, or bytes, as there should be characters.
    emoji.repeat(length / 2),
    emoji.repeat(length / 4),
    'ж'.repeat(length / 2),
    ...halvesOf(length),
    ...noTexts,
  ],
})

const upTo = (length: number): Edges => ({
  inside: [...textsOf(1), ...textsOf(2), ...textsOf(length - 1), ...textsOf(length)],
  outside: ['', ...textsOf(length + 1), ...textsOf(2 * length), ...halvesOf(length), '\ud83d', '\ude00', ...noTexts],
})

const wholeFrom = (min: number, max: number): Edges => ({
  inside: [min, max, min + 1, max - 1],
  outside: [
    ...[min - 1, max + 1, min - 0.5, min + 0.5, max - 0.5, max + 0.5, min - 1e-6, max + 1e-6, -1, -max],
    ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER, 2 ** 32],
    // Numbers go out as numbers: a text that spells one belongs to the mapping.
    ...[String(min), String(max), '', ' ', BigInt(min), true, false, null, [min], { min }],
  ],
})

/** Codes are few enough to name them all. */
const codes = (...inside: number[]): Edges => ({ inside, outside: wholeFrom(0, inside.length - 1).outside })

const ipv4: Edges = {
  inside: ['0.0.0.0', '255.255.255.255', '125.125.125.125', '1.2.3.4', '127.0.0.1'],
  outside: [
    ...['256.0.0.1', '1.2.3.256', '1.2.3', '1.2.3.4.5', '1..2.3', '.1.2.3', '1.2.3.4.', '255.255.255.2550'],
    // Leading zeros are octal to some readers.
    ...['01.2.3.4', '1.2.3.04', '00.0.0.0', '001.002.003.004', '0x7f.0.0.1', '127.1', '2130706433'],
    ...[' 1.2.3.4', '1.2.3.4 ', '1.2.3.4\n', '1.2.3.4%eth0', '1.2.3.4/24', '1.2.3.4:80', '+1.2.3.4', '-1.2.3.4', '١.٢.٣.٤'],
    ...['::1', '::ffff:1.2.3.4', 'localhost', '', 16_909_060, ...noTexts],
  ],
}

const ipv6: Edges = {
  inside: [
    ...['::', '::1', '1::', 'FE80::1', 'fe80::abCD', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8'],
    ...['2001:0db8:85a3:0000:0000:8a2e:0370:7334', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    // The last four bytes may be written as an IPv4 address; the longest address of all has 45 characters so.
    ...['::ffff:1.2.3.4', '::1.2.3.4', '64:ff9b::192.0.2.33', '0000:0000:0000:0000:0000:ffff:255.255.255.255'],
  ],
  outside: [
    ...[
      '1.2.3.4',
      ':',
      ':::',
      '1',
      '2001:db8::g',
      '12345::',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7:8:',
      '1::2::3',
    ],
    ...['::ffff:256.1.1.1', '::ffff:1.2.3', '::ffff:01.2.3.4', '1.2.3.4::', '0000:0000:0000:0000:0000:0ffff:255.255.255.255'],
    // A zone means something on the machine that wrote it only.
    ...['fe80::1%eth0', 'fe80::1%1', '::1%', '[::1]', '[::1]:80', '::1/64', ' ::1', '::1 ', '::1\n', 'localhost', '', ...noTexts],
  ],
}

const values: Readonly<Record<string, Edges>> = {
  eventTimestamp: wholeFrom(946_674_000, 4_294_967_295),
  customUserId: upTo(1024),
  ipv4,
  ipv6,
  idGender: codes(0, 1, 2),
  age: wholeFrom(0, 128),
  connectionType: codes(0, 1, 2),
  bluetoothEnabled: codes(0, 1, 2),
  instanceId: exactly(36),
  adTrackingEnabled: codes(0, 1),
  idfa: exactly(36),
  iosVendorId: exactly(36),
  gaid: exactly(36),
  appSetId: exactly(36),
  androidId: exactly(16),
  lvid: exactly(32),
  adBlocker: codes(0, 1),
  userAgent: upTo(2048),
  customPlatformUserId: {
    inside: [...textsOf(1), ...textsOf(5000)],
    outside: ['', '\ud83d', ...halvesOf(5000), 12_345, ...noTexts],
  },
  vkPlatform: {
    inside: [
      ...['desktop_web', 'mobile_web', 'mobile_android', 'mobile_android_messenger'],
      ...['mobile_ipad', 'mobile_iphone', 'mobile_iphone_messenger'],
    ],
    outside: ['desktop', 'mobile', 'DESKTOP_WEB', 'desktop-web', ' desktop_web', 'desktop_web\n', '', 'constructor', ...noTexts],
  },
  customEventName: upTo(255),
  customEventParams: {
    inside: [{ a: 'b' }, Object.fromEntries(Array.from({ length: 2_000 }, (_, place) => [`n${place}`, 'v']))],
    outside: ['text', '', 0, 1, 1n, true, false, null, [], ['a'], [['a', 'b']]],
  },
}

/** One entry of `customEventParams` each: name and value. */
const entries = {
  inside: [
    ...textsOf(1).map((text) => [text, text] as const),
    ...textsOf(255).flatMap((text) => [[text, 'v'] as const, ['n', text] as const, [text, text] as const]),
    ...['__proto__', 'constructor', 'toString', 'toJSON', 'hasOwnProperty', 'length', '0'].map((name) => [name, name] as const),
  ],
  outside: [
    ['', 'v'] as const,
    ...[...textsOf(256), ...textsOf(510), ...halvesOf(255)].flatMap((text) => [[text, 'v'] as const, ['n', text] as const]),
    ...[0, 1, Number.NaN, 1n, true, false, null, [], ['v'], {}, { n: 'v' }].map((value) => ['n', value] as const),
  ],
}

test('the table of edges has every parameter', () => {
  assert.deepEqual(Object.keys(values), paramNames)
})

const methodsOf = (name: string) => methods.filter((method) => method === 'customEvent' || !name.startsWith('customEvent'))

/** With two identifiers, so that one of them may be the one in question. */
const base = (method: ValidatorOptions['method']): Params => ({
  customUserId: 'u',
  gaid: '0'.repeat(36),
  ...(method === 'customEvent' ? { customEventName: 'n' } : {}),
})

const validate = (options: Pick<ValidatorOptions, 'method' | 'invalidParams'>, params: unknown) =>
  compileValidator({ vkMiniApp: false, ...options })(params as Params)

const label = (value: unknown): string => `${typeof value} ${String(value).slice(0, 20)} of ${String(value).length} units`

for (const name of Object.keys(values)) {
  const { inside, outside } = values[name] ?? { inside: [], outside: [] }
  test(`${name}: the last values inside its rule pass untouched`, () => {
    for (const method of methodsOf(name)) {
      for (const value of inside) {
        const params = { ...base(method), [name]: value }
        for (const invalidParams of ['drop', 'reject'] as const) {
          const validation = validate({ method, invalidParams }, params)
          assert.ok(validation.kind === 'valid' && validation.params === params, `${method}: ${label(value)}`)
          assert.equal(validation.dropped.length, 0)
        }
      }
    }
  })

  test(`${name}: the first values outside its rule are dropped or rejected`, () => {
    for (const method of methodsOf(name)) {
      const required = name === 'eventTimestamp' || name === (method === 'customEvent' ? 'customEventName' : 'customUserId')
      for (const value of outside) {
        const params = { ...base(method), [name]: value }
        const strict = validate({ method, invalidParams: 'reject' }, params)
        const lenient = validate({ method, invalidParams: 'drop' }, params)
        if (required || value !== '') {
          assert.ok(strict.kind === 'reject', `${method}: ${label(value)}`)
          assert.ok(strict.detail.startsWith(`${name}: `) && strict.detail.length < 300, strict.detail)
        } else assert.deepEqual(strict, lenient)
        if (required) {
          assert.deepEqual(lenient, strict)
          continue
        }
        const { [name]: _, ...rest } = params as Record<string, unknown>
        assert.deepEqual(lenient, { kind: 'valid', params: rest, dropped: [name] }, `${method}: ${label(value)}`)
        assert.equal((params as Record<string, unknown>)[name], value, 'the input is not changed')
      }
    }
  })
}

/** Built so that an entry called `__proto__` is one. */
const eventWith = (pairs: readonly (readonly [string, unknown])[]) => {
  const customEventParams = Object.defineProperties(
    {},
    Object.fromEntries(pairs.map(([name, value]) => [name, { value, enumerable: true }])),
  )
  return { ...base('customEvent'), customEventParams }
}

test('an entry of customEventParams passes up to its edges', () => {
  for (const entry of entries.inside) {
    const params = eventWith([entry])
    for (const invalidParams of ['drop', 'reject'] as const) {
      const validation = validate({ method: 'customEvent', invalidParams }, params)
      assert.ok(validation.kind === 'valid' && validation.params === params, entry.map(label).join(', '))
    }
  }
})

test('an entry of customEventParams beyond its edges is dropped alone or rejects', () => {
  for (const entry of entries.outside) {
    const params = eventWith([['good', 'v'], entry])
    const strict = validate({ method: 'customEvent', invalidParams: 'reject' }, params)
    assert.ok(strict.kind === 'reject' && strict.detail.startsWith('customEventParams.'), entry.map(label).join(', '))
    const lenient = validate({ method: 'customEvent', invalidParams: 'drop' }, params)
    assert.ok(lenient.kind === 'valid', entry.map(label).join(', '))
    assert.deepEqual({ ...(lenient.params.customEventParams as object) }, { good: 'v' })
    assert.equal(lenient.dropped.length, 1)
  }
})
