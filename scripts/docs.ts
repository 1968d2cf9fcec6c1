/** Writes the pages that are made from the source. `npm run docs` runs it; unit tests say when a page is stale. */
import { readFileSync, writeFileSync } from 'node:fs'
import { configJsonSchema } from '../src/config/json-schema.ts'
import { chartDashboard } from './chart-dashboard.ts'
import { chartReadme } from './chart-readme.ts'
import { chartSchema } from './chart-schema.ts'
import { configurationPage } from './configuration-page.ts'
import { metricsPage } from './metrics-page.ts'
import { parametersPage } from './parameters-page.ts'

export interface Page {
  /** From the root of the repository. */
  readonly path: string
  readonly render: () => string
}

const root = new URL('../', import.meta.url)
const contentOf = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** Another page is one more entry. */
export const pages: readonly Page[] = [
  { path: 'config/schema.json', render: () => `${JSON.stringify(configJsonSchema(), null, 2)}\n` },
  { path: 'docs/parameters.md', render: parametersPage },
  { path: 'docs/metrics.md', render: metricsPage },
  { path: 'docs/configuration.md', render: () => configurationPage(contentOf('config/full.yaml')) },
  { path: 'helm/values.schema.json', render: chartSchema },
  { path: 'helm/dashboards/mytracker-sink.json', render: chartDashboard },
  { path: 'helm/README.md', render: () => chartReadme(contentOf('helm/values.yaml')) },
]

if (import.meta.main) {
  for (const { path, render } of pages) writeFileSync(new URL(path, root), render())
}
