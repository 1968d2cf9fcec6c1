/** The invented online shop: what its services publish, the same for the same seed. */

import type { Type } from 'avsc'
import avro from 'avsc'
import { customEvent, orderPaid, orderShipped, orderViewed, userLoggedIn, userRegistered } from './schemas.ts'

export const PARTITIONS = 6
const USERS = 1_500
/** Event number n happened n seconds after this: so its time tells every event from every other, at the tracker too. */
export const FIRST_EVENT_S = 1_750_000_000
/** No registry has it. */
const UNKNOWN_SCHEMA_ID = 999_999_999

export const TOPICS = ['shop.users', 'shop.orders', 'shop.game'] as const
export type ShopTopic = (typeof TOPICS)[number]

/** What must become of an event. */
export type Fate = 'accepted' | 'skipped' | 'dead-letter'

export interface ShopEvent {
  readonly number: number
  readonly topic: ShopTopic
  readonly partition: number
  readonly key: string
  readonly value: Buffer | null
  readonly fate: Fate
}

const schemas = { userRegistered, userLoggedIn, orderPaid, orderViewed, orderShipped, customEvent } as const
type Kind = keyof typeof schemas

/** Subject and schema of each kind, to be registered; `ids` of `shopEvents` are the answers. */
export const subjects: readonly { readonly kind: Kind; readonly subject: string; readonly schema: object }[] = (
  Object.keys(schemas) as Kind[]
).map((kind) => ({ kind, subject: `shop-${kind}`, schema: schemas[kind] }))

/** `count` events, at least 100; ten of them are broken, each in a way of its own kind. */
export function* shopEvents(count: number, seed: number, ids: ReadonlyMap<string, number>): Generator<ShopEvent> {
  const random = randomFrom(seed)
  const encode = encoderFor(ids)
  const isBroken = new Map(BROKEN.map((make, index) => [brokenAt(index, count), make]))
  for (let number = 0; number < count; number += 1) {
    const user = Math.floor(random() * USERS)
    const roll = random()
    const make = isBroken.get(number)
    yield make === undefined ? sound(number, user, roll, encode) : make(number, encode)
  }
}

/** The first, which is doubted for half a minute, comes at once; the others are spread. */
function brokenAt(index: number, count: number): number {
  return index === 0 ? 0 : Math.floor((count * index) / BROKEN.length)
}

type Encode = (kind: Kind, event: object) => Buffer

function sound(number: number, user: number, roll: number, encode: Encode): ShopEvent {
  const userId = `user-${user}`
  const at = (FIRST_EVENT_S + number) * 1_000
  const platform = user % 3 === 0 ? 'WEB' : 'ANDROID'
  const place = { number, key: userId, partition: user % PARTITIONS }
  if (roll < 0.2) {
    const profile = { gender: user % 2 === 0 ? 'MALE' : null, age: user % 4 === 0 ? 18 + (user % 60) : null }
    const clientIp = `10.0.${user % 250}.${number % 250}`
    const value = encode('userRegistered', { userId, registeredAt: at, platform, profile, clientIp })
    return { ...place, topic: 'shop.users', value, fate: 'accepted' }
  }
  if (roll < 0.45) {
    const value = encode('userLoggedIn', { userId, loggedInAt: at, platform, userAgent: 'ShopApp/3.1' })
    return { ...place, topic: 'shop.users', value, fate: 'accepted' }
  }
  if (roll < 0.75) {
    const total = { amount: decimal(100 + (number % 90_000)), currency: 'EUR' }
    const value = encode('orderPaid', { orderId: `order-${number}`, userId, paidAt: at, platform, total })
    return { ...place, topic: 'shop.orders', value, fate: 'accepted' }
  }
  if (roll < 0.85) {
    return { ...place, topic: 'shop.orders', value: encode('orderViewed', { userId, viewedAt: at }), fate: 'skipped' }
  }
  const value = encode('customEvent', {
    app: 'shop-android',
    customUserId: userId,
    eventTimestamp: at,
    customEventName: 'levelUp',
    customEventParams: { level: String(number % 50) },
  })
  return { ...place, topic: 'shop.game', value, fate: 'accepted' }
}

type Broken = (number: number, encode: Encode) => ShopEvent

const BROKEN: readonly Broken[] = [
  (number) => broken(number, 'shop.game', Buffer.concat([frame(UNKNOWN_SCHEMA_ID), Buffer.from([2, 65])])),
  (number) => ({ ...broken(number, 'shop.users', null), fate: 'skipped' }),
  (number) => broken(number, 'shop.users', Buffer.from('{"userId":"user-1"}')),
  (number, encode) => broken(number, 'shop.orders', encode('orderPaid', paidBy('user-1', number)).subarray(0, 12)),
  (number, encode) => broken(number, 'shop.orders', encode('orderPaid', paidBy('', number))),
  (number, encode) => broken(number, 'shop.orders', encode('orderShipped', { userId: 'user-1', viewedAt: 0 })),
  (number) => ({ ...broken(number, 'shop.orders', null), fate: 'skipped' }),
  (number) => broken(number, 'shop.orders', Buffer.from('[1,2,3]')),
  (number, encode) => broken(number, 'shop.users', Buffer.concat([encode('userLoggedIn', loggedIn(number)), Buffer.from([0])])),
  (number, encode) => broken(number, 'shop.users', encode('userLoggedIn', { ...loggedIn(number), userId: 'x'.repeat(1_025) })),
]

function broken(number: number, topic: ShopTopic, value: Buffer | null): ShopEvent {
  return { number, topic, partition: number % PARTITIONS, key: `broken-${number}`, value, fate: 'dead-letter' }
}

function paidBy(userId: string, number: number): object {
  const total = { amount: decimal(100), currency: 'EUR' }
  return { orderId: `order-${number}`, userId, paidAt: (FIRST_EVENT_S + number) * 1_000, platform: 'WEB', total }
}

function loggedIn(number: number): object {
  return { userId: 'user-1', loggedInAt: (FIRST_EVENT_S + number) * 1_000, platform: 'WEB', userAgent: null }
}

function encoderFor(ids: ReadonlyMap<string, number>): Encode {
  const types = new Map<Kind, Type>(subjects.map(({ kind, schema }) => [kind, avro.Type.forSchema(schema as never)]))
  return (kind, event) => Buffer.concat([frame(ids.get(kind) ?? 0), (types.get(kind) as Type).toBuffer(completed(kind, event))])
}

/** A canonical record has many fields, all of them null unless given. */
function completed(kind: Kind, event: object): object {
  if (kind !== 'customEvent') return event
  const { fields } = customEvent as unknown as { fields: readonly { name: string }[] }
  return { ...Object.fromEntries(fields.map(({ name }) => [name, null])), ...event }
}

function frame(schemaId: number): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt32BE(schemaId, 1)
  return header
}

/** Hundredths as the bytes of an Avro decimal. */
function decimal(hundredths: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(hundredths)
  return bytes
}

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
