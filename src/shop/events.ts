/** The invented online shop: what its services publish, the same for the same seed. */

import type { Type } from 'avsc'
import avro from 'avsc'
import type { Deed } from './payloads.ts'
import { custom, finishedV1, finishedV2, loggedIn, paidV1, paidV2, registeredV1, registeredV2, viewed } from './payloads.ts'
import * as written from './schemas.ts'

export const PARTITIONS = 6
const USERS = 1_500
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

const schemas = {
  userRegisteredV1: written.userRegisteredV1,
  userRegisteredV2: written.userRegisteredV2,
  userLoggedIn: written.userLoggedIn,
  orderPaidV1: written.orderPaidV1,
  orderPaidV2: written.orderPaidV2,
  orderViewed: written.orderViewed,
  orderShipped: written.orderShipped,
  levelFinishedV1: written.levelFinishedV1,
  levelFinishedV2: written.levelFinishedV2,
  customEvent: written.customEvent,
} as const
export type Kind = keyof typeof schemas

/** Versions share a subject. */
export interface Registered {
  readonly kind: Kind
  readonly subject: string
  readonly schema: object
  /** Records of other subjects that the schema names. */
  readonly references: readonly { readonly name: string; readonly subject: string; readonly schema: object }[]
}

const money = { name: 'com.shop.orders.Money', subject: 'shop-money' }
const references: Partial<Record<Kind, Registered['references']>> = {
  orderPaidV1: [{ ...money, schema: written.moneyV1 }],
  orderPaidV2: [{ ...money, schema: written.moneyV2 }],
}

/** To be registered in this order, each behind what it refers to; `ids` of `shopEvents` are the answers. */
export const subjects: readonly Registered[] = (Object.keys(schemas) as Kind[]).map((kind) => ({
  kind,
  subject: `shop-${kind.replace(/V\d$/, '')}`,
  schema: schemas[kind],
  references: references[kind] ?? [],
}))

/** What a service of the shop writes with. */
export function typeOf(kind: Kind): Type {
  const registry: Record<string, Type> = {}
  for (const { schema } of references[kind] ?? []) avro.Type.forSchema(schema as never, { registry })
  return avro.Type.forSchema(schemas[kind] as never, { registry })
}

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

interface Written {
  readonly kind: Kind
  readonly topic: ShopTopic
  readonly payload: (deed: Deed) => object
}

/** What is written of one deed: of these the one that its turn comes to, since old and new instances of a service run side by side. */
interface Share {
  /** The rolls below this, and not below the one before. */
  readonly below: number
  readonly versions: readonly Written[]
}

const SHARES: readonly Share[] = [
  {
    below: 0.2,
    versions: [
      { kind: 'userRegisteredV1', topic: 'shop.users', payload: registeredV1 },
      { kind: 'userRegisteredV2', topic: 'shop.users', payload: registeredV2 },
    ],
  },
  { below: 0.45, versions: [{ kind: 'userLoggedIn', topic: 'shop.users', payload: loggedIn }] },
  {
    below: 0.75,
    versions: [
      { kind: 'orderPaidV1', topic: 'shop.orders', payload: paidV1 },
      { kind: 'orderPaidV2', topic: 'shop.orders', payload: paidV2 },
    ],
  },
  { below: 0.85, versions: [{ kind: 'orderViewed', topic: 'shop.orders', payload: viewed }] },
  {
    below: 0.95,
    versions: [
      { kind: 'levelFinishedV1', topic: 'shop.game', payload: finishedV1 },
      { kind: 'levelFinishedV2', topic: 'shop.game', payload: finishedV2 },
    ],
  },
  { below: 1, versions: [{ kind: 'customEvent', topic: 'shop.game', payload: custom }] },
]

function sound(number: number, user: number, roll: number, encode: Encode): ShopEvent {
  const { versions } = SHARES.find(({ below }) => roll < below) as Share
  const { kind, topic, payload } = versions[number % versions.length] as Written
  const value = encode(kind, payload({ user, number }))
  const fate = kind === 'orderViewed' ? 'skipped' : 'accepted'
  return { number, key: `user-${user}`, partition: user % PARTITIONS, topic, value, fate }
}

type Broken = (number: number, encode: Encode) => ShopEvent

const BROKEN: readonly Broken[] = [
  (number) => broken(number, 'shop.game', Buffer.concat([frame(UNKNOWN_SCHEMA_ID), Buffer.from([2, 65])])),
  (number) => ({ ...broken(number, 'shop.users', null), fate: 'skipped' }),
  (number) => broken(number, 'shop.users', Buffer.from('{"userId":"user-1"}')),
  (number, encode) => broken(number, 'shop.orders', encode('orderPaidV1', paidV1({ user: 1, number })).subarray(0, 12)),
  (number, encode) => broken(number, 'shop.orders', encode('orderPaidV2', { ...paidV2({ user: 1, number }), userId: '' })),
  (number, encode) => broken(number, 'shop.orders', encode('orderShipped', viewed({ user: 1, number }))),
  (number) => ({ ...broken(number, 'shop.orders', null), fate: 'skipped' }),
  (number) => broken(number, 'shop.orders', Buffer.from('[1,2,3]')),
  (number, encode) =>
    broken(number, 'shop.users', Buffer.concat([encode('userLoggedIn', loggedIn({ user: 1, number })), Buffer.from([0])])),
  (number, encode) =>
    broken(number, 'shop.users', encode('userLoggedIn', { ...loggedIn({ user: 1, number }), userId: 'x'.repeat(1_025) })),
]

function broken(number: number, topic: ShopTopic, value: Buffer | null): ShopEvent {
  return { number, topic, partition: number % PARTITIONS, key: `broken-${number}`, value, fate: 'dead-letter' }
}

function encoderFor(ids: ReadonlyMap<string, number>): Encode {
  const types = new Map<Kind, Type>(subjects.map(({ kind }) => [kind, typeOf(kind)]))
  return (kind, event) => Buffer.concat([frame(ids.get(kind) ?? 0), (types.get(kind) as Type).toBuffer(completed(kind, event))])
}

/** A canonical record has many fields, all of them null unless given. */
function completed(kind: Kind, event: object): object {
  if (kind !== 'customEvent') return event
  const { fields } = written.customEvent as unknown as { fields: readonly { name: string }[] }
  return { ...Object.fromEntries(fields.map(({ name }) => [name, null])), ...event }
}

function frame(schemaId: number): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt32BE(schemaId, 1)
  return header
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
