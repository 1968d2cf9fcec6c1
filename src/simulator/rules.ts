import { isIPv4, isIPv6 } from 'node:net'

/**
 * The rules of the tracker's documentation over raw JSON, written a second time on purpose: the sink has its own table, and a
 * mistake in one of them shows as a 400 here instead of hiding in both. Nothing in this folder imports the sink's.
 */

export const apiMethods = ['registration', 'registrationBatch', 'login', 'loginBatch', 'customEvent', 'customEventBatch'] as const
export type ApiMethod = (typeof apiMethods)[number]

/** Two more that the vendor's own client calls: they carry no events. */
const probeMethods = ['version', 'test-app-access'] as const

/** Everything that can stand in the place of METHOD in a path. */
export const callNames = [...apiMethods, ...probeMethods] as const

/** Parameters of one event as they arrived. */
export type Params = Readonly<Record<string, unknown>>

/**
 * "Limit on the maximum size of imported data: 10Kb". Read as the larger of the two usual units, so that this stand-in never
 * refuses what the tracker may take; the sink itself stays at 10,000.
 */
export const bodyBytesMax = 10_240

const batchEventsMax = 20

interface Rule {
  readonly holds: (value: unknown) => boolean
  /** Completes the sentence "NAME must be ...". */
  readonly says: string
}

/** Characters are code points, not UTF-16 units: an emoji is one. */
function characters(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

function isLongerThan(text: string, max: number): boolean {
  // There are never more code points than UTF-16 units, so most texts need no counting.
  return text.length > max && characters(text) > max
}

function text(min: number, max: number): Rule {
  return {
    holds: (value) => typeof value === 'string' && value.length >= min && !isLongerThan(value, max),
    says: `a string of ${min}..${max} characters`,
  }
}

function exactText(length: number): Rule {
  return {
    holds: (value) => typeof value === 'string' && characters(value) === length,
    says: `a string of exactly ${length} characters`,
  }
}

/** The documentation's examples write numbers as strings, its PHP client sends JSON numbers: both are right. */
function whole(min: number, max: number): Rule {
  return {
    holds: (value) => {
      const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
      return typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max
    },
    says: `a whole number from ${min} to ${max}`,
  }
}

function oneOf(...allowed: string[]): Rule {
  return { holds: (value) => typeof value === 'string' && allowed.includes(value), says: `one of ${allowed.join(', ')}` }
}

const ipv4: Rule = {
  holds: (value) => typeof value === 'string' && value.length <= 15 && isIPv4(value),
  says: 'an IPv4 address of at most 15 characters',
}

const ipv6: Rule = {
  // Node takes a zone ("fe80::1%eth0") for a part of the address; to a tracker it means nothing.
  holds: (value) => typeof value === 'string' && value.length <= 45 && isIPv6(value) && !value.includes('%'),
  says: 'an IPv6 address of at most 45 characters',
}

const name255 = text(1, 255)

const eventParams: Rule = {
  holds: (value) =>
    isObject(value) && Object.entries(value).every(([name, entry]) => name255.holds(name) && name255.holds(entry)),
  says: 'an object of strings, each name and each value of 1..255 characters',
}

const commonRules: readonly (readonly [string, Rule])[] = [
  ['eventTimestamp', whole(946_674_000, 4_294_967_295)],
  ['customUserId', text(0, 1024)],
  ['ipv4', ipv4],
  ['ipv6', ipv6],
  ['idGender', whole(0, 2)],
  ['age', whole(0, 128)],
  ['connectionType', whole(0, 2)],
  ['bluetoothEnabled', whole(0, 2)],
  ['instanceId', exactText(36)],
  ['adTrackingEnabled', whole(0, 1)],
  ['idfa', exactText(36)],
  ['iosVendorId', exactText(36)],
  ['gaid', exactText(36)],
  ['appSetId', exactText(36)],
  ['androidId', exactText(16)],
  ['lvid', exactText(32)],
  ['adBlocker', whole(0, 1)],
  ['userAgent', text(0, 2048)],
  ['customPlatformUserId', { holds: (value) => typeof value === 'string', says: 'a string' }],
  [
    'vkPlatform',
    oneOf(
      'desktop_web',
      'mobile_web',
      'mobile_android',
      'mobile_android_messenger',
      'mobile_ipad',
      'mobile_iphone',
      'mobile_iphone_messenger',
    ),
  ],
]

const userRules = new Map(commonRules)
const customEventRules = new Map([
  ...commonRules,
  ['customEventName', name255] as const,
  ['customEventParams', eventParams] as const,
])

const identifiers = ['customUserId', 'instanceId', 'lvid', 'gaid', 'androidId', 'appSetId', 'idfa', 'iosVendorId']

const customParamPrefix = 'customEventParams.'

/** Whether `name` is a parameter with a single value: any but customEventParams, or one of those as `customEventParams.NAME`. */
export function isSingleParameter(name: string): boolean {
  if (name.startsWith(customParamPrefix)) return name.length > customParamPrefix.length
  return name !== 'customEventParams' && customEventRules.has(name)
}

/** The value of such a parameter as the event has it; undefined where it has none. */
export function singleParameter(event: unknown, name: string): unknown {
  if (!name.startsWith(customParamPrefix)) return own(event, name)
  return own(own(event, 'customEventParams'), name.slice(customParamPrefix.length))
}

function own(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

export function isApiMethod(name: string): name is ApiMethod {
  return (apiMethods as readonly string[]).includes(name)
}

/** The events of a body: its elements, or the body itself. Undefined where it is neither an object nor an array. */
export function eventsOf(body: unknown): readonly unknown[] | undefined {
  if (Array.isArray(body)) return body
  return isObject(body) ? [body] : undefined
}

/**
 * The first rule that `body` breaks for `method`, as a sentence without any value of the body; undefined where it keeps them all.
 * One broken event refuses its whole batch.
 */
export function brokenRule(method: ApiMethod, body: unknown, app: { vkMiniApp?: boolean } = {}): string | undefined {
  const isBatch = method.endsWith('Batch')
  if (isBatch !== Array.isArray(body)) return isBatch ? 'the body must be an array' : 'the body must be an object'
  const events = Array.isArray(body) ? body : [body]
  if (events.length === 0 || events.length > batchEventsMax) return `the array must hold 1..${batchEventsMax} events`
  const isCustom = method === 'customEvent' || method === 'customEventBatch'
  for (const [place, event] of events.entries()) {
    const broken = isObject(event) ? brokenEvent(event, isCustom, app.vkMiniApp === true) : 'an event must be an object'
    if (broken !== undefined) return isBatch ? `event ${place}: ${broken}` : broken
  }
  return undefined
}

function brokenEvent(event: Params, isCustom: boolean, isVk: boolean): string | undefined {
  const rules = isCustom ? customEventRules : userRules
  for (const name in event) {
    const rule = rules.get(name)
    // The documentation lists the parameters and says nothing of others. Letting them pass would hide a misspelt name.
    if (rule === undefined) return 'a parameter that this method does not have'
    if (!rule.holds(event[name])) return `${name} must be ${rule.says}`
  }
  return missingParameter(event, isCustom, isVk)
}

function missingParameter(event: Params, isCustom: boolean, isVk: boolean): string | undefined {
  if (isCustom) {
    if (!isGiven(event, 'customEventName')) return 'customEventName is required'
    if (!identifiers.some((name) => isGiven(event, name))) return `one of ${identifiers.join(', ')} is required`
  } else if (!isGiven(event, 'customUserId')) return 'customUserId is required'
  if (isVk && !(isGiven(event, 'customPlatformUserId') && isGiven(event, 'vkPlatform'))) {
    return 'customPlatformUserId and vkPlatform are required for VK Mini Apps'
  }
  return undefined
}

function isGiven(event: Params, name: string): boolean {
  return Object.hasOwn(event, name) && event[name] !== ''
}

function isObject(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
