import { test } from 'node:test'
import { runSchedule } from './world.ts'

/** Seeds from 1 on. `npm run simulation` runs more of them, or a single one again. */
const SCHEDULES = 150

test('through failures, splits, tiers, kills and drains nothing is lost, out of order, over a bound, stuck, or told wrongly', async (t) => {
  const accepted = { events: 0, twice: 0 }
  for (let seed = 1; seed <= SCHEDULES; seed += 1) {
    const summary = await runSchedule(seed)
    accepted.events += summary.accepted
    accepted.twice += summary.duplicates
  }
  t.diagnostic(`${SCHEDULES} schedules: ${accepted.events} events accepted, ${accepted.twice} times one again`)
})
