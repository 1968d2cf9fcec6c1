/**
 * The tracker's S2S API "Import events" as data: what its documentation says, and nothing else.
 * Validation, canonical schemas and the reference page are read off these tables; the stand-in tracker is not, so that one mistake cannot hide in both.
 */
import type { Method } from '../core/hit.ts'

/** For which apps the documentation lists a parameter. Only `vkMiniApp` changes a rule: its parameters are required there. */
export type Platform = 'common' | 'mobile' | 'ios' | 'android' | 'web' | 'vkMiniApp' | 'customEvent'

interface Described {
  readonly platform: Platform
  /** One line for schemas, help and messages. */
  readonly doc: string
  /** Where the rule stands in the tracker's documentation. */
  readonly source: string
}

/** A whole number from `min` to `max`. */
export interface NumberSpec extends Described {
  readonly kind: 'number'
  readonly min: number
  readonly max: number
  /** Names of the values where they are codes, in their order from `min`. */
  readonly codes?: readonly string[]
  /** What the tracker assumes where the parameter is absent. */
  readonly default?: number
}

/** A text. Lengths are Unicode code points; a bound that is absent is not documented. */
export interface TextSpec extends Described {
  readonly kind: 'text'
  readonly minLength?: number
  readonly maxLength?: number
  readonly format?: 'ipv4' | 'ipv6'
  readonly oneOf?: readonly string[]
}

/** A map from text to text; any number of entries, each name and each value of `minLength` to `maxLength` code points. */
export interface EntriesSpec extends Described {
  readonly kind: 'entries'
  readonly minLength: number
  readonly maxLength: number
}

export type ParamSpec = NumberSpec | TextSpec | EntriesSpec

const common = { platform: 'common', source: 'Parameters, Common' } as const
const mobile = { platform: 'mobile', source: 'Parameters, For mobile platform' } as const
const ios = { platform: 'ios', source: 'Parameters, For mobile platform, iOS' } as const
const android = { platform: 'android', source: 'Parameters, For mobile platform, Android' } as const
const web = { platform: 'web', source: 'Parameters, For Web platform' } as const
const vk = { platform: 'vkMiniApp', source: 'Parameters, For VK Mini Apps' } as const
const custom = { platform: 'customEvent', source: 'customEvent, Specific parameters' } as const

export const vkPlatforms = [
  'desktop_web',
  'mobile_web',
  'mobile_android',
  'mobile_android_messenger',
  'mobile_ipad',
  'mobile_iphone',
  'mobile_iphone_messenger',
] as const

/** Every parameter of every method, in the order of the documentation. */
const parameters = {
  eventTimestamp: {
    ...common,
    kind: 'number',
    min: 946_674_000,
    max: 4_294_967_295,
    doc: 'Event time, Unix seconds. Absent: the time of receipt.',
  },
  customUserId: { ...common, kind: 'text', maxLength: 1024, doc: 'User identifier in your app.' },
  ipv4: { ...common, kind: 'text', maxLength: 15, format: 'ipv4', doc: 'IPv4 address.' },
  ipv6: { ...common, kind: 'text', maxLength: 45, format: 'ipv6', doc: 'IPv6 address.' },
  idGender: { ...common, kind: 'number', min: 0, max: 2, codes: ['unknown', 'man', 'woman'], doc: 'Gender.' },
  age: { ...common, kind: 'number', min: 0, max: 128, doc: 'Age.' },
  connectionType: {
    ...common,
    kind: 'number',
    min: 0,
    max: 2,
    codes: ['unknown', 'mobile', 'wi-fi'],
    default: 0,
    doc: 'Connection type.',
  },
  bluetoothEnabled: {
    ...common,
    source: `${common.source}; its codes: the vendor's PHP client`,
    kind: 'number',
    min: 0,
    max: 2,
    codes: ['unknown', 'enabled', 'disabled'],
    default: 0,
    doc: 'Bluetooth.',
  },
  instanceId: { ...mobile, kind: 'text', minLength: 36, maxLength: 36, doc: 'S2S device identifier.' },
  adTrackingEnabled: {
    ...mobile,
    source: `${mobile.source}; its codes: the vendor's PHP client`,
    kind: 'number',
    min: 0,
    max: 1,
    codes: ['disabled', 'enabled'],
    default: 1,
    doc: 'Tracking permission.',
  },
  idfa: { ...ios, kind: 'text', minLength: 36, maxLength: 36, doc: 'iOS advertising identifier.' },
  iosVendorId: { ...ios, kind: 'text', minLength: 36, maxLength: 36, doc: 'iOS vendor identifier.' },
  gaid: { ...android, kind: 'text', minLength: 36, maxLength: 36, doc: 'Android advertising identifier.' },
  appSetId: {
    ...android,
    kind: 'text',
    minLength: 36,
    maxLength: 36,
    doc: 'Android identifier, unique within a Google Play developer account.',
  },
  // The documentation's own example has 15 symbols; its rule says 16, and the rule wins.
  androidId: { ...android, kind: 'text', minLength: 16, maxLength: 16, doc: 'Android identifier.' },
  lvid: { ...web, kind: 'text', minLength: 32, maxLength: 32, doc: 'S2S device identifier.' },
  adBlocker: {
    ...web,
    source: `${web.source}; its codes: the vendor's PHP client`,
    kind: 'number',
    min: 0,
    max: 1,
    codes: ['disabled', 'enabled'],
    default: 0,
    doc: 'Ad blocker.',
  },
  userAgent: { ...web, kind: 'text', maxLength: 2048, doc: 'User-Agent.' },
  customPlatformUserId: { ...vk, kind: 'text', doc: 'User identifier in the VK platform (vk id).' },
  vkPlatform: { ...vk, kind: 'text', oneOf: vkPlatforms, doc: 'Platform type on which the event occurred.' },
  customEventName: { ...custom, kind: 'text', minLength: 1, maxLength: 255, doc: 'Name of the custom event.' },
  customEventParams: {
    ...custom,
    kind: 'entries',
    minLength: 1,
    maxLength: 255,
    doc: 'Parameters of the custom event, name to value.',
  },
} as const satisfies Readonly<Record<string, ParamSpec>>

/** The table with its literal types, for types that are derived from it. */
export type ParamTable = typeof parameters
export type ParamName = keyof ParamTable

export const paramNames = Object.keys(parameters) as readonly ParamName[]

/** The same table without its literal types, for code that walks over it. */
export const paramSpecs: Readonly<Record<ParamName, ParamSpec>> = parameters

/** The identifiers of a device; a custom event needs one of them where it has no `customUserId`. */
export const deviceIds = [
  'instanceId',
  'lvid',
  'gaid',
  'androidId',
  'appSetId',
  'idfa',
  'iosVendorId',
] as const satisfies readonly ParamName[]

/** What an app whose platform is VK Mini Apps requires of every event, besides what the method requires. */
export const vkMiniAppRequired = ['customPlatformUserId', 'vkPlatform'] as const satisfies readonly ParamName[]

export interface MethodSpec {
  /** Name of the form that takes an array of events. */
  readonly batch: `${Method}Batch`
  readonly required: readonly ParamName[]
  /** At least one of these must be there. */
  readonly oneRequiredOf: readonly ParamName[]
  readonly source: string
}

const eventMethods = {
  registration: { batch: 'registrationBatch', required: ['customUserId'], oneRequiredOf: [], source: 'registration' },
  login: { batch: 'loginBatch', required: ['customUserId'], oneRequiredOf: [], source: 'login' },
  customEvent: {
    batch: 'customEventBatch',
    required: ['customEventName'],
    oneRequiredOf: ['customUserId', ...deviceIds],
    source: 'customEvent',
  },
} as const satisfies Readonly<Record<Method, MethodSpec>>

export type MethodTable = typeof eventMethods

export const methodSpecs: Readonly<Record<Method, MethodSpec>> = eventMethods

/** Whether a method knows a parameter: those of `customEvent` belong to it alone, all others to every method. */
export const methodTakes = (method: Method, name: ParamName): boolean =>
  method === 'customEvent' || paramSpecs[name].platform !== 'customEvent'

/** Where the vendor offers the API. */
export const defaultEndpoint = 'https://tracker-s2s.my.com'

export const apiVersion = 'v1'

/**
 * Methods that the vendor's own PHP client has and the documentation does not: to look before the first event, never for events.
 * `version` needs no token and answers a JSON object with `version`; `test-app-access` takes the body `true`, and a 200 says that the token fits the app.
 */
export const preflightMethods = ['version', 'test-app-access'] as const

export type ApiMethod = Method | MethodSpec['batch'] | (typeof preflightMethods)[number]

export const limits = {
  /** Of a batch method ("Array. Maximum size 20"). */
  batchEvents: 20,
  /** Of a request's body. The documentation says "10Kb", which may mean 10,240 as well; this is inside both readings. */
  bodyBytes: 10_000,
} as const

/** The answers that the documentation lists ("Status codes"), with the text of a failure as it stands in `{"error": "…"}`. */
export const documentedAnswers: readonly { readonly status: number; readonly error?: string; readonly doc: string }[] = [
  { status: 200, doc: 'The request was processed.' },
  { status: 400, error: 'Bad Request', doc: 'An event of the body breaks a rule.' },
  { status: 400, error: 'Empty post data', doc: 'The body is empty.' },
  { status: 400, error: 'Bad json', doc: 'The body is no JSON.' },
  { status: 400, error: 'Bad api version', doc: 'The version of the API is not supported.' },
  { status: 403, error: 'Forbidden', doc: 'The token is wrong, or not for the app.' },
  { status: 404, error: 'Method not found', doc: 'There is no such method.' },
  { status: 500, error: 'Internal Server Error', doc: 'An error in the API. The request should be repeated later.' },
]
