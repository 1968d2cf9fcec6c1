/** The composition root: configuration in, a service out. `run`, `demo` and the end-to-end tests start this same one. */
import { setTimeout as sleep } from 'node:timers/promises'
import { about } from './about.ts'
import { SchemaCache } from './avro/schema-registry.ts'
import type { Config } from './config/config.ts'
import { kafkaConnection, registryAuthorization, trackerApps } from './connection.ts'
import { systemClock } from './core/clock.ts'
import { Broker } from './kafka/broker.ts'
import type { KafkaConnection } from './kafka/client.ts'
import { createKafka } from './kafka/client.ts'
import type { ConsumerOptions } from './kafka/consumer.ts'
import { GroupConsumer } from './kafka/consumer.ts'
import type { PartitionEnds } from './kafka/partition-ends.ts'
import { nextTier } from './kafka/producer.ts'
import { ownTopics } from './kafka/topics.ts'
import { explained } from './kafka/way-in.ts'
import { Lookout } from './lookout.ts'
import { Mappings } from './mapping/compile.ts'
import type { ModuleMap } from './mapping/module.ts'
import { loadModules } from './modules.ts'
import type { PipelineOptions } from './pipeline/pipeline.ts'
import { Pipeline } from './pipeline/pipeline.ts'
import type { FlowHandlers, SideExit } from './pipeline/ports.ts'
import { gateOptions, laneLimits } from './pipeline-settings.ts'
import { RecordPreparer } from './prepare.ts'
import type { Rehearsal } from './rehearsal.ts'
import type { Counts } from './telemetry/happenings.ts'
import type { Log } from './telemetry/log.ts'
import { Probe } from './telemetry/probe.ts'
import { CertificateFiles } from './tls/certificate-files.ts'
import type { TrackerClient } from './tracker/client.ts'
import { createTrackerClient } from './tracker/client.ts'
import type { HttpProxy } from './tracker/proxy.ts'
import { proxyOf } from './tracker/proxy.ts'
import { bodyBytes } from './tracker/request.ts'

/** A fetch that finds nothing waits this long; for as long a resumed partition may wait for its first records. */
const FETCH_WAIT_MS = 50
/** What was parked has waited for seconds at least: a quarter of one is worth fewer idle requests. */
const TIER_WAIT_MS = 250

export interface Service {
  /** Resolves once the group is joined. Rejects with a sentence for the operator where it cannot start. */
  start(): Promise<void>
  /** Drains and leaves the group. Says whether everything under way ended in time. To be called once, also after a failure. */
  stop(): Promise<boolean>
  /** Resolves, with the reason, if the service can no longer do its work. */
  readonly failed: Promise<unknown>
  readonly counts: Readonly<Counts>
}

/** `rehearsal`: a dry run, which posts, parks and commits nothing. */
export function createService(config: Config, log: Log, rehearsal?: Rehearsal): Service {
  const { tiers } = ownTopics(config.kafka.groupId, config.retry.tiers)
  const probe = new Probe(log, Date.now, (topic, reason) => nextTier(tiers, topic, reason)?.name ?? 'none')
  probe.reads([...config.kafka.topics, ...tiers.map(({ topic }) => topic)])
  // A dry run looks on beside the service, on whose port it must not be.
  const lookout = rehearsal === undefined ? new Lookout(config, probe) : undefined
  const { promise: failed, resolve: fail } = Promise.withResolvers<unknown>()
  const schemas = createSchemas(config, probe)
  const proxy = proxyOf(config.tracker.endpoint, process.env)
  const tracker = createTracker(config, proxy, probe)
  const onLog: KafkaConnection['onLog'] = (...said) => probe.kafkaSaid(...said)
  const connection = kafkaConnection(config, onLog, probe.certificates)
  let starting: Promise<Running | undefined> = Promise.resolve(undefined)

  return {
    failed,
    counts: probe.counts,
    async start() {
      // First of all: a module that cannot be used is a mistake in the configuration, which nothing should have been begun with.
      starting = loadModules(config.mappings).then((modules) =>
        begin({ config, modules, probe, connection, lookout, schemas, tracker, proxy, rehearsal, fail }),
      )
      await starting
    },
    async stop() {
      const { drainTimeout } = config.delivery
      lookout?.draining()
      // Asked to end while it starts, it may have joined already, and have requests under way.
      const running = await Promise.race([starting.catch(() => undefined), sleep(drainTimeout, undefined, { ref: false })])
      const clean = running === undefined || (await drain(running, drainTimeout, probe))
      schemas.stop()
      await tracker.destroy()
      await lookout?.close()
      return clean
    },
  }
}

function createSchemas(config: Config, probe: Probe): SchemaCache {
  const { url, caFile } = config.schemaRegistry
  return new SchemaCache({
    url,
    authorization: registryAuthorization(config.schemaRegistry),
    certificates: new CertificateFiles({ caFile }, probe.certificates),
    clock: systemClock,
    onTrouble: (id, error) => probe.registryFailed(id, error),
    onSchema: (schema) => probe.schemaLoaded(schema),
  })
}

function createTracker({ tracker, delivery }: Config, proxy: HttpProxy | undefined, probe: Probe): TrackerClient {
  const { endpoint, timeout: timeoutMs, caFile, apps } = tracker
  const certificates = new CertificateFiles({ caFile }, probe.certificates)
  return createTrackerClient({
    ...{ endpoint, timeoutMs, connections: delivery.maxInFlight, certificates, proxy, apps: trackerApps(apps) },
    watch: {
      started: () => probe.requests.started(),
      ended: (request) => probe.requests.ended({ ...request, bytes: bodyBytes(request.hits, request.hitBytes) }),
    },
  })
}

function createPreparer({ config, modules, schemas, probe }: Parts): RecordPreparer {
  const mappings = new Mappings({
    mappings: config.mappings,
    modules,
    apps: config.tracker.apps,
    unmapped: config.unmapped,
    invalidParams: config.invalidParams,
    maxBytes: config.batch.maxBytes,
    onDropped: (params) => probe.paramsDropped(params),
  })
  return new RecordPreparer({ schemas, mappings, onProblems: (...problems) => probe.mappingProblems(...problems) })
}

interface Parts {
  readonly config: Config
  readonly modules: ReadonlyMap<string, ModuleMap>
  readonly probe: Probe
  readonly connection: KafkaConnection
  /** Undefined: nobody looks. */
  readonly lookout: Lookout | undefined
  readonly schemas: SchemaCache
  readonly tracker: TrackerClient
  readonly proxy: ReturnType<typeof proxyOf>
  readonly rehearsal: Rehearsal | undefined
  readonly fail: (reason: unknown) => void
}

interface Running {
  readonly broker: Broker
  readonly pipeline: Pipeline
}

async function begin(parts: Parts): Promise<Running> {
  const { config, probe, connection } = parts
  const { groupId, topics } = config.kafka
  const apps = config.tracker.apps.map(({ name, idApp }) => ({ name, idApp }))
  const proxy = parts.proxy?.origin
  probe.starting({ version: about.version, groupId, endpoint: config.tracker.endpoint, proxy, apps, topics })
  await parts.lookout?.serve()
  const broker = await Broker.connect(connection)
  try {
    return { broker, pipeline: await join(parts, broker) }
  } catch (error) {
    await broker.close()
    throw explained(error, connection)
  }
}

/** Prepares the topics, builds the pipeline and joins its groups. */
async function join(parts: Parts, broker: Broker): Promise<Pipeline> {
  const { config, rehearsal, lookout } = parts
  const side = rehearsal === undefined ? await sideOf(parts, broker) : await dryOf(parts, broker, rehearsal)
  const pipeline = new Pipeline({
    limits: laneLimits(config),
    preparer: createPreparer(parts),
    sender: rehearsal ?? parts.tracker,
    sideExit: side.exit,
    probe: parts.probe,
    clock: systemClock,
    random: Math.random,
    gate: gateOptions(config),
    brakeShare: rehearsal !== undefined || config.deadLetters.brake === 'off' ? undefined : config.deadLetters.brake,
    windowBytes: config.delivery.windowBytes,
    commitIntervalMs: config.delivery.commitInterval,
    tierDelaysMs: side.tierDelaysMs,
    members: side.members,
  })
  await pipeline.start()
  lookout?.running({ pipeline, ends: side.ends })
  return pipeline
}

type Side = Pick<PipelineOptions, 'members' | 'tierDelaysMs'> & { readonly exit: SideExit; readonly ends: PartitionEnds }

/** Makes what is missing of the group's own topics; records leave to them and come back from them. */
async function sideOf(parts: Parts, broker: Broker): Promise<Side> {
  const { config, probe } = parts
  const { groupId, topics, startFrom } = config.kafka
  const { retryGroupId, ...own } = ownTopics(groupId, config.retry.tiers)
  const exit = await broker.sideExit({ ...config.retry, sources: topics, own, deadLetterRetention: config.deadLetters.retention })
  for (const tier of await broker.forgottenTiers(groupId, own)) probe.tierForgotten(tier)
  const tiers = own.tiers.map(({ topic }) => topic)
  const first = await broker.startPositions({ groupId, topics, startFrom })
  const retried = await broker.startPositions({ groupId: retryGroupId, topics: tiers, startFrom: 'earliest' })
  const ends = broker.ends([...topics, ...tiers], Date.now)
  return {
    ...{ exit, ends },
    tierDelaysMs: new Map(own.tiers.map(({ topic, delayMs }) => [topic, delayMs])),
    members: {
      first: (flow) =>
        createMember(parts, flow, {
          ...{ groupId, topics, isOwn: false, starts: first, ends, commits: true, maxWaitMs: FETCH_WAIT_MS },
          consumed: (topic, records) => probe.consumed(topic, records),
        }),
      retried: (flow) =>
        createMember(parts, flow, {
          ...{ groupId: retryGroupId, topics: tiers, isOwn: true, starts: retried, ends, commits: true, maxWaitMs: TIER_WAIT_MS },
          consumed: (topic, records) => probe.retried(topic, records),
        }),
    },
  }
}

/** Of a dry run: a group of its own looks on, nothing is made and nothing leaves. */
async function dryOf(parts: Parts, broker: Broker, exit: Rehearsal): Promise<Side> {
  const { topics, startFrom } = parts.config.kafka
  const groupId = `${parts.config.kafka.groupId}.dry-run`
  await broker.sources(topics)
  const starts = await broker.startPositions({ groupId, topics, startFrom })
  const ends = broker.ends(topics, Date.now)
  return {
    ...{ exit, ends },
    tierDelaysMs: new Map(),
    members: {
      first: (flow) =>
        createMember(parts, flow, {
          ...{ groupId, topics, isOwn: false, starts, ends, commits: false, maxWaitMs: FETCH_WAIT_MS },
          consumed: (topic, records) => parts.probe.consumed(topic, records),
        }),
    },
  }
}

type Group = Pick<ConsumerOptions, 'groupId' | 'topics' | 'isOwn' | 'starts' | 'commits' | 'maxWaitMs'> & {
  readonly ends: PartitionEnds
  readonly consumed: (topic: string, records: number) => void
}

function createMember(parts: Parts, flow: FlowHandlers, { consumed, ends, ...group }: Group): GroupConsumer {
  const { config, probe, lookout, connection, fail } = parts
  const { groupId } = group
  const seen = group.isOwn ? undefined : lookout
  return new GroupConsumer({
    ...group,
    kafka: () => createKafka(connection),
    brokersAnswerSince: () => ends.answersSince,
    sessionTimeoutMs: config.kafka.sessionTimeout,
    rebalanceTimeoutMs: config.kafka.rebalanceTimeout,
    maxBytesPerPartition: config.kafka.maxBytesPerPartition,
    maxBytesPerFetch: config.kafka.maxBytesPerFetch,
    handlers: {
      revoking: (withinMs) => {
        probe.rejoining(groupId)
        seen?.rejoining()
        return flow.revoking(withinMs)
      },
      assigned: (partitions) => {
        flow.assigned(partitions)
        probe.assigned(groupId, partitions)
        seen?.assigned()
      },
      fetched: (fetched) => {
        const { topic, partition, records, end } = fetched
        lookout?.fetched(topic, partition, end)
        const taken = flow.fetched(fetched)
        if (taken) consumed(topic, records.length)
        return taken
      },
      moved: () => lookout?.moved(groupId),
      recordsMissed: (event) => probe.recordsMissed(event),
      metadataIgnored: (place) => probe.metadataIgnored(place),
      metadataCut: (place) => probe.metadataCut(place),
      rebuilding: (event) => probe.rebuilding({ groupId, ...event }),
      failed: (error) => {
        probe.failed(error)
        fail(error)
      },
    },
  })
}

/** Waits for what was sent already and for parks under way, commits, leaves. The rest stays uncommitted and is read again. */
async function drain({ broker, pipeline }: Running, timeoutMs: number, probe: Probe): Promise<boolean> {
  probe.draining(pipeline.open)
  const clean = await pipeline.drain(sleep(timeoutMs, undefined, { ref: false }))
  probe.drained({ clean, open: pipeline.open })
  await pipeline.leave()
  await broker.close()
  return clean
}
