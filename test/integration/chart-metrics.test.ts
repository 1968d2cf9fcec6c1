/** A running sink, scraped by a real Prometheus as the chart's monitor says: what its dashboard and its alerts make of a bad day. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { parse, stringify } from 'yaml'
import { startSimulator } from '../../src/simulator/server.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { dashboardChoices, dashboardQueries } from '../chart/expressions.ts'
import { folderWith, manifestsOf, only, renderedFrom, valuesOf } from '../chart/rendering.ts'
import { scrapeConfigOf } from '../chart/scrape-config.ts'
import { skipped } from '../chart/tools.ts'
import { Asking } from '../support/asking.ts'
import { encodeScored, scoredSchema, scores, writeGameConfig } from '../support/game.ts'
import type { Alert } from '../support/prometheus.ts'
import { Prometheus } from '../support/prometheus.ts'
import { SinkProcess, until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const PARTITIONS = 3
const run = Date.now().toString(36)
const topic = `watched-${run}`
const groupId = `watched-${run}`
const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))

/** What each alert shall tell, beside namespace and job. */
const told: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  MytrackerSinkLagGrowing: { severity: 'warning', topic },
  MytrackerSinkHeld: { severity: 'critical', topic },
  MytrackerSinkBreakerOpen: { severity: 'critical' },
  MytrackerSinkAppBlocked: { severity: 'critical', app: 'web' },
  MytrackerSinkDeadLetters: { severity: 'warning', reason: 'not-framed' },
  MytrackerSinkRetentionRunningOut: { severity: 'critical', topic },
  MytrackerSinkRecordsMissed: { severity: 'critical', topic },
  MytrackerSinkNoCommits: { severity: 'critical' },
  MytrackerSinkAbsent: { severity: 'critical' },
}

/** A sink with a bad day before it: records that were deleted before it came, an app that is refused, a tracker that goes. */
async function sinkOf(t: TestContext) {
  const cluster = await Cluster.connect(await sharedStack())
  t.after(() => cluster.close())
  const schemaId = await cluster.register(`${topic}-value`, scoredSchema)
  await cluster.createTopic(topic, PARTITIONS, { 'retention.ms': '3600000' })
  const missed = Array.from({ length: 10 }, () => ({ partition: 2, key: 'late', value: Buffer.from('late') }))
  await cluster.produce(topic, missed)
  const partitions = [0, 1, 2].map((partition) => ({ partition, offset: '0' }))
  await cluster.admin.setOffsets({ groupId, topic, partitions })
  await cluster.admin.deleteTopicRecords({ topic, partitions: [{ partition: 2, offset: '10' }] })

  let isDown = false
  const tracker = await startSimulator({
    journal: 'count',
    fault: ({ idApp, events = [] }) => {
      if (idApp === '2') return { status: 403, body: 'Forbidden' }
      const isDoomed = events.some((event) => (event as { customUserId?: unknown }).customUserId === 'doomed')
      return isDown || isDoomed ? { status: 503, body: '{}' } : undefined
    },
  })
  t.after(() => tracker.stop())
  const more = 'retry: { inPlace: { attempts: 1, delay: 10ms }, tiers: [1h] }\nbreaker: { failures: 3, probeAfter: 1m }'
  const sink = new SinkProcess(t, writeGameConfig(cluster, directory, { topic, groupId, trackerUrl: tracker.url, more }))
  const asking = await Asking.of(sink)
  await until('it is ready', async () => (await asking.code('/readyz')) === 200)

  const one = (id: string, event: { comment?: string } = {}) => ({
    ...{ partition: 0, key: id, value: encodeScored(schemaId, { id, player: id, ...event }) },
  })
  const badDay = async () => {
    const { messages } = scores(schemaId, 300, PARTITIONS)
    const odd = ['a', 'b'].map((key) => ({ partition: 1, key, value: key === 'a' ? null : Buffer.from('no frame') }))
    await cluster.produce(topic, [...messages, ...odd, one('long', { comment: 'x'.repeat(5_000) }), one('doomed')])
    await asking.until('all has come about', ({ counts: { parked, deadLettered, skipped: left }, apps }) => {
      const isBlocked = apps.some(({ state }) => state === 'blocked')
      return isBlocked && [parked.unavailable, deadLettered['not-framed'], left.tombstone].every(Boolean)
    })
    isDown = true
    await cluster.produce(topic, messages)
  }
  return { sink, asking, badDay }
}

/** Prometheus with what the chart renders for it: every rule once as it is, and once in a hurry. */
async function watching(t: TestContext, kind: string, port: number): Promise<Prometheus> {
  const values = parse(readFileSync(valuesOf('service-monitor'), 'utf8'))
  values.config.http = { port }
  values.monitor = { kind, interval: '1s', scrapeTimeout: '1s' }
  values.alerts = { enabled: true, lagSeconds: 1, heldSeconds: 1 }
  const folder = folderWith(t, { 'values.yaml': stringify(values) })
  const manifests = manifestsOf(await renderedFrom(join(folder, 'values.yaml')))
  const { spec } = only('PrometheusRule', manifests)
  assert.deepEqual(
    spec.groups.flatMap(({ rules }: { rules: { alert: string }[] }) => rules.map(({ alert }) => alert)),
    Object.keys(told),
  )
  return await Prometheus.start(t, [scrapeConfigOf(manifests, 'sink-0')], { 'rules.yaml': spec, 'hurried.yaml': hurried(spec) })
}

/** Two rules of one name and with the same labels write the same series, and the later one now and then before the other. */
const inAHurry = (alert: string): string => `${alert}InAHurry`

/** Without `for`, and looking back on seconds in place of ten minutes. */
const hurried = ({ groups }: { groups: { name: string; rules: { alert: string; expr: string; for?: string }[] }[] }) => ({
  groups: groups.map(({ name, rules }) => ({
    name,
    rules: rules.map(({ for: _, alert, expr, ...rule }) => ({
      ...rule,
      alert: inAHurry(alert),
      expr: expr.replaceAll('10m', '4s'),
    })),
  })),
})

test('a sink on a bad day, watched as the chart says', { skip: skipped }, async (t) => {
  const { sink, asking, badDay } = await sinkOf(t)
  const port = Number(new URL(asking.url).port)
  const watchers = await Promise.all(
    ['PodMonitor', 'ServiceMonitor'].map(async (kind) => ({ kind, prometheus: await watching(t, kind, port) })),
  )
  for (const { kind, prometheus } of watchers) {
    await until(`it is scraped through its ${kind}`, () => prometheus.hasSeries('mytracker_sink_partitions_assigned'))
    // Long after the start an increase tells of what is missed: from 0 on, of retry topics, too.
    assert.ok(await prometheus.hasSeries(`mytracker_sink_records_missed_total{topic="${groupId}.retry.1h"}`))
  }
  await badDay()

  for (const { kind, prometheus } of watchers) {
    await t.test(`${kind}: every query of the dashboard is answered, with series of this release`, async () => {
      await isAnswered(prometheus)
    })
    await t.test(`${kind}: every rule is evaluated, and all that it reads is there`, async () => await isEvaluated(prometheus))
    await t.test(`${kind}: every alert fires while the sink runs, and says what is wrong`, async () => {
      const alerts = Object.keys(told).filter((name) => name !== 'MytrackerSinkAbsent')
      await fire(prometheus, alerts)
      // A scrape may take too long once, which is an absence in a hurry.
      await until('it is not absent', async () =>
        (await prometheus.firing()).every(({ labels }) => labels.alertname !== inAHurry('MytrackerSinkAbsent')),
      )
    })
  }
  await sink.end('SIGTERM')
  for (const { kind, prometheus } of watchers) {
    await t.test(`${kind}: a sink that has gone is told of`, async () => await fire(prometheus, ['MytrackerSinkAbsent']))
  }
})

async function isAnswered(prometheus: Prometheus): Promise<void> {
  const choices = dashboardChoices().map(async ({ label, selector }) => await prometheus.labelValues(label, selector))
  assert.deepEqual(await Promise.all(choices), [['events'], ['sink']])
  const queries = dashboardQueries('4s')
  assert.ok(queries.length > 30)
  for (const { query, labels } of queries) {
    await until(`${query} is answered`, async () => (await prometheus.history(query)).length > 0, 10_000)
    for (const { metric } of await prometheus.history(query)) {
      for (const label of labels) assert.ok(metric[label], `the legend of ${query} shows ${label}`)
    }
    await isRead(prometheus, query)
  }
}

async function isEvaluated(prometheus: Prometheus): Promise<void> {
  await until('all rules are evaluated', async () => (await prometheus.rules()).every(({ health }) => health !== 'unknown'))
  const rules = await prometheus.rules()
  assert.equal(rules.length, 2 * Object.keys(told).length)
  for (const { name, query, health, lastError } of rules) {
    assert.deepEqual({ name, health, lastError }, { name, health: 'ok', lastError: undefined })
    await isRead(prometheus, query)
  }
}

/** Alternatives and `unless` are answered though a series is missing: each is looked for by itself. */
async function isRead(prometheus: Prometheus, query: string): Promise<void> {
  const selectors = await prometheus.selectorsOf(query)
  assert.ok(selectors.length > 0)
  for (const selector of selectors) {
    await until(`there is ${selector}`, async () => await prometheus.hasSeries(selector), 10_000)
  }
}

/** Waits for each of these alerts as it shall be. */
async function fire(prometheus: Prometheus, names: readonly string[]): Promise<void> {
  for (const alertname of names) {
    const labels = { alertname: inAHurry(alertname), namespace: 'events', job: 'sink', ...told[alertname] }
    let firing: readonly Alert[] = []
    let found: Alert | undefined
    const look = async () => {
      firing = await prometheus.firing()
      found = firing.find((alert) => isDeepStrictEqual(alert.labels, labels))
      return found !== undefined
    }
    await until(`${JSON.stringify(labels)} fires`, look, 30_000).catch((error: Error) => {
      throw new Error(`${error.message}; what fires is ${JSON.stringify(firing)}`)
    })
    const { summary = '', description = '' } = found?.annotations ?? {}
    const { severity: _, ...named } = told[alertname] ?? {}
    for (const name of Object.values(named)) assert.ok(summary.includes(name), summary)
    assert.match(summary, /^\w.+\.$/)
    assert.match(description, /^[\w`].+\.$/)
    assert.doesNotMatch(summary + description, /<no value>|<error|\{\{|NaN/)
  }
}
