import { Command } from 'commander'
import { redactor } from '../config/redact.ts'
import { errorText } from '../core/errors.ts'
import { ModulesError } from '../modules.ts'
import { Rehearsal } from '../rehearsal.ts'
import { createService } from '../service.ts'
import { createLog } from '../telemetry/log.ts'
import { configOf, EXIT_CONFIG, problemsOf, sayProblems } from './config-file.ts'
import { endOfProcess } from './end-of-process.ts'

interface RunFlags {
  readonly config: string
  readonly dryRun?: boolean
  readonly values?: boolean
}

/** How often a dry run tells what it has counted so far. */
const TELL_MS = 2_000

export function runCommand(): Command {
  return new Command('run')
    .description('the service, in the foreground: JSON log on stdout; SIGTERM or SIGINT drains and leaves')
    .requiredOption('--config <file>', 'configuration, YAML')
    .option(
      '--dry-run',
      'posts, parks and commits nothing: reads as group {groupId}.dry-run, logs counts and the first hits (default: no)',
    )
    .option('--values', "with --dry-run: the hits' values as they are (default: only their kind, as in <string 12>)")
    .addHelpText('after', '\nExit codes: 0 drained clean, 1 failed or the drain ran out of time, 78 bad configuration.')
    .action(async (flags: RunFlags) => {
      process.exitCode = await run(flags)
    })
}

async function run({ config: file, dryRun = false, values = false }: RunFlags): Promise<number> {
  const config = configOf(file)
  if (config === undefined) return EXIT_CONFIG
  // Before anything is begun: a signal that comes early must not find nobody at home.
  const ended = endOfProcess()
  const redact = redactor(config)
  const destination = { write: (line: string) => void process.stdout.write(redact(line)) }
  const log = createLog(config.log.level, destination).child(dryRun ? { dryRun } : {})
  const onSample = (sample: object): void => log.info(sample, 'a hit as it would be sent')
  const service = createService(config, log, dryRun ? new Rehearsal({ values, onSample }) : undefined)
  const telling = dryRun ? setInterval(() => log.info({ counts: service.counts }, 'counted so far'), TELL_MS) : undefined
  try {
    await Promise.race([service.start(), ended])
    const failed = await Promise.race([ended.then(() => false), service.failed.then(() => true)])
    const clean = await service.stop()
    return clean && !failed ? 0 : 1
  } catch (error) {
    if (error instanceof ModulesError) {
      sayProblems(problemsOf(file, error.findings))
      await service.stop()
      return EXIT_CONFIG
    }
    log.error({ error: errorText(error) }, 'cannot start')
    await service.stop()
    return 1
  } finally {
    clearInterval(telling)
  }
}
