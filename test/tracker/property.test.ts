/** Our validation against the stand-in's, which was written apart from it: they may differ in strictness, in one direction only. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Route } from '../../src/core/hit.ts'
import { methods } from '../../src/core/hit.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { judge } from '../../src/simulator/verdict.ts'
import { createTrackerClient } from '../../src/tracker/client.ts'
import { bodyOf, pathOf, serialiseHit } from '../../src/tracker/request.ts'
import type { Params, ValidatorOptions } from '../../src/tracker/validate.ts'
import { compileValidator } from '../../src/tracker/validate.ts'

const parameters = [
  ...['eventTimestamp', 'customUserId', 'ipv4', 'ipv6', 'idGender', 'age', 'connectionType', 'bluetoothEnabled'],
  ...['instanceId', 'adTrackingEnabled', 'idfa', 'iosVendorId', 'gaid', 'appSetId', 'androidId', 'lvid', 'adBlocker'],
  ...['userAgent', 'customPlatformUserId', 'vkPlatform', 'customEventName', 'customEventParams'],
]

/** Names that objects have already, and names that look like a parameter's. */
const strangeNames = [
  '__proto__',
  'constructor',
  'toString',
  'toJSON',
  'hasOwnProperty',
  '',
  '0',
  'customuserid',
  'customUserId ',
]

const lengths = [0, 1, 2, 15, 16, 17, 31, 32, 33, 35, 36, 37, 45, 46, 254, 255, 256, 510, 1023, 1024, 1025, 2047, 2048, 2049]
const letters = ['0', 'x', 'ж', '漢', '😀', 'e\u0301', '👩\u200d👧', '"', '\u0000', '\ud83d', '\ude00', '\ufeff']

/** Near some limit, in code points or in UTF-16 units, of one letter with another at its end. */
const edgyText = fc
  .tuple(fc.constantFrom(...lengths), fc.constantFrom(...letters), fc.constantFrom('', ...letters), fc.boolean())
  .map(([length, letter, last, inUnits]) => {
    const unit = inUnits ? letter.length : [...letter].length
    const rest = inUnits ? last.length : [...last].length
    return letter.repeat(Math.max(0, Math.floor((length - rest) / unit))) + last
  })

const deviceText = fc
  .tuple(fc.constantFrom(15, 16, 16, 17, 31, 32, 32, 33, 35, 36, 36, 36, 37), fc.constantFrom('0', '😀', '\ud83d'))
  .map(([length, letter]) => letter.repeat(length))

const digits = ['0', '1', '2', '3', '128', '129', '946674000', '4294967295', '1.0', '1e9', ' 1', '-1', '٣']
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV4Extended(),
  fc.ipV6(),
  fc.ipV6().map((text) => `${text}%eth0`),
  fc.constantFrom('01.2.3.4', '::ffff:1.2.3.4', '0000:0000:0000:0000:0000:ffff:255.255.255.255', '1::2::3'),
)
const text = fc.oneof(
  { weight: 4, arbitrary: edgyText },
  {
    weight: 2,
    arbitrary: fc.constantFrom('mobile_web', 'desktop_web', 'mobile', '0'.repeat(36), '0'.repeat(32), '0'.repeat(16)),
  },
  { weight: 1, arbitrary: address },
  { weight: 1, arbitrary: fc.constantFrom(...digits) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
)
const edgyNumbers = [-1, 0, 1, 2, 3, 128, 129, 946_673_999, 946_674_000, 4_294_967_295, 4_294_967_296, 0.5, -0, 1e21, 2 ** 53]
const number = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...edgyNumbers, Number.NaN, Number.POSITIVE_INFINITY) },
  { weight: 2, arbitrary: fc.integer({ min: 946_674_000, max: 4_294_967_295 }) },
  { weight: 1, arbitrary: fc.double() },
)
const name = fc.oneof(fc.constantFrom(...parameters), fc.constantFrom(...strangeNames), text)
const map = fc.array(fc.tuple(name, fc.oneof(text, text, number, fc.constant(null))), { maxLength: 6 }).map(ownEntries)
const value = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 4, arbitrary: number },
  { weight: 2, arbitrary: map },
  { weight: 1, arbitrary: fc.constantFrom(undefined, null, true, false, [], ['x'], {}, { n: { n: 'v' } }, [{ n: 'v' }]) },
  { weight: 1, arbitrary: fc.jsonValue() },
)

/** As JSON.parse makes them: whatever a name says, it is an own property. */
function ownEntries(pairs: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const object = {}
  for (const [key, each] of pairs)
    Object.defineProperty(object, key, { value: each, enumerable: true, configurable: true, writable: true })
  return object
}

/** Sound values, over which wild ones are laid: else hardly any object would come through. */
const sound = fc.record(
  {
    customUserId: fc.constantFrom('u', 'ж'.repeat(1024)),
    customEventName: fc.constant('n'),
    customPlatformUserId: fc.constant('1'),
    vkPlatform: fc.constant('mobile_web'),
    gaid: fc.constant('0'.repeat(36)),
    eventTimestamp: fc.constant(1_580_213_208),
  },
  { requiredKeys: [] },
)
/** A parameter with a value of its own kind, near its edges. */
const near = fc.oneof(
  fc.tuple(fc.constantFrom(...parameters.filter((each) => each.startsWith('custom') || each === 'userAgent')), edgyText),
  fc.tuple(fc.constantFrom('instanceId', 'idfa', 'iosVendorId', 'gaid', 'appSetId', 'androidId', 'lvid'), deviceText),
  fc.tuple(fc.constantFrom('ipv4', 'ipv6'), address),
  fc.tuple(fc.constantFrom('idGender', 'age', 'connectionType', 'bluetoothEnabled', 'adBlocker', 'eventTimestamp'), number),
  fc.tuple(fc.constant('customEventParams'), map),
)
const wild = fc.array(fc.oneof(fc.tuple(name, value), near, near), { maxLength: 4 }).map(ownEntries)
const params = fc.tuple(sound, wild).map(([below, above]) => ownEntries([...Object.entries(below), ...Object.entries(above)]))

const options: fc.Arbitrary<ValidatorOptions> = fc.record({
  method: fc.constantFrom(...methods),
  vkMiniApp: fc.boolean(),
  invalidParams: fc.constantFrom('drop', 'reject'),
})

const idAppOf = (vkMiniApp: boolean): number => (vkMiniApp ? 2 : 1)
const apps = [false, true].map((vkMiniApp) => ({ idApp: String(idAppOf(vkMiniApp)), token: 't', vkMiniApp }))
const knownApps = new Map(apps.map((app) => [app.idApp, app]))

const judgement = ({ method, vkMiniApp }: ValidatorOptions, body: string): string => {
  const target = pathOf(method, 1, idAppOf(vkMiniApp))
  const { outcome } = judge({ verb: 'POST', target, token: 't', body: Buffer.from(body) }, knownApps)
  return outcome.kind === 'refused' ? outcome.why : outcome.kind
}

/** Too large for any request: not what these rules are about. */
const tooLarge = 'the body must be at most 10240 bytes'

test('what our validation lets through, the stand-in accepts; what the stand-in refuses is never let through as it is', () => {
  const seen = { untouched: 0, mended: 0, rejected: 0, refused: 0 }
  fc.assert(
    fc.property(options, params, (chosen, wildParams) => {
      const validation = compileValidator(chosen)(wildParams as Params)
      const raw = judgement(chosen, JSON.stringify(wildParams))
      if (raw !== 'accepted') seen.refused++
      if (validation.kind === 'reject') {
        seen.rejected++
        return
      }
      const { json } = serialiseHit({ app: 'shop', method: chosen.method }, validation.params)
      if (Buffer.byteLength(json) <= 10_000) assert.equal(judgement(chosen, json), 'accepted')
      if (validation.params === wildParams) {
        seen.untouched++
        assert.ok(raw === 'accepted' || raw === tooLarge, raw)
      } else seen.mended++
      // What was let through once has nothing left to mend.
      const again = compileValidator({ ...chosen, invalidParams: 'reject' })(validation.params)
      assert.ok(again.kind === 'valid' && again.params === validation.params)
      // And is what it was made from, less what was dropped.
      for (const key of Object.keys(validation.params)) {
        if (key !== 'customEventParams') assert.equal(validation.params[key], wildParams[key])
      }
    }),
    { numRuns: 2_500, seed: 20_260_102 },
  )
  // A generator that stopped making one of these would prove nothing any more.
  for (const [kind, times] of Object.entries(seen)) assert.ok(times > 100, `${kind}: ${times}`)
})

test('and so it is over HTTP, alone and in batches', async (context) => {
  const simulator = await startSimulator({ journal: 'hits', apps })
  context.after(() => simulator.stop())
  const known = [false, true].map((vkMiniApp) => ({ name: String(vkMiniApp), idApp: idAppOf(vkMiniApp), token: () => 't' }))
  const client = createTrackerClient({ endpoint: simulator.url, timeoutMs: 10_000, connections: 1, apps: known })
  context.after(() => client.destroy())
  let sent = 0
  await fc.assert(
    fc.asyncProperty(options, fc.array(params, { minLength: 1, maxLength: 4 }), async (chosen, list) => {
      const route: Route = { app: String(chosen.vkMiniApp), method: chosen.method }
      const validate = compileValidator(chosen)
      const hits = list.flatMap((each) => {
        const validation = validate(each as Params)
        return validation.kind === 'valid' ? [serialiseHit(route, validation.params)] : []
      })
      if (hits.length === 0 || Buffer.byteLength(bodyOf(hits)) > 10_000) return
      sent++
      assert.deepEqual(await client.send(route, hits), { kind: 'delivered' })
      const arrived = simulator.journal.hits.slice(-hits.length).map((hit) => hit.params)
      assert.deepEqual(
        arrived,
        hits.map(({ json }) => JSON.parse(json)),
      )
      simulator.journal.reset()
    }),
    { numRuns: 500, seed: 20_260_102 },
  )
  assert.ok(sent > 200, String(sent))
})
