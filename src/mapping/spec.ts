/** The mapping language, as the mapper needs it: what the configuration gives fits here. */
import type { Method } from '../core/hit.ts'
import type { Unit } from './time.ts'

/** A constant. */
export type Scalar = string | number | boolean

/** A value of the event: `field` is its path, `cases` translates its text, `default` stands in where nothing comes of that. */
export interface FieldSource {
  readonly field: string
  readonly cases?: Readonly<Record<string, Scalar>>
  readonly default?: Scalar
  /** Of a bare number that is a time. */
  readonly unit?: Unit
  /** Of a local time: a name of the IANA's. */
  readonly zone?: string
}

/** A path, a constant or a translated field. */
export type SingleSource = string | { readonly value: Scalar } | FieldSource

/** One of these, or the first of several that gives something. */
export type Source = SingleSource | { readonly firstOf: readonly SingleSource[] }

export type AppChoice =
  | string
  | { readonly field: string; readonly cases: Readonly<Record<string, string>>; readonly default?: string }

/** Tests of one field's text; all that are there must hold. */
export interface Condition {
  readonly field: string
  readonly equals?: Scalar
  readonly in?: readonly Scalar[]
  /** Of the value itself: whether there is one. */
  readonly exists?: boolean
  /** One text or several, none of which it may have. */
  readonly not?: Scalar | readonly Scalar[]
}

/** Which records a mapping is for; the first that is for a record is taken. */
interface Matching {
  /** Avro full name. */
  readonly record: string
  readonly topic?: string
  /** All of several must hold. */
  readonly when?: Condition | readonly Condition[]
}

export interface HitSpec extends Matching {
  readonly app: AppChoice
  readonly method: Method
  readonly params: Readonly<Record<string, Source | Readonly<Record<string, Source>>>>
}

export interface ModuleSpec extends Matching {
  /** The path by which its function was loaded. */
  readonly module: string
}

export interface SkipSpec extends Matching {
  readonly skip: true
}

export type MappingSpec = HitSpec | ModuleSpec | SkipSpec
