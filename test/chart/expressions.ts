import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chart } from './rendering.ts'

interface Panel {
  readonly title: string
  readonly targets?: readonly { readonly expr: string }[]
}

interface Dashboard {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
}

const dashboard = (): Dashboard => JSON.parse(readFileSync(join(chart, 'dashboards/mytracker-sink.json'), 'utf8')) as Dashboard

/** As Grafana fills it in for the release `sink` in the namespace `events`. */
const filled = (query: string): string => query.replaceAll('$namespace', 'events').replaceAll('$job', 'sink')

/** Every query of the dashboard. `rateInterval`: four scrapes, as Grafana would take it. */
export function dashboardQueries(rateInterval = '4m'): string[] {
  const queries = dashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  return queries.map((query) => filled(query).replaceAll('$__rate_interval', rateInterval))
}

/** The choices above the dashboard: a label, and the series whose values of it are offered. */
export function dashboardChoices(): { readonly label: string; readonly selector: string }[] {
  return dashboard().templating.list.flatMap(({ definition = '' }) => {
    const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? []
    return label === '' ? [] : [{ label, selector: filled(selector) }]
  })
}
