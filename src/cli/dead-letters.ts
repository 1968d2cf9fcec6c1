import { Command, InvalidArgumentError } from 'commander'
import { didYouMean } from '../config/nearest.ts'
import { reasons } from '../core/outcome.ts'
import { momentWords, parseMoment } from '../dead-letters/moment.ts'
import { list, SHOWN_MAX, show } from './dead-letters-read.ts'
import { replay } from './dead-letters-replay.ts'
import type { CommonFlags } from './dead-letters-session.ts'
import { wholeNumber } from './whole-number.ts'

const LIMIT_MAX = 999_999_999

const REPLAY_HELP = `
A replay remembers for each filter, as it is written, how far it came: the same command goes on from there, --again starts over.
The memory is the committed offsets of a consumer group of its own; brokers forget those of a group that nobody has used for
offsets.retention.minutes (7 days by default), and the replay then starts over. Records go to the first retry topic, never to the
source topic; after a process was killed, at most 500 of them or 512 KiB are put back twice.

Ctrl-C: what is being written is finished and remembered; exit 130.`

export function deadLettersCommand(): Command {
  const command = new Command('dead-letters').description('lists, shows and replays what could not be delivered')
  command.addCommand(
    withCommonFlags('list', 'one line for each dead letter, then totals by reason and by topic')
      .option('--limit <n>', 'dead letters to print, the totals count all', wholeNumber(1, LIMIT_MAX), SHOWN_MAX)
      .option('--json', 'lines of JSON, the summary last (default: text)')
      .action(async (flags: CommonFlags) => {
        process.exitCode = await list(flags)
      }),
  )
  command.addCommand(
    withCommonFlags('show', 'each dead letter in full: history, headers, schema, event')
      .option('--limit <n>', 'dead letters to print, the totals count all', wholeNumber(1, LIMIT_MAX), SHOWN_MAX)
      .option('--values', 'keys, headers and events as they are (default: only their kind, as in <string 12>)')
      .option('--json', 'lines of JSON, the summary last (default: text)')
      .action(async (flags: CommonFlags) => {
        process.exitCode = await show(flags)
      }),
  )
  command.addCommand(
    withCommonFlags('replay', 'puts dead letters back on the first retry topic, due at once')
      .option('--execute', 'do it (default: a dry run that only counts)')
      .option('--again', 'start over (default: go on where the same command came to)')
      .option('--limit <n>', 'dead letters to put back (default: all)', wholeNumber(1, LIMIT_MAX))
      .option('--json', 'one JSON object (default: text)')
      .addHelpText('after', REPLAY_HELP)
      .action(async (flags: CommonFlags) => {
        process.exitCode = await replay(flags)
      }),
  )
  return command
}

function withCommonFlags(name: string, description: string): Command {
  return new Command(name)
    .exitOverride()
    .description(description)
    .requiredOption('--config <file>', 'configuration, YAML')
    .option('--reason <word>', `only those of this reason: ${reasons.join(', ')} (default: all)`, knownReason)
    .option('--topic <name>', 'only those that first stood in this topic (default: all)')
    .option('--since <time>', `only those that became dead letters then or later; ${momentWords} (default: all)`, knownTime)
    .option('--until <time>', 'only those that became dead letters before; written likewise (default: up to now)', knownTime)
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 78 bad configuration, 130 ended by Ctrl-C.')
}

function knownReason(text: string): string {
  if ((reasons as readonly string[]).includes(text)) return text
  throw new InvalidArgumentError(`Write one of ${reasons.join(', ')}${didYouMean(text, reasons) || '.'}`)
}

function knownTime(text: string): string {
  if (parseMoment(text, Date.now()) !== undefined) return text
  throw new InvalidArgumentError(`Write ${momentWords}.`)
}
