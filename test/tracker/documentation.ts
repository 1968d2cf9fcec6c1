/**
 * What the tracker's documentation ("Import events") shows, as it stands there, and in which part of it. Nothing in here is read off our own tables:
 * these are the expectations that both sides are held to.
 */
import type { Method } from '../../src/core/hit.ts'
import type { Params, ParamValue } from '../../src/tracker/validate.ts'

export interface ShownRequest {
  /** The part of the documentation that it stands in. */
  readonly where: string
  readonly method: Method
  /** Path and query of the end-point that it belongs to. */
  readonly target: string
  /** Not a byte is ours but the line breaks that a page's layout loses. */
  readonly body: string
}

/** The token and the app of "Example query". */
export const shownToken = 'skjdfASFasf03asdffar3asJHB32r'
export const shownApp = 666

const usersBatch = `[
{"customUserId": "1111", "lvid":"00000000000000000000000000000000"},
{"customUserId": "2222", "lvid":"00000000000000000000000000000000"}
]`

const eventsBatch = `[
{"customUserId": "1111", "lvid":"00000000000000000000000000000000", "customEventName": "messageReceived"},
{"customUserId": "2222", "lvid":"00000000000000000000000000000000", "customEventName": "messageReceived"}
]`

const query = `{"customUserId": "1", "customEventName": "levelUp",
"customEventParams": {"level": "2"}, "idGender": "1",
"age": "25", "eventTimestamp": "1580213208",
"instanceId": "00000000-0000-0000-0000-000000000000"}`

/** The same event as its PHP client sends it: the three setters of numbers take numbers. */
const queryOfPhp = `{"customUserId":"1","customEventName":"levelUp","customEventParams":{"level":"2"},"idGender":1,
"age":25,"eventTimestamp":1580213208,"instanceId":"00000000-0000-0000-0000-000000000000"}`

export const shownRequests: readonly ShownRequest[] = [
  {
    where: 'registrationBatch, Example',
    method: 'registration',
    target: '/v1/registrationBatch/?idApp=666',
    body: usersBatch,
  },
  { where: 'loginBatch, Example', method: 'login', target: '/v1/loginBatch/?idApp=666', body: usersBatch },
  {
    where: 'customEventBatch, Example',
    method: 'customEvent',
    target: '/v1/customEventBatch/?idApp=666',
    body: eventsBatch,
  },
  {
    where: 'Example query, HTTP POST request',
    method: 'customEvent',
    target: '/v1/customEvent/?idApp=666',
    body: query,
  },
  { where: 'Example query, PHP SDK', method: 'customEvent', target: '/v1/customEvent/?idApp=666', body: queryOfPhp },
]

export interface ShownParameter {
  readonly where: string
  /** As the column "Example" has it: a name, a colon and a value. */
  readonly example: string
  /** The column "Type" says Number, though the example is spelled as a text. */
  readonly isNumber?: true
  /** The rule beside the example refuses it. */
  readonly isBroken?: true
  /** Only `customEvent` has it. */
  readonly customEventOnly?: true
}

const nil = '00000000-0000-0000-0000-000000000000'
const chrome =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/78.0.3904.87 Safari/537.36'
const custom = 'customEvent, Specific parameters'
const common = 'Parameters, Common'
const mobile = 'Parameters, For mobile platform'
const web = 'Parameters, For Web platform'
const vk = 'Parameters, For VK Mini Apps'

export const shownParameters: readonly ShownParameter[] = [
  { where: custom, example: '"customEventName":"messageReceived"', customEventOnly: true },
  {
    where: custom,
    example: '"customEventParams":{\n"name1":"value1",\n"name2":"value2"\n}',
    customEventOnly: true,
  },
  { where: common, example: '"eventTimestamp":"1577191920"', isNumber: true },
  { where: common, example: '"customUserId":"1234"' },
  { where: common, example: '"ipv4":"125.125.125.125"' },
  { where: common, example: '"ipv6":"2001:0db8:85a3:0000:0000:8a2e:0370:7334"' },
  { where: common, example: '"idGender":"1"', isNumber: true },
  { where: common, example: '"age":"38"', isNumber: true },
  { where: common, example: '"connectionType":"1"', isNumber: true },
  { where: common, example: '"bluetoothEnabled":"2"', isNumber: true },
  { where: mobile, example: `"instanceId":"${nil}"` },
  { where: mobile, example: '"adTrackingEnabled":"0"', isNumber: true },
  { where: `${mobile}, iOS`, example: `"idfa":"${nil}"` },
  { where: `${mobile}, iOS`, example: `"iosVendorId":"${nil}"` },
  { where: `${mobile}, Android`, example: `"gaid":"${nil}"` },
  { where: `${mobile}, Android`, example: `"appSetId":"${nil}"` },
  // Fifteen symbols, where the column beside it says "number of symbols 16".
  { where: `${mobile}, Android`, example: '"androidId":"000000000000000"', isBroken: true },
  { where: web, example: '"lvid":"00000000000000000000000000000000"' },
  { where: web, example: '"adBlocker":"0"', isNumber: true },
  { where: web, example: `"userAgent":"${chrome}"` },
  { where: vk, example: '"customPlatformUserId":"12345"' },
  { where: vk, example: '"vkPlatform":"desktop_web"' },
]

export interface ShownAnswer {
  readonly status: number
  /** The column "Text"; the O of the first is the Cyrillic letter, there as here. */
  readonly text: string
  /** The column "Description". */
  readonly means: string
}

/** "Status codes", in its order. */
export const shownAnswers: readonly ShownAnswer[] = [
  { status: 200, text: '{"message": "\u041eK"}', means: 'The request was successfully processed' },
  { status: 400, text: '{"error": "Bad Request"}', means: 'Request error, parameters not validated' },
  {
    status: 403,
    text: '{"error": "Forbidden"}',
    means: 'The token has not been validated or is not suitable for the application',
  },
  { status: 400, text: '{"error": "Empty post data"}', means: 'Empty request body' },
  { status: 400, text: '{"error": "Bad json"}', means: 'Passed an invalid JSON file in the request body' },
  { status: 400, text: '{"error": "Bad api version"}', means: 'Unsupported API version' },
  { status: 404, text: '{"error": "Method not found"}', means: 'API method not found' },
  {
    status: 500,
    text: '{"error": "Internal Server Error"}',
    means: 'Internal API error. Try to repeat the request later',
  },
]

/** Parameters whose column "Type" says Number. */
const numbers = new Set(
  shownParameters.filter(({ isNumber }) => isNumber).map(({ example }) => Object.keys(JSON.parse(`{${example}}`))[0]),
)

/** The same event with its numbers spelled as numbers, in the same order: how we send it. */
export const withNumbers = (event: Readonly<Record<string, ParamValue>>): Params =>
  Object.fromEntries(Object.entries(event).map(([name, value]) => [name, numbers.has(name) ? Number(value) : value]))

/** The events of a body: its elements, or itself. */
export const eventsOf = (body: string): readonly Readonly<Record<string, ParamValue>>[] => [JSON.parse(body)].flat()
