import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import { paramRules } from '../param-rules.ts'
import type { Service } from '../service.ts'
import { createService } from '../service.ts'
import type { Simulator } from '../simulator/server.ts'
import { startSimulator } from '../simulator/server.ts'
import type { Cluster } from '../stack/cluster.ts'
import { createLog } from '../telemetry/log.ts'
import type { ShopEvent } from './events.ts'
import { shopEvents } from './events.ts'
import { Shop } from './shop.ts'
import type { Findings } from './verdict.ts'

export interface DemoOptions {
  readonly count: number
  /** Events a second; 0: as fast as they can be written. */
  readonly rate: number
  readonly seed: number
  /** In front of the names of topics and groups; empty where the broker is the demo's own. */
  readonly prefix: string
  readonly report: (line: string) => void
  /** Rejects when the demo is to end early. */
  readonly ended: Promise<never>
}

export interface Demo {
  readonly findings: Findings
  readonly trackerUrl: string
  readonly logFile: string
  /** Drains the service and ends the stand-in tracker. */
  stop(): Promise<void>
}

const configFile = fileURLToPath(new URL('../../config/demo.yaml', import.meta.url))
/** Events written between two looks at the clock. */
const CHUNK = 1_000
const REPORT_EVERY_MS = 2_000

/** Runs the shop on a stack that is up: everything is produced, delivered and judged when it resolves. */
export async function runDemo(cluster: Cluster, options: DemoOptions): Promise<Demo> {
  const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-demo-'))
  const logFile = join(directory, 'service.log')
  const stops: (() => Promise<unknown>)[] = [async () => rmSync(directory, { recursive: true, force: true })]
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each()
  }
  try {
    const apps = [
      { idApp: '666', token: 'demo-token-android' },
      { idApp: '667', token: 'demo-token-web' },
    ]
    const tracker = await startSimulator({ journal: 'hits', apps })
    stops.push(() => tracker.stop())
    const shop = new Shop(cluster, options.prefix)
    await shop.createTopics()
    const service = demoService(cluster, tracker.url, options.prefix, logFile)
    stops.push(() => service.stop())
    await Promise.race([service.start(), options.ended])
    options.report('the service has joined its group and delivers to the stand-in tracker')
    const events = await produceWhileDelivering({ shop, service, tracker, options })
    const findings = await findOut({ shop, service, tracker, options }, events)
    return { findings, trackerUrl: tracker.url, logFile, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function demoService(cluster: Cluster, trackerUrl: string, prefix: string, logFile: string): Service {
  const { brokers, registryUrl } = cluster.stack
  const env = {
    DEMO_BROKER: brokers[0] as string,
    DEMO_REGISTRY: registryUrl,
    DEMO_TRACKER: trackerUrl,
    DEMO_PREFIX: prefix,
  }
  const loaded = loadConfig(configFile, env, paramRules)
  if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  return createService(loaded.config, createLog('info', pino.destination({ dest: logFile, sync: true })))
}

interface Running {
  readonly shop: Shop
  readonly service: Service
  readonly tracker: Simulator
  readonly options: DemoOptions
}

type Judged = Omit<ShopEvent, 'value'>

async function produceWhileDelivering({ shop, service, options }: Running): Promise<Judged[]> {
  const ids = await shop.register()
  const { count, rate, seed, report, ended } = options
  const produced: Judged[] = []
  const startedAt = Date.now()
  let chunk: ShopEvent[] = []
  let reportedAt = 0
  for (const event of shopEvents(count, seed, ids)) {
    chunk.push(event)
    const { value: _value, ...judged } = event
    produced.push(judged)
    if (chunk.length < (rate === 0 ? CHUNK : Math.max(1, Math.min(CHUNK, rate / 10))) && produced.length < count) continue
    await Promise.race([shop.publish(chunk), ended])
    chunk = []
    if (rate > 0) await Promise.race([sleep(Math.max(0, startedAt + (produced.length / rate) * 1_000 - Date.now())), ended])
    if (Date.now() - reportedAt < REPORT_EVERY_MS) continue
    reportedAt = Date.now()
    report(`produced ${produced.length.toLocaleString('en')} of ${count.toLocaleString('en')}; ${progress(service)}`)
  }
  report(`produced all ${count.toLocaleString('en')} events, ten of them broken on purpose`)
  return produced
}

function progress({ counts }: Service): string {
  const { delivered, skipped, parked, deadLettered } = counts
  const sum = (by: object): number => Object.values(by).reduce((total: number, each) => total + Number(each), 0)
  const side = `${sum(skipped)} skipped, ${sum(parked)} parked, ${sum(deadLettered)} dead letters`
  return `delivered ${delivered.toLocaleString('en')}, ${side}`
}

/** Waits until the group has committed everything, then looks at what arrived where. */
async function findOut({ shop, service, tracker, options }: Running, events: readonly Judged[]): Promise<Findings> {
  const { report, ended } = options
  let reported = ''
  for (let left = 1, reportedAt = 0; left > 0; await Promise.race([sleep(100), ended])) {
    left = await shop.uncommitted()
    const line = `${progress(service)}; ${left.toLocaleString('en')} still to commit`
    if (Date.now() - reportedAt < REPORT_EVERY_MS) continue
    // Half a minute without a change: a newcomer would take the demo for stuck.
    report(line === reported ? 'waiting: the registry is asked for half a minute before a schema id counts as unknown' : line)
    reportedAt = Date.now() + (line === reported ? 8_000 : 0)
    reported = line
  }
  report('everything is committed; reading back the retry and dead-letter topics')
  return await shop.findings(events, tracker.journal.hits)
}
