import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chart } from './rendering.ts'

interface Panel {
  readonly title: string
  readonly targets?: readonly { readonly expr: string }[]
}

/** Every query of the dashboard, for the release `sink` in the namespace `events` and a scrape a minute. */
export function dashboardQueries(): string[] {
  const { panels } = JSON.parse(readFileSync(join(chart, 'dashboards/mytracker-sink.json'), 'utf8')) as {
    readonly panels: readonly Panel[]
  }
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  return queries.map((query) =>
    query.replaceAll('$namespace', 'events').replaceAll('$job', 'sink').replaceAll('$__rate_interval', '4m'),
  )
}
