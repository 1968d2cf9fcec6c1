import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'

/** What a configuration that cannot be used ends with: sysexits' EX_CONFIG. */
export const EXIT_CONFIG = 78

/** The configuration; undefined: it cannot be used, and standard error says why. */
export function configOf(file: string): Config | undefined {
  const loaded = loadConfig(file, process.env)
  if (!('problems' in loaded)) return loaded.config
  for (const problem of loaded.problems) process.stderr.write(`${formatProblem(problem)}\n`)
  return undefined
}
