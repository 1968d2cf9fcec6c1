/** The entry: which command, which exit code. */
import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { Command, CommanderError } from 'commander'
import { about } from './about.ts'
import { boundYoungGeneration } from './young-generation.ts'

// Halves the CPU of every start but the first; where the cache cannot be written, nothing is said and nothing changes.
enableCompileCache()

/** Each is loaded when it is called, so that `run` never loads what only the demo needs. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./cli/run.ts')).runCommand(),
  check: async () => (await import('./cli/check.ts')).checkCommand(),
  explain: async () => (await import('./cli/explain.ts')).explainCommand(),
  test: async () => (await import('./cli/test.ts')).testCommand(),
  'dead-letters': async () => (await import('./cli/dead-letters.ts')).deadLettersCommand(),
  status: async () => (await import('./cli/status.ts')).statusCommand(),
  init: async () => (await import('./cli/init.ts')).initCommand(),
  schema: async () => (await import('./cli/schema.ts')).schemaCommand(),
}

/** To try things with. The image leaves them out, and what they are made of. */
const trials: typeof commands = {
  simulate: async () => (await import('./cli/simulate.ts')).simulateCommand(),
  demo: async () => (await import('./cli/demo.ts')).demoCommand(),
}
const hasTrials = existsSync(new URL('simulator', import.meta.url))

async function main(argv: readonly string[]): Promise<number> {
  if (argv[2] === 'run') boundYoungGeneration()
  const program = new Command('mytracker-sink').description(about.description).version(about.version).exitOverride()
  const known = hasTrials ? { ...commands, ...trials } : commands
  const named = known[argv[2] ?? '']
  const loaded = named === undefined ? Object.values(known) : [named]
  for (const load of loaded) program.addCommand((await load()).exitOverride().configureHelp({ showGlobalOptions: false }))
  try {
    await program.parseAsync([...argv])
    return Number(process.exitCode ?? 0)
  } catch (error) {
    // Commander has said what is wrong already.
    if (error instanceof CommanderError) return error.exitCode
    process.stderr.write(`mytracker-sink: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

// Ends the process even where a library keeps a socket or a timer: everything of ours has ended when a command returns.
process.exit(await main(process.argv))
