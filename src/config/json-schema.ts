import { z } from 'zod'
import type { Unit } from './fields.ts'
import { configSchema } from './schema.ts'

/** A node of JSON Schema as zod writes it, with what the kinds of value say of themselves beside. */
export interface SchemaNode extends Partial<Unit> {
  readonly $schema?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly pattern?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
  readonly additionalProperties?: SchemaNode | boolean
}

/** What an operator may write, from the one source of all: kinds of value, bounds, defaults, descriptions. */
export function writtenSchema(): SchemaNode {
  return z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      // Of the alternatives more than one may hold while a variable stands where their difference is.
      if (jsonSchema.oneOf === undefined) return
      jsonSchema.anyOf = jsonSchema.oneOf
      delete jsonSchema.oneOf
    },
  }) as SchemaNode
}

const variable = { $ref: '#/$defs/variable' }

/** The published JSON Schema: that of the file as it is written, so that wherever a value of some form belongs, a variable may stand. */
export function configJsonSchema(): object {
  const { $schema, ...written } = writtenSchema()
  return {
    $schema,
    title: 'Configuration of mytracker-sink',
    description: 'Durations are written 250ms, 30s, 5m, 24h or 7d; sizes in bytes.',
    ...published(written),
    $defs: {
      variable: {
        type: 'string',
        pattern: '\\$\\{[A-Za-z_]\\w*(:-[^}]*)?\\}',
        description: `A text with \${NAME} or \${NAME:-default}, filled in from the environment.`,
      },
    },
  }
}

/** The bounds of a duration cannot be told by a pattern; they stand in the description. */
function inWords({ description, unit, from, to }: SchemaNode): { readonly description?: string } {
  if (description === undefined) return {}
  return { description: unit === 'duration' ? `${description} A duration from ${from} to ${to}.` : description }
}

function published(node: SchemaNode): object {
  const { description: _, unit: __, from: ___, to: ____, default: fallback, properties, items, anyOf, ...rest } = node
  const { additionalProperties, ...leaf } = rest
  const about = { ...inWords(node), ...(fallback === undefined ? {} : { default: fallback }) }
  if (takesForm(leaf)) return { ...about, anyOf: [leaf, variable] }
  return {
    ...about,
    ...leaf,
    ...(properties === undefined ? {} : { properties: mapValues(properties, published) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: elsewhere(additionalProperties) }),
    ...(items === undefined ? {} : { items: published(items) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(published) }),
  }
}

const elsewhere = (node: SchemaNode | boolean) => (typeof node === 'boolean' ? node : published(node))

/** Whether a text with a variable would be refused here. */
function takesForm({ type, pattern, enum: values, const: constant }: SchemaNode): boolean {
  const isForm = pattern !== undefined || values !== undefined || constant !== undefined
  return isForm || type === 'integer' || type === 'number' || type === 'boolean'
}

function mapValues<T>(record: Readonly<Record<string, T>>, each: (value: T) => object): Record<string, object> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, each(value)]))
}
