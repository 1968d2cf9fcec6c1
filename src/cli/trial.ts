import type { Unusable } from '../avro/load-schema.ts'
import type { WriterSchema } from '../avro/writer-schema.ts'
import type { Config } from '../config/config.ts'
import type { Hit } from '../core/hit.ts'
import type { Reject, Skip } from '../core/outcome.ts'
import type { SourceRecord } from '../core/record.ts'
import { Mappings } from '../mapping/compile.ts'
import type { loadModules } from '../modules.ts'
import { RecordPreparer } from '../prepare.ts'

export type Modules = Awaited<ReturnType<typeof loadModules>>

export interface Tried {
  readonly outcome: Hit | Skip | Reject
  /** Parameters that broke a rule and were left out. */
  readonly dropped: readonly string[]
  /** What of the mapping does not fit the schema. */
  readonly problems: readonly string[]
}

/**
 * One record's way as the service goes it, up to the hit; nothing is sent. `schema`: of the id that the value is framed with; undefined:
 * the registry has none.
 */
export function tryRecord(
  config: Config,
  modules: Modules,
  record: SourceRecord,
  schema: WriterSchema | Unusable | undefined,
): Tried {
  const dropped: string[] = []
  const problems: string[] = []
  const mappings = mappingsOf(config, modules, config.mappings, (params) => dropped.push(...params))
  const preparer = new RecordPreparer({
    schemas: { get: (id) => (schema !== undefined && ('kind' in schema || schema.id === id) ? schema : { kind: 'missing' }) },
    mappings,
    onProblems: (_record, _topic, found) => problems.push(...found),
  })
  const outcome = preparer.prepare(record)
  if (outcome.kind === 'wait') throw new Error('bug: a schema that is there was waited for')
  return { outcome, dropped, problems }
}

/** The configuration's mappings, or some of them. */
export function mappingsOf(
  config: Config,
  modules: Modules,
  mappings: ConstructorParameters<typeof Mappings>[0]['mappings'],
  onDropped: (params: readonly string[]) => void,
): Mappings {
  const { tracker, unmapped, invalidParams, batch } = config
  return new Mappings({ mappings, modules, apps: tracker.apps, unmapped, invalidParams, maxBytes: batch.maxBytes, onDropped })
}
