/**
 * `npm run test:chaos -- [--scenario NAME] [--runs N] [--seed N] [--short] [--write]`: what becomes of records while things break; every
 * run on brokers of its own. `--write` puts the table into docs/guarantees.md.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startStack } from '../../src/stack/stack.ts'
import type { Performance } from './perform.ts'
import { perform } from './perform.ts'
import type { Scenario } from './scenario.ts'
import { scenarios } from './scenarios.ts'
import { rowOf, tableOf, withRows } from './table.ts'

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', multiple: true },
    runs: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    short: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const page = new URL('../../docs/guarantees.md', import.meta.url)
const report = (line: string): void => void process.stderr.write(`${line}\n`)

async function runs(scenario: Scenario): Promise<Performance[]> {
  const done: Performance[] = []
  for (let run = 0; run < Number(values.runs); run += 1) {
    const seed = Number(values.seed) + run
    report(`${scenario.name}, seed ${seed}: ${scenario.title}`)
    const stack = await startStack({ env: process.env, report, nodes: scenario.nodes })
    try {
      const performance = await perform(scenario, { stack, seed, isShort: values.short })
      report(`${rowOf(scenario, [performance])} ${performance.seconds.toFixed(0)} s`)
      for (const fault of performance.faults) report(`FAULT ${scenario.name}, seed ${seed}: ${fault}`)
      done.push(performance)
    } finally {
      await stack.stop()
    }
  }
  return done
}

const wanted = values.scenario ?? scenarios.map(({ name }) => name)
for (const name of wanted) {
  if (!scenarios.some((scenario) => scenario.name === name)) {
    throw new Error(`there is no scenario ${name}; there are ${scenarios.map((scenario) => scenario.name).join(', ')}`)
  }
}
const rows: string[] = []
for (const scenario of scenarios.filter(({ name }) => wanted.includes(name))) {
  const performances = await runs(scenario)
  rows.push(rowOf(scenario, performances))
  if (performances.some(({ faults }) => faults.length > 0)) process.exitCode = 1
  else if (values.write) writeFileSync(page, withRows(readFileSync(page, 'utf8'), rows))
}
process.stdout.write(tableOf(rows))
