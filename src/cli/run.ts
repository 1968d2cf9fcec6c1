import { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import { createService } from '../service.ts'
import { createLog } from '../telemetry/log.ts'
import { endOfProcess } from './end-of-process.ts'

/** What a configuration that cannot be used ends with: sysexits' EX_CONFIG. */
const EXIT_CONFIG = 78

export function runCommand(): Command {
  return new Command('run')
    .description('the service, in the foreground: JSON log on stdout; SIGTERM or SIGINT drains and leaves')
    .requiredOption('--config <file>', 'configuration, YAML')
    .addHelpText('after', '\nExit codes: 0 drained clean, 1 failed or the drain ran out of time, 78 bad configuration.')
    .action(async ({ config }: { config: string }) => {
      process.exitCode = await run(config)
    })
}

async function run(file: string): Promise<number> {
  const loaded = loadConfig(file, process.env)
  if ('problems' in loaded) {
    for (const problem of loaded.problems) process.stderr.write(`${formatProblem(problem)}\n`)
    return EXIT_CONFIG
  }
  // Before anything is begun: a signal that comes early must not find nobody at home.
  const ended = endOfProcess()
  const log = createLog(loaded.config.log.level, process.stdout)
  const service = createService(loaded.config, log)
  try {
    await Promise.race([service.start(), ended])
  } catch (error) {
    log.error({ error: String(error instanceof Error ? error.message : error) }, 'cannot start')
    await service.stop()
    return 1
  }
  const failed = await Promise.race([ended.then(() => false), service.failed.then(() => true)])
  const clean = await service.stop()
  return clean && !failed ? 0 : 1
}
