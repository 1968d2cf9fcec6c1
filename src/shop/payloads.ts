/** What the shop's services write, by the user that an event is about and the number that it has. */

/** Event number n happened n seconds after this: so its time tells every event from every other, at the tracker too. */
export const FIRST_EVENT_S = 1_750_000_000

/** Who did what: `number` is the event's. */
export interface Deed {
  readonly user: number
  readonly number: number
}

const secondsOf = ({ number }: Deed): number => FIRST_EVENT_S + number
const platformOf = ({ user }: Deed): string => (user % 3 === 0 ? 'WEB' : 'ANDROID')
const idOf = ({ user }: Deed): string => `user-${user}`
const ipOf = ({ user, number }: Deed): string => `10.0.${user % 250}.${number % 250}`

const profileOf = ({ user }: Deed): object => ({
  gender: user % 2 === 0 ? 'MALE' : null,
  age: user % 4 === 0 ? 18 + (user % 60) : null,
})

export const registeredV1 = (deed: Deed): object => ({
  userId: idOf(deed),
  registeredAt: secondsOf(deed) * 1_000,
  platform: platformOf(deed),
  profile: profileOf(deed),
  clientIp: ipOf(deed),
})

export const registeredV2 = (deed: Deed): object => ({
  userId: idOf(deed),
  registeredAt: secondsOf(deed) * 1_000_000,
  platform: platformOf(deed),
  profile: profileOf(deed),
  client: deed.number % 5 === 0 ? null : { ip: ipOf(deed) },
  proxy: deed.number % 5 === 0 ? { ip: '10.1.0.1' } : null,
  network: ['UNKNOWN', 'MOBILE', 'WIFI'][deed.number % 3],
})

export const loggedIn = (deed: Deed): object => ({
  userId: idOf(deed),
  loggedInAt: secondsOf(deed) * 1_000,
  platform: platformOf(deed),
  userAgent: 'ShopApp/3.1',
})

export const viewed = (deed: Deed): object => ({ userId: idOf(deed), viewedAt: secondsOf(deed) * 1_000 })

const eur = (hundredths: number): object => ({ amount: decimal(hundredths), currency: 'EUR' })

const orderOf = (deed: Deed): object => {
  const cents = 100 + (deed.number % 90_000)
  const items = [
    { sku: `sku-${deed.number % 40}`, price: eur(cents - 50) },
    { sku: 'bag', price: eur(50) },
  ]
  return {
    orderId: `order-${deed.number}`,
    userId: idOf(deed),
    platform: platformOf(deed),
    total: eur(cents),
    items,
    labels: deed.number % 4 === 0 ? {} : { 'utm.campaign': 'spring' },
  }
}

export const paidV1 = (deed: Deed): object => ({ ...orderOf(deed), paidAt: secondsOf(deed) * 1_000 })

export const paidV2 = (deed: Deed): object => ({
  ...orderOf(deed),
  paidAt: secondsOf(deed) * 1_000_000,
  payment: [
    null,
    { 'com.shop.orders.Card': { brand: deed.user % 2 === 0 ? 'VISA' : 'MIR' } },
    { 'com.shop.orders.Wallet': { provider: 'shop-wallet' } },
  ][deed.number % 3],
  delivery: deed.number % 2 === 0 ? null : eur(499),
})

const levelOf = (deed: Deed): object => ({
  platform: platformOf(deed),
  outcome: ['WON', 'LOST', 'LEFT'][deed.number % 3],
  level: deed.number % 50,
  score: deed.number * 1_000,
  reward: [null, { 'com.shop.game.Coins': { count: 25 } }, { 'com.shop.game.Trophy': { title: 'Shark' } }][deed.number % 3],
  splits: deed.number % 4 === 0 ? [] : [12.5, 14],
  attributes: { season: 'summer', clan: null },
})

export const finishedV1 = (deed: Deed): object => ({
  ...levelOf(deed),
  playerId: idOf(deed),
  finishedAtS: secondsOf(deed),
})

export const finishedV2 = (deed: Deed): object => ({
  ...levelOf(deed),
  player: { id: idOf(deed), guild: 'Sharks' },
  rival: deed.number % 2 === 0 ? null : { id: `user-${deed.user + 1}`, guild: null },
  finishedAt: secondsOf(deed) * 1_000,
  difficulty: [null, 'EASY', 'HARD'][deed.number % 3],
})

/** Fields that are not here are null. */
export const custom = (deed: Deed): object => ({
  app: 'shop-android',
  customUserId: idOf(deed),
  eventTimestamp: secondsOf(deed) * 1_000,
  customEventName: 'giftOpened',
  customEventParams: { level: String(deed.number % 50) },
})

/** Hundredths as the bytes of an Avro decimal. */
function decimal(hundredths: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(hundredths)
  return bytes
}
