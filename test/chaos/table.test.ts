import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Performance } from './perform.ts'
import type { Scenario } from './scenario.ts'
import { scenarios } from './scenarios.ts'
import { BEGIN, END, rowOf, withRows } from './table.ts'

const [first, second, third] = scenarios as [Scenario, Scenario, Scenario, ...Scenario[]]
const run: Performance = {
  ...{ produced: 10, accepted: 9, lost: 1, twice: 2, outOfOrder: 3, stray: 0 },
  ...{ allowedTwice: 4, peakRssMiB: 100.4, seconds: 1, remark: 'so', faults: [] },
}

test('a row sums up the runs, and names the highest memory', () => {
  const row = rowOf({ ...first, name: 'x', title: 'y' }, [run, { ...run, peakRssMiB: 160 }])
  assert.equal(row, '| x | y | 2 | 20 | 18 | 2 | 4 (8) | 6 | 160 | so |')
  assert.match(rowOf(first, [{ ...run, allowedTwice: undefined }]), /\| 2 \(reported\) \|/)
})

test('rows replace those of their scenarios, in the order of the scenarios, and leave the others and the page alone', () => {
  const empty = `before\n${BEGIN}\n${END}\nafter\n`
  const some = withRows(empty, [rowOf(third, [run]), rowOf(first, [run])])
  const all = withRows(some, [rowOf(second, [run]), rowOf(first, [{ ...run, lost: 0 }])])
  const rows = all.split('\n').filter((line) => scenarios.some(({ name }) => line.startsWith(`| ${name} |`)))
  assert.deepEqual(rows, [rowOf(first, [{ ...run, lost: 0 }]), rowOf(second, [run]), rowOf(third, [run])])
  assert.ok(all.startsWith('before\n') && all.endsWith('after\n'))
  assert.equal(withRows(all, []), all)
  assert.throws(() => withRows('no markers', []), /lacks the lines/)
})
