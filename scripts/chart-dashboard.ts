/** helm/dashboards/mytracker-sink.json: a Grafana dashboard, from one table of what it shows. Pure. */
import { METRIC_PREFIX } from '../src/telemetry/metric-definitions.ts'

interface Panel {
  readonly title: string
  /** What a person should make of it. */
  readonly about: string
  /** A text of the legend, and the query; `NAME{}` stands for a metric of ours, of the chosen release. */
  readonly shows: Readonly<Record<string, string>>
  /** As Grafana names it; short: a plain number. */
  readonly unit?: 's' | 'bytes' | 'short' | 'reqps' | 'percentunit'
  /** One number in place of a curve, coloured from these values on; below `green` it is red. */
  readonly stat?: { readonly green?: number; readonly yellow?: number; readonly red?: number }
}

const quantiles = (name: string) => ({
  p50: `histogram_quantile(0.5, sum by (le) (rate(${name}_bucket{}[$__rate_interval])))`,
  p99: `histogram_quantile(0.99, sum by (le) (rate(${name}_bucket{}[$__rate_interval])))`,
})
const mean = (name: string) => `sum(rate(${name}_sum{}[$__rate_interval])) / sum(rate(${name}_count{}[$__rate_interval]))`

const rows: Readonly<Record<string, readonly Panel[]>> = {
  'How it is': [
    {
      title: 'Lag',
      about: 'Age of the oldest record that is not committed.',
      shows: { lag: 'max(lag_seconds{})' },
      unit: 's',
      stat: { yellow: 60, red: 300 },
    },
    {
      title: 'Records behind',
      about: 'Offsets between what is committed and the end.',
      shows: { records: 'sum(lag_records{})' },
      stat: {},
    },
    {
      title: 'Longest without an outcome',
      about: 'Minutes mean that something holds a record: ask `mytracker-sink status`.',
      shows: { oldest: 'max(oldest_open_seconds{})' },
      unit: 's',
      stat: { yellow: 60, red: 600 },
    },
    {
      title: 'Breaker',
      about: '1: the tracker counts as down, and all waits.',
      shows: { open: 'max(breaker_open{})' },
      stat: { red: 1 },
    },
    {
      title: 'Apps refused',
      about: 'Apps whose token the tracker refuses.',
      shows: { apps: 'count(max by (app) (app_blocked{}) == 1) or vector(0)' },
      stat: { red: 1 },
    },
    {
      title: 'Instances at work',
      about: 'Instances that have partitions.',
      shows: { instances: 'count(partitions_assigned{} > 0) or vector(0)' },
      stat: { green: 1 },
    },
  ],
  'What becomes of records': [
    {
      title: 'Records a second',
      about: 'Read, and what became of them. In the long run the others add up to what is read.',
      shows: {
        read: 'sum(rate(records_consumed_total{}[$__rate_interval]))',
        delivered: 'sum(rate(records_delivered_total{}[$__rate_interval]))',
        skipped: 'sum(rate(records_skipped_total{}[$__rate_interval]))',
        parked: 'sum(rate(records_parked_total{}[$__rate_interval]))',
        dead: 'sum(rate(records_dead_lettered_total{}[$__rate_interval]))',
      },
    },
    {
      title: 'Delivered a second, by app',
      about: 'What the tracker answered with a 200.',
      shows: { '{{app}} {{method}}': 'sum by (app, method) (rate(records_delivered_total{}[$__rate_interval]))' },
    },
    {
      title: 'Dead letters, parked, missed',
      about:
        'In the last interval, by reason. Missed records are lost: they were deleted before they were read; they are counted from the start of the pods on.',
      shows: {
        'dead: {{reason}}': 'sum by (reason) (increase(records_dead_lettered_total{}[$__rate_interval]))',
        'parked: {{reason}}': 'sum by (reason) (increase(records_parked_total{}[$__rate_interval]))',
        // Mostly found at the start, before the first scrape, where no increase would show them.
        'missed: {{topic}}': 'sum by (topic) (records_missed_total{})',
        'dropped parameter: {{param}}': 'sum by (param) (increase(params_dropped_total{}[$__rate_interval]))',
      },
    },
    {
      title: 'Waiting on retry topics',
      about: 'Parked records that wait for another try.',
      shows: { '{{tier}}': 'sum by (tier) (parked_waiting{})' },
    },
    {
      title: 'From Kafka to the 200',
      about: "From a record's Kafka timestamp on; a replayed backlog shows its age.",
      shows: quantiles('record_latency_seconds'),
      unit: 's',
    },
  ],
  'What waits': [
    {
      title: 'Lag by topic',
      about: 'Age of the next record to commit.',
      shows: { '{{topic}}': 'max by (topic) (lag_seconds{})' },
      unit: 's',
    },
    {
      title: 'Records behind by topic',
      about: 'Offsets between what is committed and the end.',
      shows: { '{{topic}}': 'sum by (topic) (lag_records{})' },
    },
    {
      title: 'Retention left',
      about: 'Until the next record to commit expires; nothing where nothing waits.',
      shows: { '{{topic}}': 'min by (topic) (retention_left_seconds{})' },
      unit: 's',
    },
    {
      title: 'Open records',
      about: 'Read and without an outcome; a window that is full holds up its partition.',
      shows: { '{{topic}}': 'sum by (topic) (open_records{})' },
    },
  ],
  'The tracker': [
    {
      title: 'Requests a second, by answer',
      about: 'none: no answer came.',
      shows: { '{{status}}': 'sum by (status) (rate(requests_total{}[$__rate_interval]))' },
      unit: 'reqps',
    },
    { title: 'Time to the answer', about: 'Of a request.', shows: quantiles('request_duration_seconds'), unit: 's' },
    {
      title: 'Requests under way',
      about: 'The limit moves by itself; where it sinks the tracker is slow or asks for fewer.',
      shows: { 'under way': 'sum(in_flight_requests{})', limit: 'sum(in_flight_limit{})' },
    },
    { title: 'Events in a request', about: 'Twenty are a full one.', shows: { mean: mean('batch_events') } },
    { title: 'Bytes of a request', about: 'Of its body.', shows: { mean: mean('batch_bytes') }, unit: 'bytes' },
  ],
  'Kafka and the process': [
    {
      title: 'Commits a second',
      about: 'A failed one is tried again.',
      shows: { '{{result}}': 'sum by (result) (rate(offset_commits_total{}[$__rate_interval]))' },
    },
    { title: 'Time of a commit', about: 'Up to its acknowledgement.', shows: quantiles('commit_duration_seconds'), unit: 's' },
    {
      title: 'Rebalances',
      about: 'How often partitions were dealt out, and consumers made anew because they did not go on.',
      shows: {
        '{{pod}}': 'sum by (pod) (increase(rebalances_total{}[$__rate_interval]))',
        'made anew: {{reason}}': 'sum by (reason) (increase(consumer_rebuilds_total{}[$__rate_interval]))',
      },
    },
    { title: 'Partitions', about: 'Of the sources, by instance.', shows: { '{{pod}}': 'sum by (pod) (partitions_assigned{})' } },
    { title: 'CPU', about: 'Cores.', shows: { '{{pod}}': 'sum by (pod) (rate(process_cpu_seconds_total{}[$__rate_interval]))' } },
    {
      title: 'Memory',
      about: 'Resident.',
      shows: { '{{pod}}': 'sum by (pod) (process_resident_memory_bytes{})' },
      unit: 'bytes',
    },
    {
      title: 'Event loop',
      about: 'How late it is, p99.',
      shows: { '{{pod}}': 'max by (pod) (nodejs_eventloop_lag_p99_seconds{})' },
      unit: 's',
    },
  ],
}

const GRID = 24
const source = { type: 'prometheus', uid: `\${datasource}` }

/** Metrics of ours get their prefix, all of them the chosen release. */
const written = (query: string): string =>
  query.replace(/(\w+)\{\}/g, (_, name: string) => {
    const whole = /^(process|nodejs)_/.test(name) ? name : METRIC_PREFIX + name
    return `${whole}{namespace="$namespace",job="$job"}`
  })

const steps = ({ green, yellow, red }: NonNullable<Panel['stat']>) => [
  { color: green === undefined ? 'green' : 'red', value: null },
  ...(green === undefined ? [] : [{ color: 'green', value: green }]),
  ...(yellow === undefined ? [] : [{ color: 'yellow', value: yellow }]),
  ...(red === undefined ? [] : [{ color: 'red', value: red }]),
]

function panelOf({ title, about, shows, unit = 'short', stat }: Panel, id: number, gridPos: object): object {
  const thresholds =
    stat === undefined ? {} : { color: { mode: 'thresholds' }, thresholds: { mode: 'absolute', steps: steps(stat) } }
  return {
    id,
    type: stat === undefined ? 'timeseries' : 'stat',
    title,
    description: about,
    datasource: source,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0, ...thresholds }, overrides: [] },
    targets: Object.entries(shows).map(([legendFormat, query], place) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + place),
      datasource: source,
      expr: written(query),
      legendFormat,
    })),
  }
}

/** One row after the other, each filled from the left; numbers are narrow and low. */
function panels(): object[] {
  const made: object[] = []
  let y = 0
  for (const [title, own] of Object.entries(rows)) {
    made.push({ id: made.length + 1, type: 'row', title, collapsed: false, gridPos: { x: 0, y, w: GRID, h: 1 }, panels: [] })
    y += 1
    const isStats = own.every(({ stat }) => stat !== undefined)
    const [w, h] = isStats ? [GRID / own.length, 4] : [GRID / 3, 8]
    let x = 0
    for (const panel of own) {
      if (x + w > GRID) [x, y] = [0, y + h]
      made.push(panelOf(panel, made.length + 1, { x, y, w, h }))
      x += w
    }
    y += h
  }
  return made
}

const chosen = (name: string, label: string, query: string) => ({
  ...{ name, label, type: 'query', datasource: source, query: { query, refId: name }, definition: query },
  ...{ refresh: 2, sort: 1, includeAll: false, multi: false },
})

export function chartDashboard(): string {
  const present = `${METRIC_PREFIX}partitions_assigned`
  const dashboard = {
    ...{
      uid: 'mytracker-sink',
      title: 'mytracker-sink',
      tags: ['mytracker-sink'],
      schemaVersion: 39,
      version: 1,
      editable: true,
    },
    ...{ time: { from: 'now-3h', to: 'now' }, refresh: '30s', timezone: 'browser', graphTooltip: 1 },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        chosen('namespace', 'Namespace', `label_values(${present}, namespace)`),
        chosen('job', 'Release', `label_values(${present}{namespace="$namespace"}, job)`),
      ],
    },
    annotations: { list: [] },
    panels: panels(),
  }
  return `${JSON.stringify(dashboard, null, 2)}\n`
}
