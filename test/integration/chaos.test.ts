/** The short form of `npm run test:chaos`: real brokers and processes, of which some end in mid-run. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import type { Stack } from '../../src/stack/stack.ts'
import { startStack } from '../../src/stack/stack.ts'
import { perform } from '../chaos/perform.ts'
import type { Scenario } from '../chaos/scenario.ts'
import { coordinatorStopped } from '../chaos/scenarios/coordinator-stopped.ts'
import { growth } from '../chaos/scenarios/growth.ts'
import { kills } from '../chaos/scenarios/kills.ts'
import { rollingRestart } from '../chaos/scenarios/rolling-restart.ts'
import { threeNodes } from '../support/stack.ts'

const seed = Number(process.env.CHAOS_SEED ?? 1)

for (const scenario of [kills, rollingRestart, growth, coordinatorStopped]) {
  test(`${scenario.title}: nothing is lost, out of order, or sent twice beyond what is allowed`, async (t) => {
    const stack = await stackOf(t, scenario)
    if (stack === undefined) return
    t.after(() => stack.stop())
    const { faults, produced, twice, allowedTwice, remark } = await perform(scenario, { stack, seed, isShort: true })
    t.diagnostic(`seed ${seed}: ${produced} produced, ${twice} twice of ${allowedTwice} allowed; ${remark}`)
    assert.ok(produced > 0)
    assert.deepEqual(faults, [])
  })
}

/** Undefined, and the test skipped: three nodes cannot be had here. */
async function stackOf(t: TestContext, { nodes }: Scenario): Promise<Stack | undefined> {
  const options = { env: process.env, report: (line: string) => void process.stderr.write(`${line}\n`) }
  return nodes === 1 ? await startStack(options) : await threeNodes(options, (why) => t.skip(why))
}
