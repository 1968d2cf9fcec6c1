import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApiMethod } from '../../src/simulator/rules.ts'
import { apiMethods, brokenRule, eventsOf } from '../../src/simulator/rules.ts'

const letters = (count: number): string => 'x'.repeat(count)
// Two UTF-16 units and four bytes, but one character.
const emoji = (count: number): string => '🦊'.repeat(count)
// One character to a reader, two by the rules.
const accented = (count: number): string => 'e\u0301'.repeat(count >> 1) + letters(count % 2)
const texts = (count: number): string[] => [letters(count), emoji(count), accented(count), letters(count - 1) + emoji(1)]
const noTexts: readonly unknown[] = [0, 36, true, false, null, [], ['x'], {}]

interface Edges {
  readonly inside: readonly unknown[]
  readonly outside: readonly unknown[]
}

const upTo = (max: number): Edges => ({
  inside: [...texts(1), ...texts(max)],
  outside: [...texts(max + 1), ...noTexts],
})

const exactly = (length: number): Edges => ({
  inside: texts(length),
  outside: ['', ...texts(length - 1), ...texts(length + 1), emoji(length / 2), ...noTexts],
})

/** As JSON numbers and as texts, which the documentation shows both. */
const wholeFrom = (min: number, max: number): Edges => ({
  inside: [min, max, min + 1, String(min), String(max)],
  outside: [
    ...[min - 1, max + 1, -1, min + 0.5, max - 0.5, 1e300, true, false, null, [], [min], {}],
    ...[min - 1, max + 1, -1, min + 0.5].map(String),
    ...['', ' ', ` ${min}`, `${max} `, `${min}.0`, `+${max}`, '1e9', '0x1', 'NaN', 'male'],
  ],
})

/** Per parameter: the last values inside its rule and the first ones outside. */
const edges: readonly (Edges & { readonly name: string })[] = [
  { name: 'eventTimestamp', ...wholeFrom(946_674_000, 4_294_967_295) },
  { name: 'customUserId', ...upTo(1024) },
  {
    name: 'ipv4',
    inside: ['0.0.0.0', '255.255.255.255', '125.125.125.125'],
    outside: [
      ...['256.1.1.1', '1.2.3', '1.2.3.4.5', '1..2.3', '1.2.3.4.', '01.2.3.4', '001.002.003.004', '0x7f.0.0.1', '127.1'],
      ...[
        '',
        ' 1.2.3.4',
        '1.2.3.4\n',
        '1.2.3.4%eth0',
        '1.2.3.4/24',
        '::1',
        '::ffff:1.2.3.4',
        'localhost',
        16_909_060,
        ...noTexts,
      ],
    ],
  },
  {
    name: 'ipv6',
    inside: [
      ...['::', '::1', 'FE80::1', '2001:0db8:85a3:0000:0000:8a2e:0370:7334', '1:2:3:4:5:6:7:8', '::ffff:1.2.3.4', '::1.2.3.4'],
      '0000:0000:0000:0000:0000:ffff:255.255.255.255',
    ],
    outside: [
      ...['1.2.3.4', '2001:0db8', ':::', '1::2::3', '12345::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', 'g::1'],
      ...['::ffff:256.1.1.1', '::ffff:01.2.3.4', '0000:0000:0000:0000:0000:0ffff:255.255.255.255'],
      ...['fe80::1%eth0', 'fe80::1%1', '::1%', '[::1]', '::1/64', ' ::1', '::1\n', '', ...noTexts],
    ],
  },
  { name: 'idGender', ...wholeFrom(0, 2) },
  { name: 'age', ...wholeFrom(0, 128) },
  { name: 'connectionType', ...wholeFrom(0, 2) },
  { name: 'bluetoothEnabled', ...wholeFrom(0, 2) },
  { name: 'adTrackingEnabled', ...wholeFrom(0, 1) },
  { name: 'adBlocker', ...wholeFrom(0, 1) },
  ...['instanceId', 'idfa', 'iosVendorId', 'gaid', 'appSetId'].map((name) => ({ name, ...exactly(36) })),
  { name: 'androidId', ...exactly(16) },
  { name: 'lvid', ...exactly(32) },
  { name: 'userAgent', inside: ['', ...upTo(2048).inside], outside: upTo(2048).outside },
  { name: 'customPlatformUserId', inside: ['12345', letters(5000)], outside: [12345, ...noTexts] },
  {
    name: 'vkPlatform',
    inside: [
      ...['desktop_web', 'mobile_web', 'mobile_android', 'mobile_android_messenger'],
      ...['mobile_ipad', 'mobile_iphone', 'mobile_iphone_messenger'],
    ],
    outside: ['', 'desktop', 'mobile', 'DESKTOP_WEB', 'desktop_web ', 'constructor', 1, ...noTexts],
  },
]

const customEdges: typeof edges = [
  { name: 'customEventName', inside: upTo(255).inside, outside: ['', ...upTo(255).outside] },
  {
    name: 'customEventParams',
    inside: [
      {},
      ...texts(1).map((text) => ({ [text]: text })),
      ...texts(255).flatMap((text) => [{ [text]: 'v' }, { n: text }, { [text]: text }]),
      JSON.parse('{"__proto__":"v","constructor":"v","toString":"v"}'),
      Object.fromEntries(Array.from({ length: 300 }, (_, place) => [`name${place}`, 'v'])),
    ],
    outside: [
      ...texts(256).flatMap((text) => [{ [text]: 'v' }, { n: text }, { good: 'v', n: text }]),
      ...['', 1, true, null, [], ['v'], {}, { n: 'v' }].map((value) => ({ n: value })),
      ...[{ '': 'v' }, JSON.parse('{"__proto__":1}'), [], ['v'], 'v', '', 0, true, null],
    ],
  },
]

const valid: Record<ApiMethod, object> = {
  registration: { customUserId: '1' },
  registrationBatch: [{ customUserId: '1' }],
  login: { customUserId: '1' },
  loginBatch: [{ customUserId: '1' }],
  customEvent: { customUserId: '1', customEventName: 'levelUp' },
  customEventBatch: [{ customUserId: '1', customEventName: 'levelUp' }],
}

/** The smallest valid body of `method` with `change` put over its only event. */
function body(method: ApiMethod, change: object): unknown {
  const base = valid[method]
  return Array.isArray(base) ? [{ ...base[0], ...change }] : { ...base, ...change }
}

describe('the rules of each parameter', () => {
  for (const method of apiMethods) {
    const rows = method.startsWith('customEvent') ? [...edges, ...customEdges] : edges
    for (const { name, inside, outside } of rows) {
      it(`${method}: ${name} is accepted up to its edges and refused beyond them`, () => {
        for (const value of inside)
          assert.equal(brokenRule(method, body(method, { [name]: value })), undefined, JSON.stringify(value))
        for (const value of outside) {
          assert.match(
            brokenRule(method, body(method, { [name]: value })) ?? 'accepted',
            new RegExp(`${name} must be `),
            JSON.stringify(value),
          )
        }
      })
    }
  }

  it('refuses parameters that the method does not have, inherited names among them', () => {
    for (const name of ['customEventName', 'customEventParams', 'idgender', 'constructor', 'toString']) {
      assert.match(brokenRule('registration', { customUserId: '1', [name]: 'x' }) ?? '', /does not have/, name)
    }
    assert.match(brokenRule('login', JSON.parse('{"customUserId":"1","__proto__":"x"}')) ?? '', /does not have/)
  })

  it('never repeats a value or an unknown name, since both are somebody else’s data', () => {
    assert.doesNotMatch(brokenRule('login', { customUserId: '1', age: 'secret' }) ?? '', /secret/)
    assert.doesNotMatch(brokenRule('login', { customUserId: '1', secret: 'x' }) ?? '', /secret/)
  })
})

describe('what is required', () => {
  it('is a customUserId for registration and login, not empty', () => {
    for (const method of ['registration', 'login'] as const) {
      for (const event of [{}, { customUserId: '' }, { lvid: letters(32) }]) {
        assert.equal(brokenRule(method, event), 'customUserId is required')
        assert.equal(brokenRule(`${method}Batch`, [event]), 'event 0: customUserId is required')
      }
    }
  })

  it('is a name and any one identifier for a custom event', () => {
    const identifiers = {
      customUserId: '1',
      instanceId: letters(36),
      lvid: letters(32),
      gaid: letters(36),
      androidId: letters(16),
      appSetId: letters(36),
      idfa: letters(36),
      iosVendorId: letters(36),
    }
    for (const [name, value] of Object.entries(identifiers)) {
      assert.equal(brokenRule('customEvent', { customEventName: 'n', [name]: value }), undefined, name)
    }
    assert.equal(brokenRule('customEvent', { customEventName: 'n', customUserId: '', lvid: letters(32) }), undefined)
    assert.match(brokenRule('customEvent', { customEventName: 'n' }) ?? '', /one of customUserId/)
    assert.match(brokenRule('customEvent', { customEventName: 'n', customUserId: '' }) ?? '', /one of customUserId/)
    assert.match(brokenRule('customEvent', { customEventName: 'n', ipv4: '1.2.3.4' }) ?? '', /one of customUserId/)
    assert.equal(brokenRule('customEvent', { customUserId: '1' }), 'customEventName is required')
  })

  it('is the VK platform and user as well for a VK mini app', () => {
    const vk = { vkMiniApp: true }
    const full = { customUserId: '1', customPlatformUserId: '2', vkPlatform: 'mobile_web' }
    assert.equal(brokenRule('login', full, vk), undefined)
    assert.match(brokenRule('login', { ...full, customPlatformUserId: '' }, vk) ?? '', /VK Mini Apps/)
    assert.match(brokenRule('login', { customUserId: '1', customPlatformUserId: '2' }, vk) ?? '', /VK Mini Apps/)
    assert.equal(brokenRule('login', { customUserId: '1' }), undefined)
  })
})

describe('the shape of a body', () => {
  it('is an object for single methods and an array for batches', () => {
    for (const method of apiMethods) {
      assert.equal(brokenRule(method, body(method, {})), undefined, method)
      const other = method.endsWith('Batch') ? body(method.slice(0, -5) as ApiMethod, {}) : [body(method, {})]
      assert.match(brokenRule(method, other) ?? 'accepted', /the body must be/, method)
    }
    for (const wrong of [null, 'text', 5, true]) assert.equal(brokenRule('login', wrong), 'an event must be an object')
  })

  it('is 1..20 events in a batch', () => {
    const events = (count: number): object[] => Array.from({ length: count }, () => ({ customUserId: '1' }))
    assert.equal(brokenRule('loginBatch', events(1)), undefined)
    assert.equal(brokenRule('loginBatch', events(20)), undefined)
    for (const count of [0, 21]) assert.match(brokenRule('loginBatch', events(count)) ?? 'accepted', /1\.\.20/)
  })

  it('is refused whole for one broken event, with its place', () => {
    const events = [{ customUserId: '1' }, { customUserId: '2', age: 129 }]
    assert.equal(brokenRule('loginBatch', events), 'event 1: age must be a whole number from 0 to 128')
    for (const wrong of [null, 'text', []]) assert.equal(brokenRule('loginBatch', [wrong]), 'event 0: an event must be an object')
  })

  it('shows its events whatever its form', () => {
    assert.deepEqual(eventsOf({ a: 1 }), [{ a: 1 }])
    assert.deepEqual(eventsOf([1, 2]), [1, 2])
    assert.equal(eventsOf('text'), undefined)
    assert.equal(eventsOf(null), undefined)
  })
})
