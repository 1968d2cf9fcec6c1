/** The modules of a configuration's mappings, loaded before any mapping is compiled: after that, mapping is synchronous. */
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { types } from 'node:util'
import type { MappingConfig } from './config/config.ts'
import type { Finding } from './config/problem.ts'
import { formatPath } from './config/problem.ts'
import { errorText, StartError } from './core/errors.ts'
import type { ModuleMap } from './mapping/module.ts'

/** A module that waits for something while it loads must not keep the service waiting for ever. */
const LOAD_MS_MAX = 10_000

/** Modules that cannot be used, each with the key that names it. */
export class ModulesError extends StartError {
  readonly findings: readonly Finding[]

  constructor(findings: readonly Finding[]) {
    super(findings.map(({ path, message }) => `${formatPath(path)}: ${message}`).join('\n'))
    this.findings = findings
  }
}

/** By their paths. Rejects with a `ModulesError` that names all that cannot be used. Their code runs with the rights of the service. */
export async function loadModules(
  mappings: readonly MappingConfig[],
  timeoutMs = LOAD_MS_MAX,
): Promise<ReadonlyMap<string, ModuleMap>> {
  const modules = new Map<string, ModuleMap>()
  const findings: Finding[] = []
  for (const [place, mapping] of mappings.entries()) {
    if (!('module' in mapping) || modules.has(mapping.module)) continue
    const loaded = await load(mapping.module, timeoutMs)
    if (typeof loaded === 'function') modules.set(mapping.module, loaded)
    else findings.push({ path: ['mappings', place, 'module'], message: `${mapping.module} ${loaded}` })
  }
  if (findings.length > 0) throw new ModulesError(findings)
  return modules
}

/** The function, or what is wrong with the module. */
async function load(path: string, timeoutMs: number): Promise<ModuleMap | string> {
  const ended = new AbortController()
  try {
    const late = sleep(timeoutMs, LATE, { signal: ended.signal })
    late.catch(() => undefined)
    const exports: unknown = await Promise.race([import(pathToFileURL(path).href), late])
    if (exports === LATE) return `is not loaded after ${timeoutMs / 1_000} s; it must not wait for anything at its top level`
    return functionOf(exports)
  } catch (error) {
    return `cannot be loaded: ${errorText(error).split('\n')[0]}`
  } finally {
    ended.abort()
  }
}

const LATE = Symbol('late')

function functionOf(exports: unknown): ModuleMap | string {
  const map = (exports as { readonly map?: unknown }).map
  if (typeof map !== 'function') return 'exports no function map; write export const map = (event, context) => …'
  if (types.isAsyncFunction(map) || types.isGeneratorFunction(map)) {
    return 'exports a map that is async or a generator; it must be a plain function that answers at once'
  }
  return map as ModuleMap
}
