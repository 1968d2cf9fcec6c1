/** The mapping language, as the mapper needs it: what the configuration gives fits here. */
import type { Method } from '../core/hit.ts'

/** A constant. */
export type Scalar = string | number | boolean

/** A value of the event: `field` is its path, `cases` translates its text, `default` stands in where nothing comes of that. */
export interface FieldSource {
  readonly field: string
  readonly cases?: Readonly<Record<string, Scalar>>
  readonly default?: Scalar
}

/** A path, a constant or a translated field. */
export type Source = string | { readonly value: Scalar } | FieldSource

export type AppChoice =
  | string
  | { readonly field: string; readonly cases: Readonly<Record<string, string>>; readonly default?: string }

export interface HitSpec {
  /** Avro full name. */
  readonly record: string
  readonly topic?: string
  readonly app: AppChoice
  readonly method: Method
  readonly params: Readonly<Record<string, Source | Readonly<Record<string, Source>>>>
}

export interface SkipSpec {
  readonly record: string
  readonly topic?: string
  readonly skip: true
}

export type MappingSpec = HitSpec | SkipSpec
