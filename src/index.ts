/** The library door, `mytracker-sink`: the service inside another program, the tracker's client, and the types of both. */
import type { Environment } from './config/environment.ts'
import type { Loaded } from './config/load.ts'
import { loadConfig as loadWithRules } from './config/load.ts'
import { paramRules } from './param-rules.ts'

export type { Config } from './config/config.ts'
export type { Loaded } from './config/load.ts'
export type { Problem } from './config/problem.ts'
export type {
  MappingContext,
  MappingEvent,
  ModuleHit,
  ModuleMap,
  ModuleReject,
  ModuleResult,
  ModuleSkip,
} from './mapping/module.ts'
export type { Service } from './service.ts'
export { createService } from './service.ts'
export type { Log, LogLevel } from './telemetry/log.ts'
export { createLog } from './telemetry/log.ts'
export type { Client, ClientOptions, TrackerErrorKind, TrackerEvent } from './tracker/typed-client.ts'
export { createClient, InvalidEventError, TrackerError } from './tracker/typed-client.ts'

/** The configuration in a file, or `problems`: every mistake in it, as `check` names them. `env` fills in its variables. */
export const loadConfig = (file: string, env: Environment): Loaded => loadWithRules(file, env, paramRules)
