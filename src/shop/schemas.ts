/** The schemas of the demo's shop, as its services would have registered them: each service writes two versions of its main record. */
import { readFileSync } from 'node:fs'

const platform = { type: 'enum', name: 'Platform', symbols: ['ANDROID', 'WEB'] } as const
const millis = { type: 'long', logicalType: 'timestamp-millis' } as const
const micros = { type: 'long', logicalType: 'timestamp-micros' } as const
const decimal = { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } as const

const profile = {
  type: 'record',
  name: 'Profile',
  fields: [
    { name: 'gender', type: ['null', { type: 'enum', name: 'Gender', symbols: ['MALE', 'FEMALE'] }], default: null },
    { name: 'age', type: ['null', 'int'], default: null },
  ],
} as const

export const userRegisteredV1 = {
  type: 'record',
  name: 'UserRegistered',
  namespace: 'com.shop.users',
  fields: [
    { name: 'userId', type: 'string' },
    { name: 'registeredAt', type: millis },
    { name: 'platform', type: platform },
    { name: 'profile', type: profile },
    { name: 'clientIp', type: ['null', 'string'], default: null },
  ],
} as const

/** The address became a record that a second field has the type of, the time finer; the network is new. */
export const userRegisteredV2 = {
  ...userRegisteredV1,
  fields: [
    { name: 'userId', type: 'string' },
    { name: 'registeredAt', type: micros },
    { name: 'platform', type: platform },
    { name: 'profile', type: profile },
    {
      name: 'client',
      type: ['null', { type: 'record', name: 'Endpoint', fields: [{ name: 'ip', type: 'string' }] }],
      default: null,
    },
    { name: 'proxy', type: ['null', 'Endpoint'], default: null },
    {
      name: 'network',
      type: { type: 'enum', name: 'Network', symbols: ['UNKNOWN', 'MOBILE', 'WIFI'] },
      default: 'UNKNOWN',
    },
  ],
} as const

export const userLoggedIn = {
  type: 'record',
  name: 'UserLoggedIn',
  namespace: 'com.shop.users',
  fields: [
    { name: 'userId', type: 'string' },
    { name: 'loggedInAt', type: millis },
    { name: 'platform', type: platform },
    { name: 'userAgent', type: ['null', 'string'], default: null },
  ],
} as const

/** A record of its own, which the schemas of orders refer to. */
const money = (currency: unknown): object => ({
  type: 'record',
  name: 'Money',
  namespace: 'com.shop.orders',
  fields: [
    { name: 'amount', type: decimal },
    { name: 'currency', type: currency },
  ],
})

export const moneyV1 = money('string')

/** The currency became an enum. */
export const moneyV2 = money({ type: 'enum', name: 'Currency', symbols: ['EUR', 'USD'] })

const orderFields = (time: object): readonly object[] => [
  { name: 'orderId', type: 'string' },
  { name: 'userId', type: 'string' },
  { name: 'paidAt', type: time },
  { name: 'platform', type: platform },
  { name: 'total', type: 'Money' },
  {
    name: 'items',
    type: {
      type: 'array',
      items: {
        type: 'record',
        name: 'Item',
        fields: [
          { name: 'sku', type: 'string' },
          { name: 'price', type: 'Money' },
        ],
      },
    },
    default: [],
  },
  { name: 'labels', type: { type: 'map', values: 'string' }, default: {} },
]

export const orderPaidV1 = {
  type: 'record',
  name: 'OrderPaid',
  namespace: 'com.shop.orders',
  fields: orderFields(millis),
} as const

/** It refers to the second version of Money, the time is finer; how it was paid, either of two records, and the delivery's price are new. */
export const orderPaidV2 = {
  ...orderPaidV1,
  fields: [
    ...orderFields(micros),
    {
      name: 'payment',
      type: [
        'null',
        {
          type: 'record',
          name: 'Card',
          fields: [{ name: 'brand', type: { type: 'enum', name: 'Brand', symbols: ['VISA', 'MIR'] } }],
        },
        { type: 'record', name: 'Wallet', fields: [{ name: 'provider', type: 'string' }] },
      ],
      default: null,
    },
    { name: 'delivery', type: ['null', 'Money'], default: null },
  ],
} as const

export const orderViewed = {
  type: 'record',
  name: 'OrderViewed',
  namespace: 'com.shop.orders',
  fields: [
    { name: 'userId', type: 'string' },
    { name: 'viewedAt', type: millis },
  ],
} as const

/** Nobody has mapped this one. */
export const orderShipped = { ...orderViewed, name: 'OrderShipped' } as const

const levelFields = [
  { name: 'platform', type: platform },
  { name: 'outcome', type: { type: 'enum', name: 'Outcome', symbols: ['WON', 'LOST', 'LEFT'] } },
  { name: 'level', type: 'int' },
  { name: 'score', type: 'long' },
  {
    name: 'reward',
    type: [
      'null',
      { type: 'record', name: 'Coins', fields: [{ name: 'count', type: 'int' }] },
      { type: 'record', name: 'Trophy', fields: [{ name: 'title', type: 'string' }] },
    ],
    default: null,
  },
  { name: 'splits', type: { type: 'array', items: 'double' }, default: [] },
  { name: 'attributes', type: { type: 'map', values: ['null', 'string'] }, default: {} },
] as const

export const levelFinishedV1 = {
  type: 'record',
  name: 'LevelFinished',
  namespace: 'com.shop.game',
  fields: [{ name: 'playerId', type: 'string' }, { name: 'finishedAtS', type: 'long' }, ...levelFields],
} as const

/** The player became a record, and a rival one more; the time has a type of its own; the difficulty is new. */
export const levelFinishedV2 = {
  ...levelFinishedV1,
  fields: [
    {
      name: 'player',
      type: {
        type: 'record',
        name: 'Player',
        fields: [
          { name: 'id', type: 'string' },
          { name: 'guild', type: ['null', 'string'], default: null },
        ],
      },
    },
    { name: 'rival', type: ['null', 'Player'], default: null },
    { name: 'finishedAt', type: millis },
    ...levelFields,
    {
      name: 'difficulty',
      type: ['null', { type: 'enum', name: 'Difficulty', symbols: ['EASY', 'HARD'] }],
      default: null,
    },
  ],
} as const

/** A canonical record: the service that writes it needs no mapping. */
export const customEvent = JSON.parse(
  readFileSync(new URL('../../schemas/mytracker.CustomEvent.avsc', import.meta.url), 'utf8'),
) as { readonly name: string; readonly namespace?: string }
