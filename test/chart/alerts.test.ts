/** The rules as promtool sees them, with series that make each alert fire and series that do not. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse, stringify } from 'yaml'
import { METRIC_PREFIX, metricDefinitions } from '../../src/telemetry/metric-definitions.ts'
import { folderWith, manifestsOf, only, rendered } from './rendering.ts'
import { answerOf, skipped } from './tools.ts'

const text = readFileSync(new URL('alerts.yaml', import.meta.url), 'utf8')

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly annotations: Readonly<Record<string, string>>
}

interface Tests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[]
  }[]
}

const rules = async (name: string): Promise<{ readonly groups: readonly { readonly rules: readonly Rule[] }[] }> =>
  only('PrometheusRule', manifestsOf(await rendered(name))).spec

describe('the alerts of the chart', { skip: skipped }, () => {
  it('fire where they shall, and are silent where not', async (t) => {
    const folder = folderWith(t, { 'rules.yaml': stringify(await rules('service-monitor')), 'alerts.yaml': text })
    const { code, text: said } = await answerOf('promtool', ['test', 'rules', join(folder, 'alerts.yaml')])
    assert.equal(code, 0, said)
  })

  it('are each tried both ways', async () => {
    const tried = (parse(text, { merge: true }) as Tests).tests.flatMap((test) => test.alert_rule_test)
    for (const { alert } of (await rules('service-monitor')).groups.flatMap((group) => group.rules)) {
      const own = tried.filter(({ alertname }) => alertname === alert)
      assert.ok(
        own.some((each) => each.exp_alerts.length > 0),
        `no test makes ${alert} fire`,
      )
      assert.ok(
        own.some((each) => each.exp_alerts.length === 0),
        `no test keeps ${alert} silent`,
      )
    }
  })

  for (const name of ['service-monitor', 'own-scraper', 'full']) {
    it(`${name}: lint finds nothing`, async (t) => {
      const folder = folderWith(t, { 'rules.yaml': stringify(await rules(name)) })
      const { code, text: said } = await answerOf('promtool', ['check', 'rules', '--lint-fatal', join(folder, 'rules.yaml')])
      assert.equal(code, 0, said)
    })
  }

  it('rest on metrics that the service has', async () => {
    const known = metricDefinitions.map((metric) => `${METRIC_PREFIX}${metric.name}`)
    const used = JSON.stringify(await rules('service-monitor')).match(/mytracker_sink_\w+/g) ?? []
    assert.deepEqual(
      [...new Set(used)].filter((name) => !known.includes(name)),
      [],
    )
  })

  it('are those that docs/kubernetes.md explains', async () => {
    const page = readFileSync(new URL('../../docs/kubernetes.md', import.meta.url), 'utf8')
    const explained = [...page.matchAll(/^\| `(MytrackerSink\w+)` \|/gm)].map(([, name]) => name)
    const alerts = (await rules('service-monitor')).groups.flatMap((group) => group.rules.map(({ alert }) => alert))
    assert.deepEqual(explained, alerts)
  })
})
