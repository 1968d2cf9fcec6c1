import { parse, stringify } from 'yaml'
import type { SchemaNode } from '../src/config/json-schema.ts'
import { writtenSchema } from '../src/config/json-schema.ts'
import { examples } from './configuration-examples.ts'

/** One key of the configuration. In its path `[]` is any place of a list, `*` any name of the operator's choice. */
export interface Row {
  readonly path: string
  readonly type: string
  readonly fallback: string
  readonly meaning: string
  readonly example: string
}

interface Key {
  readonly path: string
  readonly node: SchemaNode
  readonly isRequired: boolean
}

/** Longer values are told by the keys under them. */
const EXAMPLE_MAX = 70

function keysOf(node: SchemaNode, above: string): Key[] {
  const { properties = {}, required = [], items, anyOf = [], additionalProperties } = node
  const own = Object.entries(properties).flatMap(([name, child]) => {
    const path = above === '' ? name : `${above}.${name}`
    return [{ path, node: child, isRequired: required.includes(name) }, ...keysOf(child, path)]
  })
  const free = typeof additionalProperties === 'object' ? keysOf(additionalProperties, `${above}.*`) : []
  return [
    ...own,
    ...(items === undefined ? [] : keysOf(items, `${above}[]`)),
    ...anyOf.flatMap((each) => keysOf(each, above)),
    ...free,
  ]
}

/** The language of sources and of conditions comes again inside of itself; once is enough. */
const isRepeated = (path: string) => /\.customEventParams\.\*|\.firstOf\[\]|\.when\[\]/.test(path)

/** Every key once, in the order of the schema. A key of several alternatives has the kinds of them all. */
export function rowsOf(fullYaml: string): Row[] {
  const full: unknown = parse(fullYaml)
  const keys = keysOf(writtenSchema(), '').filter(({ path }) => !isRepeated(path))
  return [...Map.groupBy(keys, ({ path }) => path)].map(([path, alike]) => ({
    path,
    type: [...new Set(alike.map(({ node }) => typeOf(node)))].join(' or '),
    fallback: alike.some(({ isRequired }) => isRequired) ? 'required' : fallbackOf(alike),
    meaning: [...new Set(alike.map(({ node }) => node.description ?? ''))].join(' '),
    example: exampleOf(path, full),
  }))
}

function fallbackOf(keys: readonly Key[]): string {
  const value = keys.find(({ node }) => node.default !== undefined)?.node.default
  if (value === undefined) return '–'
  return isEmptyMapping(value) ? 'those of its keys' : code(inline(value))
}

const isEmptyMapping = (value: unknown) =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0 && !Array.isArray(value)

function typeOf(node: SchemaNode): string {
  const { type, anyOf, items, unit } = node
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeOf))].join(' or ')
  if (node.const !== undefined) return code(String(node.const))
  if (node.enum !== undefined) return node.enum.map((value) => code(String(value))).join(', ')
  if (unit === 'duration') return `duration, ${node.from} to ${node.to}`
  if (unit === 'bytes') return `bytes, ${node.minimum} to ${node.maximum}`
  if (unit !== undefined) return unit === 'path' ? 'path of a file' : unit
  if (type === 'integer') return `whole number, ${node.minimum} to ${node.maximum}`
  if (type === 'number') return numberOf(node)
  if (type === 'boolean') return 'true or false'
  if (type === 'array') return `list of ${items === undefined ? 'anything' : typeOf(items)}`
  if (type === 'object') return 'mapping'
  return Array.isArray(type) ? 'text, number, true or false' : 'text'
}

function numberOf({ minimum, exclusiveMinimum, maximum }: SchemaNode): string {
  const least = exclusiveMinimum === undefined ? `from ${minimum}` : `above ${exclusiveMinimum}`
  return `number ${least}${maximum === undefined ? '' : `, up to ${maximum}`}`
}

function exampleOf(path: string, full: unknown): string {
  const [value = examples[path]] = valuesAt(full, path.replaceAll('[]', '.[]').split('.'))
  if (value === undefined) return '–'
  const text = inline(value)
  return text.length <= EXAMPLE_MAX ? code(text) : 'its keys below'
}

/** Every value at the path. */
function valuesAt(value: unknown, [segment, ...rest]: readonly string[]): unknown[] {
  if (segment === undefined) return [value]
  if (typeof value !== 'object' || value === null) return []
  if (segment === '[]') return Array.isArray(value) ? value.flatMap((item) => valuesAt(item, rest)) : []
  const entries = Object.entries(value).filter(([key]) => segment === '*' || segment === key)
  return entries.flatMap(([, child]) => valuesAt(child, rest))
}

const inline = (value: unknown) =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0 })
    .trim()
    .replace(/\s*\n\s*/g, ' ')
const code = (text: string) => `\`${text.replaceAll('|', '\\|')}\``
const cell = (text: string) => text.replace(/\|/g, (bar, at: number, whole: string) => (whole[at - 1] === '\\' ? bar : '\\|'))

function table(rows: readonly Row[]): string[] {
  return [
    '| key | type and unit | default | meaning | example |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(
      ({ path, type, fallback, meaning, example }) =>
        `| \`${path}\` | ${[type, fallback, meaning, example].map(cell).join(' | ')} |`,
    ),
  ]
}

const head = `# Configuration

<!-- Made by \`npm run docs\` from src/config/schema.ts and config/full.yaml. Change those, not this page. -->

One YAML file. Unknown keys are errors. Durations are written \`250ms\`, \`30s\`, \`5m\`, \`24h\` or \`7d\`; sizes are whole numbers of bytes.
Any value may hold \`\${NAME}\` or \`\${NAME:-default}\`, filled in from the environment after the YAML is parsed. Each secret can be given as
the path of a file instead, under the same key with \`File\` at its end; such a file is read again when it changes. Relative paths start at
the directory of the configuration.

\`mytracker-sink check --config FILE\` names every mistake at once; \`--online\` tries the brokers, the registry and the tracker as well.
For an editor's completion put \`# yaml-language-server: $schema=PATH\` on the first line, with the path of
[config/schema.json](../config/schema.json), which \`mytracker-sink schema\` prints, too.

In the first column \`[]\` stands for any place in a list, \`*\` for a name: in \`mappings[].params\`, that of a parameter of the tracker.
A parameter's value, an entry of \`customEventParams\` and an element of \`firstOf\` are all written alike.
`

/** The whole page; `fullYaml` is the text of config/full.yaml, from which the examples come. */
export function configurationPage(fullYaml: string): string {
  const sections = Map.groupBy(rowsOf(fullYaml), ({ path }) => /^\w+/.exec(path)?.[0] ?? '')
  const parts = [...sections].map(([name, rows]) => `## ${name}\n\n${table(rows).join('\n')}\n`)
  return [head, ...parts].join('\n')
}
