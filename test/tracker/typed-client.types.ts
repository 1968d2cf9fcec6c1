/** Checked by the compiler alone: each `@ts-expect-error` is a mistake that a user of the client is told while typing. */
import { createClient } from '../../src/tracker/typed-client.ts'

const client = createClient({ idApp: 666, token: 't' })
const vk = createClient({ idApp: 667, token: () => 't', vkMiniApp: true })
declare const either: boolean

export const right = [
  () => client.registration({ customUserId: 'u', idGender: 1, age: 33, userAgent: undefined }),
  () => client.customEvent({ customEventName: 'n', lvid: '0'.repeat(32), customEventParams: { sum: '1' } }),
  () => client.customEvent({ customEventName: 'n', customUserId: 'u', gaid: 'g' }),
  () => client.loginBatch([{ customUserId: 'u' }, { customUserId: 'v', bluetoothEnabled: 2 }]),
  () => vk.login({ customUserId: 'u', customPlatformUserId: '1', vkPlatform: 'mobile_iphone' }),
  () => createClient({ idApp: 1, token: 't', vkMiniApp: either }).login({ customUserId: 'u' }),
]

export const wrong = [
  // @ts-expect-error misspelt
  () => client.registration({ customUserId: 'u', idGendre: 1 }),
  // @ts-expect-error misspelt
  () => client.customEvent({ customEventName: 'n', customUserId: 'u', lvld: 'x' }),
  // @ts-expect-error misspelt in a batch
  () => client.loginBatch([{ customUserId: 'u', agee: 1 }]),
  // @ts-expect-error required
  () => client.registration({ age: 1 }),
  // @ts-expect-error required, and undefined is no value
  () => client.login({ customUserId: undefined }),
  // @ts-expect-error required
  () => client.customEvent({ customUserId: 'u' }),
  // @ts-expect-error neither a user nor a device
  () => client.customEvent({ customEventName: 'n', age: 1 }),
  // @ts-expect-error of custom events only
  () => client.login({ customUserId: 'u', customEventName: 'n' }),
  // @ts-expect-error a number, not a text
  () => client.login({ customUserId: 'u', age: '33' }),
  // @ts-expect-error no such code
  () => client.login({ customUserId: 'u', idGender: 3 }),
  // @ts-expect-error a code is sent as its number
  () => client.login({ customUserId: 'u', idGender: 'man' }),
  // @ts-expect-error no such platform
  () => client.login({ customUserId: 'u', vkPlatform: 'desktop' }),
  // @ts-expect-error values are texts
  () => client.customEvent({ customEventName: 'n', customUserId: 'u', customEventParams: { sum: 1 } }),
  // @ts-expect-error required on VK Mini Apps
  () => vk.login({ customUserId: 'u', vkPlatform: 'desktop_web' }),
  // @ts-expect-error a batch is a list
  () => client.loginBatch({ customUserId: 'u' }),
  // @ts-expect-error no such option
  () => createClient({ idApp: 1, token: 't', timeout: 5 }),
  // @ts-expect-error required
  () => createClient({ idApp: 1 }),
]
