import type { ModuleMap } from 'mytracker-sink/mapping'

/** A mapping that needs code: an order may have been paid back in several parts, and the tracker wants their sum. */
export const map: ModuleMap = (event, { timestamp }) => {
  const { userId, refunds } = event as { userId: string | null; refunds: { amount: string }[] }
  if (userId === null) return 'skip'
  const cents = refunds.reduce((sum, { amount }) => sum + Math.round(Number(amount) * 100), 0)
  if (cents <= 0) return { reject: 'the refunds add up to nothing' }
  return {
    app: 'shop-android',
    method: 'customEvent',
    params: {
      customUserId: userId,
      eventTimestamp: Math.floor(timestamp / 1_000),
      customEventName: 'orderRefunded',
      customEventParams: { amount: (cents / 100).toFixed(2), parts: refunds.length },
    },
  }
}
