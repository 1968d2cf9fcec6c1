import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import type { Result } from '../check/report.ts'
import { hasFault, resultLine, summaryLine } from '../check/report.ts'
import type { Config } from '../config/config.ts'
import type { Problem } from '../config/problem.ts'
import { formatProblem } from '../config/problem.ts'
import { redactor } from '../config/redact.ts'
import { loadModules, ModulesError } from '../modules.ts'
import { checkBrokers } from './check-brokers.ts'
import { checkHttp } from './check-http.ts'
import { EXIT_CONFIG, loadFile, problemsOf, sayProblems } from './config-file.ts'

interface CheckFlags {
  readonly config: string
  readonly online?: boolean
  readonly json?: boolean
}

/** For each check. Some wait for what an earlier one found, so the whole takes a few of these at most. */
const TIMEOUT_MS = 5_000

const HELP = `
Prints every problem as file:line:column key: what is wrong, what is allowed. --online goes on to brokers, authentication, topics, groups,
registry, mappings, apps and clock, one line each with what to do; it changes nothing. A warning is no fault, nor is what could not be tried.

Exit codes: 0 all is well, 1 an online check failed, 78 bad configuration.`

export function checkCommand(): Command {
  return new Command('check')
    .description('every problem in the configuration at once; --online also tries brokers, registry, mappings and tokens')
    .requiredOption('--config <file>', 'configuration, YAML')
    .option(
      '--online',
      `look at the brokers, the registry and the tracker too, at most ${TIMEOUT_MS / 1_000} s a check (default: no)`,
    )
    .option('--json', 'one JSON object (default: text)')
    .addHelpText('after', HELP)
    .action(async (flags: CheckFlags) => {
      process.exitCode = await check(flags)
    })
}

async function check({ config: file, online = false, json = false }: CheckFlags): Promise<number> {
  const loaded = await loadWithModules(file)
  const print = (line: string): void => void process.stdout.write(`${line}\n`)
  if ('problems' in loaded) {
    const { problems } = loaded
    if (json) print(JSON.stringify({ ok: false, problems: problems.map(factsOf), notes: [], checks: [] }))
    else sayProblems(problems)
    return EXIT_CONFIG
  }
  const { config, notes, modules } = loaded
  if (!json) for (const note of notes) process.stderr.write(`${formatProblem(note)}\n`)
  if (!json) print(`${file}: the configuration is sound${online ? '' : '; --online tries what it names'}`)
  const checks = online ? await checkOnline(config, modules) : []
  const redact = redactor(config)
  const isOk = !hasFault(checks)
  if (json) print(redact(JSON.stringify({ ok: isOk, problems: [], notes: notes.map(factsOf), checks: checks.map(roundedOf) })))
  else if (online) for (const line of [...checks.map(resultLine), summaryLine(checks)]) print(redact(line))
  return isOk ? 0 : 1
}

type Modules = Awaited<ReturnType<typeof loadModules>>

/** A module that cannot be used is a mistake in the configuration, too. */
async function loadWithModules(file: string) {
  const loaded = loadFile(file)
  if ('problems' in loaded) return loaded
  try {
    return { ...loaded, modules: await loadModules(loaded.config.mappings) }
  } catch (error) {
    if (error instanceof ModulesError) return { problems: problemsOf(file, error.findings) }
    throw error
  }
}

/** In an order that depends on nothing but the configuration. */
async function checkOnline(config: Config, modules: Modules): Promise<Result[]> {
  const timing = {
    now: () => performance.now(),
    after: (ms: number) => sleep(ms, undefined, { ref: false }),
    timeoutMs: TIMEOUT_MS,
  }
  const [brokers, http] = await Promise.all([checkBrokers(config, timing), checkHttp(config, modules, timing)])
  return [...brokers, ...http]
}

function factsOf({ file, line, column, key, message }: Problem): object {
  return { file, line, column, key, message }
}

function roundedOf({ name, state, ms, found, cure }: Result): object {
  return { name, state, ms: Math.round(ms), found, ...(cure === undefined ? {} : { cure }) }
}
