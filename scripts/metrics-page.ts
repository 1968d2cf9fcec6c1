import { METRIC_PREFIX, metricDefinitions } from '../src/telemetry/metric-definitions.ts'

const kinds = { counter: 'Counters', histogram: 'Histograms', gauge: 'Gauges' } as const

/** docs/metrics.md. */
export function metricsPage(): string {
  const sections = (Object.keys(kinds) as (keyof typeof kinds)[]).map((kind) => {
    const rows = metricDefinitions
      .filter((definition) => definition.kind === kind)
      .map(({ name, labels, unit, help }) => `| \`${name}\` | ${labelsOf(labels)} | ${unit} | ${help} |`)
    return `## ${kinds[kind]}\n\n| name | labels | unit | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`
  })
  return `# Metrics

<!-- Made by \`npm run docs\` from src/telemetry/metric-definitions.ts. -->

\`GET /metrics\`, in Prometheus's text format. Every name begins with \`${METRIC_PREFIX}\`. Beside these there are the runtime's own, under
their usual names (\`process_*\`, \`nodejs_*\`).

Gauges tell of the partitions that the instance has at the moment, so sums over instances are right. Counters count since the start of the
process.

${sections.join('\n')}`
}

function labelsOf(labels: readonly string[]): string {
  return labels.length === 0 ? '–' : labels.map((label) => `\`${label}\``).join(', ')
}
