import { Command, InvalidArgumentError, Option } from 'commander'
import { formatProblem } from '../config/problem.ts'
import type { Journal } from '../simulator/journal.ts'
import type { Simulator } from '../simulator/server.ts'
import { startSimulator } from '../simulator/server.ts'
import type { SimulatedApp } from '../simulator/verdict.ts'
import { EXIT_CONFIG } from './config-file.ts'
import { endOfProcess } from './end-of-process.ts'
import { quoted } from './quoted.ts'
import { readApps, readFaultPlan } from './simulate-files.ts'
import { UnusableFile } from './unusable-file.ts'
import { wholeNumber } from './whole-number.ts'

interface SimulateFlags {
  readonly port: number
  readonly host: string
  readonly app: readonly SimulatedApp[]
  readonly apps?: string
  readonly latency: number
  readonly keep: number
  readonly countOnly: boolean
  readonly json: boolean
  readonly faults?: string
}

/** What the command touches of the process around it. */
interface SimulateContext {
  /** Ends the command; it then prints its totals and returns. */
  readonly signal: AbortSignal
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean }
  /** Whether the first line is to be JSON, for a parent process to read the address from. */
  readonly announce: boolean
}

/** The application and token of the documentation's example query. */
const exampleApp: SimulatedApp = { idApp: '666', token: 'skjdfASFasf03asdffar3asJHB32r' }
const exampleEvent =
  '{"customUserId": "1", "customEventName": "levelUp", "customEventParams": {"level": "2"}, "idGender": "1", "age": "25", ' +
  '"eventTimestamp": "1580213208", "instanceId": "00000000-0000-0000-0000-000000000000"}'

const exampleFaults = '{"rules": [{"when": {"requests": {"to": 3}}, "do": {"status": 500}}]}'

const statusEveryMs = 1000

export function simulateCommand(): Command {
  return new Command('simulate')
    .description("a stand-in tracker that keeps every rule of the API's documentation, with faults on demand and a journal")
    .option('--port <n>', 'TCP port to listen on, 0 for any free one', wholeNumber(0, 65_535), 8090)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .addOption(
      new Option('--app <id:token>', 'an app and its token, may be repeated')
        .argParser(collectApp)
        .default([], 'every app with any token'),
    )
    .option('--apps <file>', 'YAML or JSON file with a list of { idApp, token, vkMiniApp } (default: those of --app)')
    .option('--latency <ms>', 'milliseconds from a request to its answer', wholeNumber(0, 600_000), 0)
    .option('--faults <file>', 'YAML or JSON file with a plan of faults, see docs/simulate.md (default: no faults)')
    .option('--keep <n>', 'hits kept in the journal at most; more are only counted', wholeNumber(0, 10_000_000), 1_000_000)
    .addOption(new Option('--count-only', 'count events without keeping any, for benchmarks').default(false, 'they are kept'))
    .addOption(new Option('--json', 'facts as lines of JSON, the address first').default(false, 'text'))
    .action(async (flags: SimulateFlags) => {
      const isChild = process.connected === true
      try {
        await simulate(flags, { signal: signalOfEnd(isChild), stdout: process.stdout, announce: isChild || flags.json })
      } catch (error) {
        if (!(error instanceof UnusableFile)) throw error
        for (const problem of error.problems) process.stderr.write(`${formatProblem(problem)}\n`)
        process.exitCode = EXIT_CONFIG
      }
    })
}

/** The command without its process: serves until `signal` fires. */
export async function simulate(flags: SimulateFlags, context: SimulateContext): Promise<void> {
  const { signal, stdout, announce } = context
  const plan = flags.faults === undefined ? undefined : await readFaultPlan(flags.faults)
  const apps = await appsOf(flags)
  const simulator = await startSimulator({
    host: flags.host,
    port: flags.port,
    journal: flags.countOnly ? 'count' : 'hits',
    hitsMax: flags.keep,
    latencyMs: flags.latency,
    ...(apps.length === 0 ? {} : { apps }),
    ...(plan === undefined ? {} : { plan }),
  })
  const isLive = stdout.isTTY === true && !flags.json
  try {
    if (announce) stdout.write(`${JSON.stringify({ url: simulator.url })}\n`)
    if (!flags.json) stdout.write(greeting(simulator, apps[0] ?? exampleApp))
    const ticking = isLive ? setInterval(() => stdout.write(`\r\x1b[K${totals(simulator.journal)}`), statusEveryMs) : undefined
    await aborted(signal)
    clearInterval(ticking)
  } finally {
    await simulator.stop()
  }
  const { requests, events, answers, hitsNotKept } = simulator.journal.counts()
  if (flags.json) stdout.write(`${JSON.stringify({ requests, events, answers, hitsNotKept })}\n`)
  else stdout.write(`${isLive ? '\r\x1b[K' : ''}${totals(simulator.journal)}\n`)
}

function greeting({ url }: Simulator, { idApp, token }: SimulatedApp): string {
  const address = `${url}/v1/customEvent/?idApp=${encodeURIComponent(idApp)}`
  return [
    `stand-in tracker at ${url}`,
    `  an event   curl -X POST ${quoted(address)} --header ${quoted(`Authorization: ${token}`)} -d ${quoted(exampleEvent)}`,
    `  a fault    curl -X POST ${quoted(`${url}/_/faults`)} -d ${quoted(exampleFaults)}`,
    `  the hits   curl ${quoted(`${url}/_/journal`)}`,
    '',
  ].join('\n')
}

function totals(journal: Journal): string {
  const { requests, events, answers, hitsNotKept } = journal.counts()
  const byStatus = Object.entries(answers).map(([status, count]) => `${status}: ${count}`)
  const lost = hitsNotKept === 0 ? [] : [`the journal is full, ${hitsNotKept} hits only counted`]
  return [`${requests} requests`, `${events} events accepted`, ...byStatus, ...lost].join(', ')
}

async function appsOf({ app, apps }: SimulateFlags): Promise<readonly SimulatedApp[]> {
  const all = [...app, ...(apps === undefined ? [] : await readApps(apps))]
  const twice = all.find(({ idApp }, place) => all.findIndex((each) => each.idApp === idApp) < place)
  if (twice !== undefined) throw new Error(`the app ${twice.idApp} is given twice; it has one token`)
  return all
}

function collectApp(text: string, apps: readonly SimulatedApp[]): readonly SimulatedApp[] {
  // Only the first colon divides: a token may hold others.
  const colon = text.indexOf(':')
  if (colon < 1 || colon === text.length - 1) throw new InvalidArgumentError('It must be ID:TOKEN, as in 666:secret.')
  return [...apps, { idApp: text.slice(0, colon), token: text.slice(colon + 1) }]
}

function signalOfEnd(isChild: boolean): AbortSignal {
  const controller = new AbortController()
  const end = (): void => controller.abort()
  void endOfProcess().then(end)
  // A stand-in must not outlive the process that started it, however that one ended.
  if (isChild) process.once('disconnect', end)
  return controller.signal
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
