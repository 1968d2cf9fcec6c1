import { Command } from 'commander'
import { formatProblem } from '../config/problem.ts'
import { EXIT_CONFIG, loadFile } from './config-file.ts'

interface CheckFlags {
  readonly config: string
  readonly online?: boolean
  readonly json?: boolean
}

export function checkCommand(): Command {
  return new Command('check').requiredOption('--config <file>', 'configuration, YAML').action(async (flags: CheckFlags) => {
    process.exitCode = await check(flags)
  })
}

async function check({ config: file }: CheckFlags): Promise<number> {
  const loaded = loadFile(file)
  if ('problems' in loaded) {
    for (const problem of loaded.problems) process.stderr.write(`${formatProblem(problem)}\n`)
    return EXIT_CONFIG
  }
  return 0
}
