/** The composition root: configuration in, a service out. `run`, `demo` and the end-to-end tests start this same one. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { about } from './about.ts'
import { SchemaCache } from './avro/schema-registry.ts'
import type { Config } from './config/config.ts'
import { kafkaConnection, registryAuthorization, trackerApps } from './connection.ts'
import { systemClock } from './core/clock.ts'
import { Broker } from './kafka/broker.ts'
import { createKafka } from './kafka/client.ts'
import { GroupConsumer } from './kafka/consumer.ts'
import { Mappings } from './mapping/compile.ts'
import { Committer } from './pipeline/committer.ts'
import type { LaneLimits } from './pipeline/lane-context.ts'
import { Lanes } from './pipeline/lanes.ts'
import { Permits, WindowBytes } from './pipeline/limits.ts'
import type { SideExit, Source } from './pipeline/ports.ts'
import { RecordPreparer } from './prepare.ts'
import type { Log } from './telemetry/log.ts'
import type { Counts } from './telemetry/probe.ts'
import { Probe } from './telemetry/probe.ts'
import type { TrackerClient } from './tracker/client.ts'
import { createTrackerClient } from './tracker/client.ts'
import { bodyBytes } from './tracker/request.ts'

/** A source's fetch that finds nothing waits this long. */
const FETCH_WAIT_MS = 50

export interface Service {
  /** Resolves once the group is joined. Rejects with a sentence for the operator where it cannot start. */
  start(): Promise<void>
  /** Drains and leaves the group. Says whether everything under way ended in time. To be called once, also after a failure. */
  stop(): Promise<boolean>
  /** Resolves, with the reason, if the service can no longer do its work. */
  readonly failed: Promise<unknown>
  readonly counts: Readonly<Counts>
}

export function createService(config: Config, log: Log): Service {
  const probe = new Probe(log)
  const { promise: failed, resolve: fail } = Promise.withResolvers<unknown>()
  const schemas = createSchemas(config, probe)
  const tracker = createTracker(config)
  let starting: Promise<Running | undefined> = Promise.resolve(undefined)

  return {
    failed,
    counts: probe.counts,
    async start() {
      const { groupId, topics } = config.kafka
      const apps = config.tracker.apps.map(({ name, idApp }) => ({ name, idApp }))
      probe.starting({ version: about.version, groupId, endpoint: config.tracker.endpoint, apps, topics })
      starting = begin({ config, probe, schemas, tracker, fail })
      await starting
    },
    async stop() {
      const { drainTimeout } = config.delivery
      // Asked to end while it starts, it may have joined already, and have requests under way.
      const running = await Promise.race([starting.catch(() => undefined), sleep(drainTimeout, undefined, { ref: false })])
      const clean = running === undefined || (await drain(running, drainTimeout, probe))
      schemas.stop()
      await tracker.destroy()
      return clean
    },
  }
}

function createSchemas(config: Config, probe: Probe): SchemaCache {
  const { url, caFile } = config.schemaRegistry
  return new SchemaCache({
    url,
    authorization: registryAuthorization(config.schemaRegistry),
    ca: caFile === undefined ? undefined : readFileSync(caFile, 'utf8'),
    clock: systemClock,
    onTrouble: (id, error) => probe.registryFailed(id, error),
    onSchema: (schema) => probe.schemaLoaded(schema),
  })
}

function createTracker({ tracker, delivery }: Config): TrackerClient {
  const { endpoint, timeout: timeoutMs, caFile, apps } = tracker
  return createTrackerClient({ endpoint, timeoutMs, connections: delivery.maxInFlight, caFile, apps: trackerApps(apps) })
}

function createPreparer(config: Config, schemas: SchemaCache, probe: Probe): RecordPreparer {
  const mappings = new Mappings({
    mappings: config.mappings,
    apps: config.tracker.apps,
    unmapped: config.unmapped,
    invalidParams: config.invalidParams,
    maxBytes: config.batch.maxBytes,
    onDropped: (params) => probe.paramsDropped(params),
  })
  return new RecordPreparer({ schemas, mappings, onProblems: (...problems) => probe.mappingProblems(...problems) })
}

function laneLimits({ batch, retry, delivery }: Config): LaneLimits {
  return {
    batch: { maxEvents: batch.maxEvents, maxBytes: batch.maxBytes, lingerMs: batch.linger, bodyBytes },
    retry: { attempts: retry.inPlace.attempts, delayMs: retry.inPlace.delay, maxDelayMs: retry.inPlace.maxDelay },
    ordering: delivery.ordering,
    maxInFlight: delivery.maxInFlightPerPartition,
    windowEvents: delivery.windowEvents,
  }
}

interface Parts {
  readonly config: Config
  readonly probe: Probe
  readonly schemas: SchemaCache
  readonly tracker: TrackerClient
  readonly fail: (reason: unknown) => void
}

interface Running {
  readonly broker: Broker
  readonly consumer: GroupConsumer
  readonly lanes: Lanes
  readonly committer: Committer
}

async function begin(parts: Parts): Promise<Running> {
  const { config, probe } = parts
  const broker = await Broker.connect(kafkaConnection(config, (...said) => probe.kafkaSaid(...said)))
  try {
    return await join(parts, broker)
  } catch (error) {
    await broker.close()
    throw error
  }
}

/** Prepares the topics, builds the lanes and joins the group. */
async function join(parts: Parts, broker: Broker): Promise<Running> {
  const { config, probe } = parts
  const { groupId, topics, startFrom } = config.kafka
  const sideExit = await broker.sideExit({
    groupId,
    sources: topics,
    tiers: config.retry.tiers.map(({ name, delay }) => ({ name, delayMs: delay })),
    create: config.retry.createTopics,
    partitions: config.retry.partitions,
    replicationFactor: config.retry.replicationFactor,
    retryRetentionMs: config.retry.retention,
    deadLetterRetentionMs: config.deadLetters.retention,
  })
  const starts = await broker.startPositions({ groupId, topics, startFrom })
  const consumer: GroupConsumer = new GroupConsumer({
    kafka: createKafka(kafkaConnection(config, (...said) => probe.kafkaSaid(...said))),
    groupId,
    topics,
    isOwn: false,
    starts,
    sessionTimeoutMs: config.kafka.sessionTimeout,
    rebalanceTimeoutMs: config.kafka.rebalanceTimeout,
    maxBytesPerPartition: config.kafka.maxBytesPerPartition,
    maxBytesPerFetch: config.kafka.maxBytesPerFetch,
    maxWaitMs: FETCH_WAIT_MS,
    handlers: {
      rejoining: () => {
        probe.rejoining()
        lanes.assign([])
      },
      assigned: (partitions) => {
        lanes.assign(partitions)
        probe.assigned(partitions)
      },
      fetched: (fetched) => {
        const taken = lanes.accept(fetched)
        if (taken) probe.consumed(fetched.records.length)
        return taken
      },
      failed: (error) => {
        probe.failed(error)
        parts.fail(error)
      },
    },
  })
  const lanes = createLanes(parts, consumer, sideExit)
  const committer = new Committer({
    lanes,
    source: consumer,
    probe,
    clock: systemClock,
    intervalMs: config.delivery.commitInterval,
  })
  await consumer.start()
  committer.start()
  return { broker, consumer, lanes, committer }
}

function createLanes({ config, probe, schemas, tracker }: Parts, source: Source, sideExit: SideExit): Lanes {
  return new Lanes({
    limits: laneLimits(config),
    preparer: createPreparer(config, schemas, probe),
    sender: tracker,
    sideExit,
    source,
    probe,
    clock: systemClock,
    random: Math.random,
    permits: new Permits(config.delivery.maxInFlight),
    windowBytes: new WindowBytes(config.delivery.windowBytes),
  })
}

/** Waits for what was sent already and for parks under way, commits, leaves. The rest stays uncommitted and is read again. */
async function drain({ broker, consumer, lanes, committer }: Running, timeoutMs: number, probe: Probe): Promise<boolean> {
  probe.draining(lanes.open)
  committer.stop()
  const deadline = sleep(timeoutMs, false, { ref: false })
  const drained = await Promise.race([lanes.drain().then(() => true), deadline])
  const committed = await Promise.race([committer.commit(), deadline])
  const clean = drained && committed
  probe.drained({ clean, open: lanes.open })
  await consumer.stop()
  await broker.close()
  return clean
}
