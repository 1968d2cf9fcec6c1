import { readFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { Loaded } from '../config/load.ts'
import { loadConfig } from '../config/load.ts'
import type { Finding, Problem } from '../config/problem.ts'
import { formatPath, formatProblem } from '../config/problem.ts'
import { YamlSource } from '../config/yaml-source.ts'
import { paramRules } from '../param-rules.ts'

/** What a configuration that cannot be used ends with: sysexits' EX_CONFIG. */
export const EXIT_CONFIG = 78

export function loadFile(file: string): Loaded {
  return loadConfig(file, process.env, paramRules)
}

/** The configuration; undefined: it cannot be used, and standard error says why. */
export function configOf(file: string): Config | undefined {
  const loaded = loadFile(file)
  if (!('problems' in loaded)) return loaded.config
  sayProblems(loaded.problems)
  return undefined
}

/** What was found only after the configuration was loaded, as any other mistake in it. */
export function problemsOf(file: string, findings: readonly Finding[]): Problem[] {
  const source = new YamlSource(readFileSync(file, 'utf8'))
  return findings.map(({ path, message }) => ({ file, ...source.placeOf(path), key: formatPath(path), message }))
}

export function sayProblems(problems: readonly Problem[]): void {
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`)
}
