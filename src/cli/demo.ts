import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import type { Demo } from '../shop/demo.ts'
import { runDemo } from '../shop/demo.ts'
import { describe, isGood } from '../shop/verdict.ts'
import { Cluster } from '../stack/cluster.ts'
import { startStack } from '../stack/stack.ts'
import { endOfProcess } from './end-of-process.ts'
import { wholeNumber } from './whole-number.ts'

interface DemoFlags {
  readonly count: number
  readonly rate: number
  readonly seed: number
  readonly brokers?: string
  readonly registry?: string
  readonly keep?: boolean
  readonly json?: boolean
}

/** Of a numeric flag. */
const FLAG_MAX = 999_999_999
/** What a shell says of a program that ended on Ctrl-C. */
const EXIT_INTERRUPTED = 130

export function demoCommand(): Command {
  return new Command('demo')
    .description('all of it on this machine, from nothing: broker, registry, stand-in tracker, service, events, verdict')
    .option('--count <n>', 'events to produce', wholeNumber(100, FLAG_MAX), 20_000)
    .option('--rate <n>', 'events a second; 0: as fast as they can be written', wholeNumber(0, FLAG_MAX), 0)
    .option('--seed <n>', 'the same seed makes the same events', wholeNumber(0, FLAG_MAX), 1)
    .option('--brokers <list>', 'a broker of your own, host:port, several with commas (default: one is started)')
    .option('--registry <url>', 'a schema registry of your own, with --brokers (default: one is started)')
    .option('--keep', 'leave all running after the verdict, until Ctrl-C (default: no)')
    .option('--json', 'the verdict as JSON on stdout (default: text)')
    .addHelpText('after', '\nExit codes: 0 nothing lost, sent twice or out of order; 1 otherwise; 130 ended by Ctrl-C.')
    .action(async (flags: DemoFlags) => {
      process.exitCode = await demo(flags)
    })
}

class Interrupted extends Error {}

async function demo(flags: DemoFlags): Promise<number> {
  const startedAt = Date.now()
  const report = (line: string): void =>
    void process.stderr.write(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${line}\n`)
  const interrupt = new AbortController()
  const asked = endOfProcess()
  const ended = asked.then(() => {
    interrupt.abort(new Interrupted('ended before the verdict'))
    throw new Interrupted('ended before the verdict')
  })
  // Somebody may ask when nobody races it any more.
  ended.catch(() => undefined)
  try {
    const isGiven = flags.brokers !== undefined || process.env.MYTRACKER_SINK_BROKERS !== undefined
    const stack = await startStack({
      env: process.env,
      report,
      signal: interrupt.signal,
      ...(flags.brokers === undefined ? {} : { brokers: flags.brokers.split(',') }),
      ...(flags.registry === undefined ? {} : { registryUrl: flags.registry }),
    })
    try {
      const cluster = await Cluster.connect(stack)
      const prefix = isGiven ? `demo-${startedAt}.` : ''
      const result = await runDemo(cluster, { ...flags, prefix, report, ended })
      process.stdout.write(flags.json === true ? `${JSON.stringify(result.findings)}\n` : `\n${describe(result.findings)}`)
      if (flags.keep === true) await keep(cluster, result, asked)
      else if (!isGood(result.findings))
        process.stderr.write(readFileSync(result.logFile, 'utf8').split('\n').slice(-20).join('\n'))
      await result.stop()
      await cluster.close()
      return isGood(result.findings) ? 0 : 1
    } finally {
      await stack.stop()
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    report(error.message)
    return EXIT_INTERRUPTED
  }
}

async function keep(cluster: Cluster, { trackerUrl, logFile }: Demo, asked: Promise<void>): Promise<void> {
  const { brokers, registryUrl } = cluster.stack
  const lines = [
    'All of it goes on running until Ctrl-C:',
    `  broker            ${brokers.join(', ')}`,
    `  schema registry   ${registryUrl}`,
    `  stand-in tracker  ${trackerUrl}   (what it accepted: ${trackerUrl}/_/journal)`,
    `  service's log     ${logFile}`,
  ]
  process.stderr.write(`\n${lines.join('\n')}\n`)
  await asked
}
