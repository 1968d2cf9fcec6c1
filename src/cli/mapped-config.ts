import type { Config } from '../config/config.ts'
import { loadModules, ModulesError } from '../modules.ts'
import { configOf, problemsOf, sayProblems } from './config-file.ts'
import type { Modules } from './trial.ts'

export interface Mapped {
  readonly config: Config
  readonly modules: Modules
}

/** The configuration with the modules of its mappings; undefined: it cannot be used, and standard error says why. */
export async function loadMappings(file: string): Promise<Mapped | undefined> {
  const config = configOf(file)
  if (config === undefined) return undefined
  try {
    return { config, modules: await loadModules(config.mappings) }
  } catch (error) {
    if (!(error instanceof ModulesError)) throw error
    sayProblems(problemsOf(file, error.findings))
    return undefined
  }
}
