/** What the chart's dashboard and alerts ask, asked of the metrics of a running sink, by Prometheus's own engine. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { stringify } from 'yaml'
import { startSimulator } from '../../src/simulator/server.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { dashboardQueries } from '../chart/expressions.ts'
import { folderWith, manifestsOf, only, rendered } from '../chart/rendering.ts'
import { answerOf, skipped } from '../chart/tools.ts'
import { Asking } from '../support/asking.ts'
import { encodeScored, scoredSchema, scores, writeGameConfig } from '../support/game.ts'
import { SinkProcess, until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const PARTITIONS = 3
/** What is not brought about here: records that are deleted before they are read, and a consumer that has to be made anew. */
const RARE = /records_missed_total|consumer_rebuilds_total/
const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))

/** The body of /metrics as series of a scrape a minute: `before` once, then `later`. */
function seriesOf(before: string, later: string): { readonly series: string; readonly values: string }[] {
  const earlier = new Map(samplesOf(before))
  return samplesOf(later).map(([series, value]) => ({ series, values: `${earlier.get(series) ?? '_'} ${value}x5` }))
}

/** With the labels that the operator's monitor adds. */
const samplesOf = (text: string): (readonly [string, string])[] =>
  [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)]
    .filter(([, , , value]) => value !== 'Nan')
    .map(([, name, labels, value = '']) => [
      `${name}{${labels === undefined ? '' : `${labels},`}namespace="events",job="sink",pod="sink-0"}`,
      value,
    ])

test('every query of the dashboard, and every series that an alert looks at, is there', { skip: skipped }, async (t) => {
  const cluster = await Cluster.connect(await sharedStack())
  t.after(() => cluster.close())
  const schemaId = await cluster.register('game', scoredSchema)
  const topic = 'watched-events'
  await cluster.createTopic(topic, PARTITIONS)
  const isDoomed = (events: readonly unknown[] = []) =>
    events.some((event) => (event as { customUserId?: unknown }).customUserId === 'doomed')
  const tracker = await startSimulator({
    journal: 'hits',
    fault: ({ idApp, events }) => {
      if (idApp === '2') return { status: 403, body: 'Forbidden' }
      return isDoomed(events) ? { status: 500, body: '{}' } : undefined
    },
  })
  t.after(() => tracker.stop())
  const more = 'retry: { inPlace: { attempts: 1, delay: 10ms }, tiers: [1h] }'
  const sink = new SinkProcess(
    t,
    writeGameConfig(cluster, directory, { topic, groupId: 'watched', trackerUrl: tracker.url, more }),
  )
  const asking = await Asking.of(sink)
  await until('it is ready', async () => (await asking.code('/readyz')) === 200)
  const scrape = async () => await asking.text('/metrics')
  const before = await scrape()

  const { messages } = scores(schemaId, 600, PARTITIONS)
  const one = (key: string, event: object) => ({
    partition: 0,
    key,
    value: encodeScored(schemaId, { id: key, player: key, ...event }),
  })
  await cluster.produce(topic, [
    ...messages,
    { partition: 1, key: 'a', value: null },
    { partition: 1, key: 'b', value: Buffer.from('no frame') },
    one('long', { comment: 'x'.repeat(5_000) }),
  ])
  await cluster.produce(topic, [one('doomed', {})])
  await asking.until('all has come about', ({ counts, apps }) => {
    const { parked, deadLettered, skipped: left } = counts
    return (
      [parked.unavailable, deadLettered['not-framed'], left.tombstone].every(Boolean) &&
      apps.some(({ state }) => state === 'blocked')
    )
  })
  await until('a gauge tells of them', async () => /parked_waiting\{tier="1h"\} [1-9]/.test(await scrape()))

  const alerts = JSON.stringify(only('PrometheusRule', manifestsOf(await rendered('service-monitor'))).spec.groups).replaceAll(
    '\\"',
    '"',
  )
  const watched = [...new Set(alerts.match(/mytracker_sink_\w+\{[^}]+\}/g))].filter((selector) => !RARE.test(selector))
  assert.ok(watched.length > 8)
  const queries = [...dashboardQueries().filter((query) => !RARE.test(query)), ...watched]
  const tests = [
    {
      interval: '1m',
      input_series: seriesOf(before, await scrape()),
      // A NaN is no answer, and it is not even equal to itself.
      promql_expr_test: queries.map((query) => ({
        expr: `count((${query}) == (${query})) > bool 0`,
        eval_time: '3m',
        exp_samples: [{ labels: '{}', value: 1 }],
      })),
    },
  ]
  const folder = folderWith(t, { 'queries.yaml': stringify({ rule_files: [], evaluation_interval: '1m', tests }) })
  const { code, text } = await answerOf('promtool', ['test', 'rules', join(folder, 'queries.yaml')])
  assert.equal(code, 0, text)
})
