import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { stringify } from 'yaml'
import { METRIC_PREFIX, metricDefinitions } from '../../src/telemetry/metric-definitions.ts'
import { dashboardQueries } from './expressions.ts'
import { folderWith } from './rendering.ts'
import { answerOf, skipped } from './tools.ts'

describe('the dashboard of the chart', { skip: skipped }, () => {
  it('asks what Prometheus understands', async (t) => {
    const rules = dashboardQueries().map(({ query }, place) => ({ record: `query_${place}`, expr: query }))
    const folder = folderWith(t, { 'rules.yaml': stringify({ groups: [{ name: 'dashboard', rules }] }) })
    const { code, text } = await answerOf('promtool', ['check', 'rules', join(folder, 'rules.yaml')])
    assert.equal(code, 0, text)
    assert.match(text, new RegExp(`${rules.length} rules found`))
  })

  it('shows every metric that the service has, and no other', () => {
    const known = metricDefinitions.map(({ name }) => `${METRIC_PREFIX}${name}`)
    const used = dashboardQueries().flatMap(({ query }) => query.match(/mytracker_sink_\w+(?=\{)/g) ?? [])
    const names = new Set(used.map((name) => (known.includes(name) ? name : name.replace(/_(bucket|sum|count)$/, ''))))
    assert.deepEqual([...names].toSorted(), known.toSorted())
  })
})
