/** Strict JSON schemas of Kubernetes, KEDA and the Prometheus operator, made of what they publish in their own modules. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { kept, moduleFolder } from './tools.ts'

export const kubernetes = 'v1.37.2'
const keda = 'v2.21.0'
const prometheusOperator = 'v0.85.0'

const definitions = [
  { module: 'github.com/kedacore/keda/v2', version: keda, folder: 'config/crd/bases', file: 'keda.sh_scaledobjects' },
  { module: 'github.com/kedacore/keda/v2', version: keda, folder: 'config/crd/bases', file: 'keda.sh_triggerauthentications' },
  ...['podmonitors', 'servicemonitors', 'prometheusrules'].map((kind) => ({
    module: 'github.com/prometheus-operator/prometheus-operator',
    version: prometheusOperator,
    folder: 'example/prometheus-operator-crd',
    file: `monitoring.coreos.com_${kind}`,
  })),
]

type Node = Readonly<Record<string, unknown>>

interface Kind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

interface Definition {
  readonly spec: {
    readonly group: string
    readonly names: { readonly kind: string }
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Node } }[]
  }
}

/** Where KEDA says what its Kafka scaler reads: a ScaledObject's schema leaves that open. */
export const kedaKafkaScaler = async (): Promise<string> =>
  await readFile(join(await moduleFolder('github.com/kedacore/keda/v2', keda), 'pkg/scalers/kafka_scaler.go'), 'utf8')

/** The custom resources that the chart may make, as their makers define them: YAML, one after the other. */
export async function customResources(): Promise<string[]> {
  return await Promise.all(definitions.map(async (definition) => await textOf(definition)))
}

/** The folder that holds them, each named as kubeconform looks for it. */
export const schemas = async (): Promise<string> =>
  await kept(`schemas-${edition()}`, async (folder) => {
    const swagger = join(await moduleFolder('k8s.io/kubernetes', kubernetes), 'api/openapi-spec/swagger.json')
    const { definitions: all } = JSON.parse(await readFile(swagger, 'utf8')) as { readonly definitions: Record<string, Node> }
    const write = async (kind: Kind, schema: Node) =>
      await writeFile(join(folder, fileOf(kind)), JSON.stringify(named(schema, kind)))
    for (const [name, definition] of Object.entries(all)) {
      const kinds = (definition['x-kubernetes-group-version-kind'] ?? []) as readonly Kind[]
      const [kind] = kinds
      if (kind === undefined || kinds.length > 1 || definition.properties === undefined) continue
      await write(kind, strict(definition, { all, seen: new Set([name]) }) as Node)
    }
    const metadata = strict(all['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'], { all, seen: new Set() }) as Node
    for (const definition of definitions) {
      const { spec } = parse(await textOf(definition)) as Definition
      for (const { name, schema } of spec.versions) {
        const made = strict(schema.openAPIV3Schema, { all, seen: new Set() }) as { readonly properties: Node }
        const whole = { ...made, properties: { ...made.properties, metadata } }
        await write({ group: spec.group, version: name, kind: spec.names.kind }, whole)
      }
    }
  })

const textOf = async ({ module, version, folder, file }: (typeof definitions)[number]): Promise<string> =>
  await readFile(join(await moduleFolder(module, version), folder, `${file}.yaml`), 'utf8')

/** Changes with what is written above, too, and not only with the versions. */
const edition = (): string =>
  createHash('sha256')
    .update(readFileSync(import.meta.filename))
    .digest('hex')
    .slice(0, 12)

const fileOf = ({ group, version, kind }: Kind): string =>
  `${[kind.toLowerCase(), ...(group === '' ? [] : [group.split('.')[0]]), version].join('-')}.json`

/** Only of this kind, and of no other version. */
function named(schema: Node, { group, version, kind }: Kind): Node {
  const apiVersion = { enum: [group === '' ? version : `${group}/${version}`] }
  return {
    ...schema,
    required: ['apiVersion', 'kind', 'metadata'],
    properties: { ...(schema.properties as Node), apiVersion, kind: { enum: [kind] } },
  }
}

interface Known {
  readonly all: Readonly<Record<string, Node>>
  /** Names that stand above: a schema inside of itself is left open. */
  readonly seen: ReadonlySet<string>
}

/** References filled in, and no keys but the named ones. */
function strict(node: unknown, known: Known): unknown {
  if (Array.isArray(node)) return node.map((each) => strict(each, known))
  if (typeof node !== 'object' || node === null) return node
  const { $ref, format, properties, additionalProperties } = node as Node
  if (typeof $ref === 'string') {
    const name = $ref.split('/').at(-1) ?? ''
    return known.seen.has(name) ? {} : strict(known.all[name], { ...known, seen: new Set([...known.seen, name]) })
  }
  const isEither = format === 'int-or-string' || (node as Node)['x-kubernetes-int-or-string'] === true
  if (isEither) return { type: ['integer', 'string'] }
  const isOpen = (node as Node)['x-kubernetes-preserve-unknown-fields'] === true
  const isClosed = typeof properties === 'object' && additionalProperties === undefined && !isOpen
  const own = Object.entries(node).filter(([key]) => !key.startsWith('x-kubernetes'))
  return {
    ...Object.fromEntries(
      own.map(([key, value]) => [key, key === 'properties' ? mapped(value as Node, known) : strict(value, known)]),
    ),
    ...(isClosed ? { additionalProperties: false } : {}),
  }
}

/** Of properties the names are free: one may be called `format`. */
const mapped = (properties: Node, known: Known): Node =>
  Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, strict(value, known)]))
