import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { errorText } from '../core/errors.ts'
import { CONFIG_FILE, initFiles } from './init-files.ts'
import { quoted } from './quoted.ts'

export function initCommand(): Command {
  return new Command('init')
    .description('writes a commented configuration, a mapping and its test, to be changed into your own')
    .argument('[dir]', 'directory to write into; made where it is missing', '.')
    .addHelpText(
      'after',
      '\nNothing is overwritten.\n\nExit codes: 0 written, 1 something is there already, or cannot be written.',
    )
    .action((directory: string) => {
      process.exitCode = init(directory)
    })
}

function init(directory: string): number {
  const files = [...initFiles()].map(([path, text]) => ({ path: join(directory, path), text }))
  const there = files.filter(({ path }) => existsSync(path))
  if (there.length > 0) {
    const names = there.map(({ path }) => path).join(', ')
    process.stderr.write(
      `mytracker-sink: nothing is written, since nothing is overwritten: ${names} is there already; name another directory\n`,
    )
    return 1
  }
  try {
    for (const { path, text } of files) {
      mkdirSync(dirname(path), { recursive: true })
      // The last word against overwriting: the file may have come in the meantime.
      writeFileSync(path, text, { flag: 'wx' })
    }
  } catch (error) {
    process.stderr.write(`mytracker-sink: ${errorText(error)}\n`)
    return 1
  }
  for (const line of [...files.map(({ path }) => `wrote ${path}`), '', ...nextSteps(join(directory, CONFIG_FILE))]) {
    process.stdout.write(`${line}\n`)
  }
  return 0
}

function nextSteps(config: string): string[] {
  const file = quoted(config)
  const steps = [
    [`mytracker-sink check --config ${file}`, 'names every mistake; with --online tries brokers, registry and tokens, too'],
    [`mytracker-sink test --config ${file}`, 'runs the tests of the mappings'],
    ['mytracker-sink simulate', 'in another terminal: a stand-in for the tracker, where the configuration points for now'],
    [`mytracker-sink run --config ${file}`, 'delivers; with --dry-run it only shows what it would send'],
  ]
  return [
    'Next: put in your own brokers, topics, apps and mappings, then',
    ...steps.flatMap(([command, why]) => [`  ${command}`, `      ${why}`]),
  ]
}
