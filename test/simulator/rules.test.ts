import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApiMethod } from '../../src/simulator/rules.ts'
import { apiMethods, brokenRule, eventsOf } from '../../src/simulator/rules.ts'

const letters = (count: number): string => 'x'.repeat(count)
// Two UTF-16 units and four bytes, but one character.
const emoji = (count: number): string => '🦊'.repeat(count)

/** Per parameter: the last values inside its rule and the first ones outside. */
const edges: readonly { name: string; inside: readonly unknown[]; outside: readonly unknown[] }[] = [
  {
    name: 'eventTimestamp',
    inside: [946674000, 4294967295, '946674000', '4294967295'],
    outside: [
      946673999,
      4294967296,
      '946673999',
      '4294967296',
      1580213208.5,
      '1580213208.0',
      '',
      null,
      true,
      '1e9',
      ' 1580213208',
      -1,
    ],
  },
  { name: 'customUserId', inside: ['1', letters(1024), emoji(1024)], outside: [letters(1025), emoji(1025), 1, null, [], {}] },
  {
    name: 'ipv4',
    inside: ['0.0.0.0', '255.255.255.255'],
    outside: ['256.1.1.1', '1.2.3', '1.2.3.4.5', '', '::1', 'localhost', 16909060],
  },
  {
    name: 'ipv6',
    inside: ['::', '2001:0db8:85a3:0000:0000:8a2e:0370:7334', '0000:0000:0000:0000:0000:ffff:255.255.255.255'],
    outside: ['1.2.3.4', '2001:0db8', '', 'fe80::1%eth0', 'g::1'],
  },
  { name: 'idGender', inside: [0, 1, 2, '0', '1', '2'], outside: [3, -1, '3', '-1', 1.5, '', 'male', null, true] },
  { name: 'age', inside: [0, 128, '0', '128'], outside: [129, -1, '129', '-1', 25.5, '25.5', '', null] },
  { name: 'connectionType', inside: [0, 2, '0', '2'], outside: [3, -1, '3', ''] },
  { name: 'bluetoothEnabled', inside: [0, 2, '0', '2'], outside: [3, -1, '3', false] },
  { name: 'adTrackingEnabled', inside: [0, 1, '0', '1'], outside: [2, -1, '2', true] },
  { name: 'adBlocker', inside: [0, 1, '0', '1'], outside: [2, -1, '2', true] },
  ...['instanceId', 'idfa', 'iosVendorId', 'gaid', 'appSetId'].map((name) => ({
    name,
    inside: [letters(36), emoji(36), '00000000-0000-0000-0000-000000000000'],
    outside: [letters(35), letters(37), emoji(18), '', 36, null],
  })),
  { name: 'androidId', inside: [letters(16), emoji(16)], outside: [letters(15), letters(17), emoji(8), ''] },
  { name: 'lvid', inside: [letters(32)], outside: [letters(31), letters(33), emoji(16), 0] },
  { name: 'userAgent', inside: ['', letters(2048), emoji(2048)], outside: [letters(2049), emoji(2049), 5] },
  { name: 'customPlatformUserId', inside: ['12345', letters(5000)], outside: [12345, null] },
  {
    name: 'vkPlatform',
    inside: [
      'desktop_web',
      'mobile_web',
      'mobile_android',
      'mobile_android_messenger',
      'mobile_ipad',
      'mobile_iphone',
      'mobile_iphone_messenger',
    ],
    outside: ['', 'desktop', 'DESKTOP_WEB', 'desktop_web ', 1],
  },
]

const customEdges: typeof edges = [
  { name: 'customEventName', inside: ['n', letters(255), emoji(255)], outside: ['', letters(256), emoji(256), 5, null] },
  {
    name: 'customEventParams',
    inside: [
      {},
      { n: 'v' },
      { [letters(255)]: emoji(255), [emoji(255)]: letters(255) },
      Object.fromEntries(Array.from({ length: 300 }, (_, place) => [`name${place}`, 'v'])),
    ],
    outside: [
      { '': 'v' },
      { n: '' },
      { [letters(256)]: 'v' },
      { n: letters(256) },
      { n: emoji(256) },
      { n: 1 },
      { n: null },
      [],
      'v',
      null,
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
