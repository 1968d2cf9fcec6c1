import { readFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { Loaded } from '../config/load.ts'
import { loadConfig } from '../config/load.ts'
import type { Finding } from '../config/problem.ts'
import { formatPath, formatProblem } from '../config/problem.ts'
import { YamlSource } from '../config/yaml-source.ts'

/** What a configuration that cannot be used ends with: sysexits' EX_CONFIG. */
export const EXIT_CONFIG = 78

export function loadFile(file: string): Loaded {
  return loadConfig(file, process.env)
}

/** The configuration; undefined: it cannot be used, and standard error says why. */
export function configOf(file: string): Config | undefined {
  const loaded = loadFile(file)
  if (!('problems' in loaded)) return loaded.config
  for (const problem of loaded.problems) process.stderr.write(`${formatProblem(problem)}\n`)
  return undefined
}

/** Says on standard error, as of any other mistake in a configuration, what was found only after it was loaded. */
export function sayFindings(file: string, findings: readonly Finding[]): void {
  const source = new YamlSource(readFileSync(file, 'utf8'))
  for (const { path, message } of findings) {
    const problem = { file, ...source.placeOf(path), key: formatPath(path), message }
    process.stderr.write(`${formatProblem(problem)}\n`)
  }
}
