/** The schemas of the demo's shop, as its services would have registered them. */
import { readFileSync } from 'node:fs'

const platform = { type: 'enum', name: 'Platform', symbols: ['ANDROID', 'WEB'] } as const
const instant = { type: 'long', logicalType: 'timestamp-millis' } as const

export const userRegistered = {
  type: 'record',
  name: 'UserRegistered',
  namespace: 'com.shop.users',
  fields: [
    { name: 'userId', type: 'string' },
    { name: 'registeredAt', type: instant },
    { name: 'platform', type: platform },
    {
      name: 'profile',
      type: {
        type: 'record',
        name: 'Profile',
        fields: [
          { name: 'gender', type: ['null', { type: 'enum', name: 'Gender', symbols: ['MALE', 'FEMALE'] }], default: null },
          { name: 'age', type: ['null', 'int'], default: null },
        ],
      },
    },
    { name: 'clientIp', type: ['null', 'string'], default: null },
  ],
} as const

export const userLoggedIn = {
  type: 'record',
  name: 'UserLoggedIn',
  namespace: 'com.shop.users',
  fields: [
    { name: 'userId', type: 'string' },
    { name: 'loggedInAt', type: instant },
    { name: 'platform', type: platform },
    { name: 'userAgent', type: ['null', 'string'], default: null },
  ],
} as const

export const orderPaid = {
  type: 'record',
  name: 'OrderPaid',
  namespace: 'com.shop.orders',
  fields: [
    { name: 'orderId', type: 'string' },
    { name: 'userId', type: 'string' },
    { name: 'paidAt', type: instant },
    { name: 'platform', type: platform },
    {
      name: 'total',
      type: {
        type: 'record',
        name: 'Money',
        fields: [
          { name: 'amount', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
          { name: 'currency', type: 'string' },
        ],
      },
    },
  ],
} as const

export const orderViewed = {
  type: 'record',
  name: 'OrderViewed',
  namespace: 'com.shop.orders',
  fields: [
    { name: 'userId', type: 'string' },
    { name: 'viewedAt', type: instant },
  ],
} as const

/** Nobody has mapped this one. */
export const orderShipped = { ...orderViewed, name: 'OrderShipped' } as const

/** A canonical record: the service that writes it needs no mapping. */
export const customEvent = JSON.parse(
  readFileSync(new URL('../../schemas/mytracker.CustomEvent.avsc', import.meta.url), 'utf8'),
) as { readonly name: string; readonly namespace?: string }
