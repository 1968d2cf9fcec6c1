import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chart } from './rendering.ts'

interface Panel {
  readonly title: string
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

interface Dashboard {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
}

const dashboard = (): Dashboard => JSON.parse(readFileSync(join(chart, 'dashboards/mytracker-sink.json'), 'utf8')) as Dashboard

/** As Grafana fills it in for the release `sink` in the namespace `events`. */
const filled = (query: string): string => query.replaceAll('$namespace', 'events').replaceAll('$job', 'sink')

/** Every query of the dashboard, and the labels that its legend shows. `rateInterval`: four scrapes, as Grafana would take it. */
export function dashboardQueries(rateInterval = '4m'): { readonly query: string; readonly labels: readonly string[] }[] {
  return dashboard().panels.flatMap(({ targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      query: filled(expr).replaceAll('$__rate_interval', rateInterval),
      labels: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
    })),
  )
}

/** The choices above the dashboard: a label, and the series whose values of it are offered. */
export function dashboardChoices(): { readonly label: string; readonly selector: string }[] {
  return dashboard().templating.list.flatMap(({ definition = '' }) => {
    const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? []
    return label === '' ? [] : [{ label, selector: filled(selector) }]
  })
}
