/** `npm run simulation -- [--schedules N] [--seed N]`: runs schedules of rising seeds and prints what happened in them. */
import { parseArgs } from 'node:util'
import type { Summary } from './world.ts'
import { runSchedule } from './world.ts'

const { values } = parseArgs({
  options: { schedules: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' } },
})
const [count, first] = [Number(values.schedules), Number(values.seed)]
const sums: Partial<Record<keyof Summary, number>> = {}
const startedAt = performance.now()
let failed = 0
for (let seed = first; seed < first + count; seed += 1) {
  try {
    const summary = await runSchedule(seed)
    for (const [name, value] of Object.entries(summary)) {
      const key = name as keyof Summary
      sums[key] = (sums[key] ?? 0) + value
    }
  } catch (error) {
    failed += 1
    if (failed <= 5) process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  }
}
const seconds = (performance.now() - startedAt) / 1_000
const facts = Object.entries(sums).map(([name, value]) => `${value} ${name}`)
process.stdout.write(`${facts.join(', ')}\n`)
process.stdout.write(
  `${count} schedules in ${seconds.toFixed(1)} s: ${((count / seconds) * 60).toFixed(0)} a minute, ${failed} failed\n`,
)
process.exitCode = failed === 0 ? 0 : 1
