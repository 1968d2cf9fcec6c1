/** helm/values.schema.json: what may stand in the values of the chart, with the service's own schema for `config`. */
import { configJsonSchema } from '../src/config/json-schema.ts'

type Node = Readonly<Record<string, unknown>>

const text: Node = { type: 'string' }
const flag: Node = { type: 'boolean' }
const anything: Node = { type: 'object' }
const things: Node = { type: 'array', items: anything }
const duration: Node = { type: 'string', pattern: '^[1-9][0-9]*(s|m|h)$' }
const texts: Node = { type: 'object', additionalProperties: text }
const fileName: Node = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$' }

const whole = (minimum: number, maximum?: number): Node => ({
  type: 'integer',
  minimum,
  ...(maximum === undefined ? {} : { maximum }),
})
const oneOf = (...values: readonly string[]): Node => ({ type: 'string', enum: values })

/** Keys that are not named are errors. */
const mapping = (properties: Readonly<Record<string, Node>>, required: readonly string[] = []): Node => ({
  type: 'object',
  additionalProperties: false,
  ...(required.length === 0 ? {} : { required }),
  properties,
})

const objectName = { type: 'string', minLength: 1 }
const reference = (kind: string): Node => mapping({ [kind]: objectName, key: objectName }, [kind, 'key'])
const empty: Node = { type: 'object', maxProperties: 0 }
const secret: Node = { anyOf: [empty, reference('existingSecret')] }
const certificate: Node = { anyOf: [empty, reference('existingSecret'), reference('existingConfigMap')] }

/** Keys of a probe beside what it asks, which is the chart's. */
const probe = mapping({
  initialDelaySeconds: whole(0),
  periodSeconds: whole(1),
  timeoutSeconds: whole(1),
  successThreshold: whole(1),
  failureThreshold: whole(1),
})

const values = {
  mappingModules: { ...texts, propertyNames: fileName },
  secrets: mapping({
    appTokens: { type: 'object', additionalProperties: secret },
    kafkaPassword: secret,
    kafkaClientSecret: secret,
    registryPassword: secret,
    registryToken: secret,
  }),
  certificates: mapping({
    kafkaCa: certificate,
    kafkaClientCert: certificate,
    kafkaClientKey: secret,
    kafkaOauthCa: certificate,
    registryCa: certificate,
    trackerCa: certificate,
  }),
  image: mapping({
    repository: objectName,
    tag: text,
    digest: { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
    pullPolicy: oneOf('Always', 'IfNotPresent', 'Never'),
  }),
  imagePullSecrets: { type: 'array', items: mapping({ name: objectName }, ['name']) },
  nameOverride: text,
  fullnameOverride: text,
  scaling: mapping({
    mode: oneOf('fixed', 'keda', 'external'),
    replicas: whole(0),
    partitions: whole(0),
    keda: mapping({
      minReplicas: whole(1),
      maxReplicas: whole(0),
      lagPerReplica: whole(1),
      pollingInterval: whole(1, 3600),
      scaleDownAfter: whole(0, 3600),
      fallbackReplicas: whole(1),
    }),
  }),
  minReadySeconds: whole(0),
  podDisruptionBudget: mapping({ enabled: flag, maxUnavailable: whole(1) }),
  service: mapping({ enabled: flag, port: whole(1, 65_535) }),
  monitor: mapping({
    kind: oneOf('none', 'PodMonitor', 'ServiceMonitor'),
    labels: texts,
    interval: duration,
    scrapeTimeout: duration,
  }),
  alerts: mapping({
    enabled: flag,
    labels: texts,
    extraLabels: texts,
    selector: text,
    lagSeconds: whole(1),
    heldSeconds: whole(1),
    deadLetters: whole(0),
    retentionLeftSeconds: whole(1),
  }),
  dashboard: mapping({ enabled: flag, labels: texts, annotations: texts }),
  networkPolicy: mapping({ enabled: flag, from: things, egress: things }),
  serviceAccount: mapping({ create: flag, name: text, annotations: texts }),
  extraEnv: things,
  extraEnvFrom: things,
  extraVolumes: things,
  extraVolumeMounts: things,
  extraInitContainers: things,
  commonLabels: texts,
  deploymentAnnotations: texts,
  podAnnotations: texts,
  podLabels: texts,
  resources: mapping({ requests: anything, limits: anything, claims: things }),
  podSecurityContext: anything,
  securityContext: anything,
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
  topologySpreadKeys: { type: 'array', items: objectName },
  nodeSelector: texts,
  tolerations: things,
  affinity: anything,
  priorityClassName: text,
  extraObjects: { type: 'array', items: { type: ['object', 'string'] } },
  // A parent chart gives them to every chart below it.
  global: anything,
}

export function chartSchema(): string {
  const { $schema, $defs, title: _, ...config } = forHelm(configJsonSchema()) as Record<string, unknown>
  const properties = { config, ...values }
  const schema = { $schema, title: 'Values of the chart mytracker-sink', ...mapping(properties, ['config']), $defs }
  return `${JSON.stringify(schema, null, 2)}\n`
}

/** The same schema, as Helm can read it. */
function forHelm(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(forHelm)
  if (typeof node !== 'object' || node === null) return node
  const own = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, forHelm(value)]))
  return withoutLookahead(withFalseForOff(own))
}

/** Go's regular expressions do not look ahead; what must not follow becomes a condition of its own. */
function withoutLookahead(node: Node): Node {
  const { pattern } = node
  const [, forbidden, rest] = (typeof pattern === 'string' && /^\^\(\?!(.+?)\)(.*)$/.exec(pattern)) || []
  return forbidden === undefined ? node : { ...node, pattern: `^${rest}`, not: { pattern: `^${forbidden}` } }
}

/** Helm reads YAML 1.1, for which a bare `off` is false; the templates turn it back. */
function withFalseForOff(node: Node): Node {
  if (node.const !== 'off') return node
  const { const: _, type: __, ...rest } = node
  return { ...rest, enum: ['off', false] }
}
