import { Command } from 'commander'
import { createService } from '../service.ts'
import { createLog } from '../telemetry/log.ts'
import { configOf, EXIT_CONFIG } from './config-file.ts'
import { endOfProcess } from './end-of-process.ts'

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
  const config = configOf(file)
  if (config === undefined) return EXIT_CONFIG
  // Before anything is begun: a signal that comes early must not find nobody at home.
  const ended = endOfProcess()
  const log = createLog(config.log.level, process.stdout)
  const service = createService(config, log)
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
