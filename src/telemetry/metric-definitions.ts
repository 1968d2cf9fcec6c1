/** Every metric of ours as data: the registry and docs/metrics.md are read off it. Names are the operator's contract. */
export interface MetricDefinition {
  /** Without the prefix. */
  readonly name: string
  readonly kind: 'counter' | 'histogram' | 'gauge'
  readonly labels: readonly string[]
  readonly unit: string
  readonly help: string
  /** Upper bounds of a histogram's buckets, rising. */
  readonly buckets?: readonly number[]
}

export const METRIC_PREFIX = 'mytracker_sink_'

const place = ['topic', 'partition'] as const
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const LATENCY = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400]

export const metricDefinitions = [
  {
    name: 'records_consumed_total',
    kind: 'counter',
    labels: ['topic'],
    unit: 'records',
    help: 'Records read, from the sources and again from the retry topics',
  },
  {
    name: 'records_delivered_total',
    kind: 'counter',
    labels: ['app', 'method'],
    unit: 'records',
    help: 'Records that the tracker answered with a 200',
  },
  {
    name: 'records_skipped_total',
    kind: 'counter',
    labels: ['reason'],
    unit: 'records',
    help: 'Records left out by a rule of the configuration',
  },
  {
    name: 'records_missed_total',
    kind: 'counter',
    labels: ['topic'],
    unit: 'records',
    help: 'Records that were deleted from their topic before they were read; any is a loss',
  },
  {
    name: 'records_parked_total',
    kind: 'counter',
    labels: ['tier', 'reason'],
    unit: 'records',
    help: 'Records written to a retry topic and acknowledged',
  },
  {
    name: 'records_dead_lettered_total',
    kind: 'counter',
    labels: ['reason'],
    unit: 'records',
    help: 'Records written to the dead-letter topic and acknowledged',
  },
  {
    name: 'params_dropped_total',
    kind: 'counter',
    labels: ['param'],
    unit: 'parameters',
    help: 'Optional parameters that broke a rule of the tracker and were left out',
  },
  {
    name: 'requests_total',
    kind: 'counter',
    labels: ['method', 'status'],
    unit: 'requests',
    help: 'Requests to the tracker by the status of their answer; none: no answer came',
  },
  {
    name: 'offset_commits_total',
    kind: 'counter',
    labels: ['result'],
    unit: 'commits',
    help: 'Commits, ok or failed; a failed one is tried again',
  },
  {
    name: 'rebalances_total',
    kind: 'counter',
    labels: [],
    unit: 'joins',
    help: 'How often partitions were dealt to this instance, of the sources and of the retry topics, the first time included',
  },
  {
    name: 'consumer_rebuilds_total',
    kind: 'counter',
    labels: ['reason'],
    unit: 'rebuilds',
    help: 'How often a consumer was made anew: the Kafka client had crashed, or commits, fetches or a join did not go on',
  },
  {
    name: 'request_duration_seconds',
    kind: 'histogram',
    labels: [],
    unit: 'seconds',
    buckets: SECONDS,
    help: 'From a request to its answer, or to giving it up',
  },
  {
    name: 'record_latency_seconds',
    kind: 'histogram',
    labels: [],
    unit: 'seconds',
    buckets: LATENCY,
    help: "From a record's Kafka timestamp, where it first stood, to the 200",
  },
  {
    name: 'batch_events',
    kind: 'histogram',
    labels: [],
    unit: 'events',
    buckets: [1, 2, 5, 10, 15, 19, 20],
    help: 'Events in a request',
  },
  {
    name: 'batch_bytes',
    kind: 'histogram',
    labels: [],
    unit: 'bytes',
    buckets: [250, 500, 1_000, 2_500, 5_000, 7_500, 10_000],
    help: "Bytes of a request's body",
  },
  {
    name: 'commit_duration_seconds',
    kind: 'histogram',
    labels: [],
    unit: 'seconds',
    buckets: SECONDS,
    help: 'From a commit to its acknowledgement',
  },
  {
    name: 'lag_records',
    kind: 'gauge',
    labels: place,
    unit: 'records',
    help: "Of a source's partition: offsets between what is committed and the end",
  },
  {
    name: 'lag_seconds',
    kind: 'gauge',
    labels: place,
    unit: 'seconds',
    help: 'Age of the next record to commit, by its Kafka timestamp; 0 when nothing lags',
  },
  {
    name: 'retention_left_seconds',
    kind: 'gauge',
    labels: place,
    unit: 'seconds',
    help: 'Until the next record to commit expires; left out where nothing lags or nothing expires',
  },
  {
    name: 'parked_waiting',
    kind: 'gauge',
    labels: ['tier'],
    unit: 'records',
    help: 'Records that wait on a retry topic, of the partitions that this instance has',
  },
  { name: 'open_records', kind: 'gauge', labels: place, unit: 'records', help: 'Records read that have no outcome yet' },
  {
    name: 'oldest_open_seconds',
    kind: 'gauge',
    labels: place,
    unit: 'seconds',
    help: 'Since when the oldest of them is here; 0: there is none',
  },
  { name: 'in_flight_requests', kind: 'gauge', labels: [], unit: 'requests', help: 'Requests without an answer yet' },
  { name: 'in_flight_limit', kind: 'gauge', labels: [], unit: 'requests', help: 'How many there may be' },
  {
    name: 'breaker_open',
    kind: 'gauge',
    labels: [],
    unit: '0 or 1',
    help: '1: the tracker counts as down, and all waits but for a probe',
  },
  {
    name: 'app_blocked',
    kind: 'gauge',
    labels: ['app'],
    unit: '0 or 1',
    help: '1: the tracker refuses the app, and its records wait',
  },
  {
    name: 'partitions_assigned',
    kind: 'gauge',
    labels: [],
    unit: 'partitions',
    help: 'Partitions of the sources that this instance has',
  },
] as const satisfies readonly MetricDefinition[]

type Named<Kind> = Extract<(typeof metricDefinitions)[number], { readonly kind: Kind }>['name']
export type CounterName = Named<'counter'>
export type HistogramName = Named<'histogram'>
export type GaugeName = Named<'gauge'>
