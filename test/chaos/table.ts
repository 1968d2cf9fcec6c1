import type { Performance } from './perform.ts'
import type { Scenario } from './scenario.ts'
import { scenarios } from './scenarios.ts'

export const BEGIN = '<!-- What follows is written by `npm run test:chaos -- --write`. -->'
export const END = '<!-- End of what is written. -->'

const HEAD = `| scenario | what happens | runs | produced | accepted | lost | twice (at most) | out of order | peak RSS, MiB | besides |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |`

/** One line of the table: the sums over a scenario's runs, and the highest memory. */
export function rowOf({ name, title }: Scenario, runs: readonly Performance[]): string {
  const sum = (of: (run: Performance) => number): number => runs.reduce((total, run) => total + of(run), 0)
  const [{ allowedTwice } = {}] = runs
  const bound = allowedTwice === undefined ? 'reported' : String(sum((run) => run.allowedTwice ?? 0))
  const remarks = [...new Set(runs.map(({ remark }) => remark).filter((remark) => remark !== ''))].join(' / ')
  const cells = [
    ...[name, title, runs.length, sum(({ produced }) => produced), sum(({ accepted }) => accepted), sum(({ lost }) => lost)],
    ...[`${sum(({ twice }) => twice)} (${bound})`, sum(({ outOfOrder }) => outOfOrder)],
    ...[Math.max(...runs.map(({ peakRssMiB }) => peakRssMiB)).toFixed(0), remarks],
  ]
  return `| ${cells.join(' | ')} |`
}

export function tableOf(rows: readonly string[]): string {
  return `${HEAD}\n${rows.join('\n')}\n`
}

/** The page with these rows in the place of those of the same scenarios; the others stay. */
export function withRows(page: string, rows: readonly string[]): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`the page lacks the lines ${BEGIN} and ${END}`)
  const known = page.slice(begin, end).split('\n')
  const nameOf = (row: string): string => row.split(' | ')[0] ?? ''
  const all = scenarios.flatMap(({ name }) => {
    const ofIt = (row: string): boolean => nameOf(row) === `| ${name}`
    return rows.find(ofIt) ?? known.find(ofIt) ?? []
  })
  return `${page.slice(0, begin)}${BEGIN}\n\n${tableOf(all)}\n${page.slice(end)}`
}
