import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runSchedule } from './world.ts'

/** Seeds from 1 on. `npm run simulation` runs more of them, or a single one again. */
const SCHEDULES = 150

test('through failures, splits, tiers, kills and drains nothing is lost, out of order, over a bound, stuck, or told wrongly', async (t) => {
  const accepted = { events: 0, twice: 0 }
  const seen = { readAhead: 0, withRuns: 0, foreign: 0, lost: 0, missed: 0, braked: 0, saved: 0 }
  for (let seed = 1; seed <= SCHEDULES; seed += 1) {
    const summary = await runSchedule(seed)
    accepted.events += summary.accepted
    accepted.twice += summary.duplicates
    for (const name of Object.keys(seen) as (keyof typeof seen)[]) seen[name] += summary[name]
  }
  // Else the checks of these would be empty.
  for (const [name, count] of Object.entries(seen)) assert.ok(count > 5, `${count} times ${name}`)
  t.diagnostic(`${SCHEDULES} schedules: ${accepted.events} events accepted, ${accepted.twice} times one again`)
})
