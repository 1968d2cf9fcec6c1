/** What the Prometheus operator makes of the chart's monitor, and what Kubernetes would tell it of a pod of the chart. */
import assert from 'node:assert/strict'
import type { Manifest } from './rendering.ts'
import { only } from './rendering.ts'

type Texts = Readonly<Record<string, string>>

const meta = (name: string): string => `__meta_kubernetes_${name.replaceAll(/\W/g, '_')}`
const holds = (labels: Texts, wanted: Texts): boolean => Object.entries(wanted).every(([name, value]) => labels[name] === value)

/** The rendered monitor as a scrape of the pod `pod`, which listens on this machine on the port that its manifest names. */
export function scrapeConfigOf(manifests: readonly Manifest[], pod: string): object {
  const { kind, metadata, spec } = manifests.find((manifest) => manifest.kind.endsWith('Monitor')) as Manifest
  const role = kind === 'PodMonitor' ? 'pod' : 'service'
  const [endpoint] = kind === 'PodMonitor' ? spec.podMetricsEndpoints : spec.endpoints
  const { port, path, interval, scrapeTimeout, ...others } = endpoint
  assert.deepEqual(others, {}, 'what is left out here would count for the operator')
  const { containerPort, labels } = discovered(manifests, pod)
  return {
    job_name: `${kind}/${metadata.name}`,
    metrics_path: path,
    scrape_interval: interval,
    scrape_timeout: scrapeTimeout,
    static_configs: [{ targets: [`127.0.0.1:${containerPort}`], labels }],
    relabel_configs: [
      ...Object.entries(spec.selector.matchLabels as Texts).map(([name, value]) => keep(`${role}_label_${name}`, value)),
      keep(role === 'pod' ? 'pod_container_port_name' : 'endpointslice_port_name', port),
      copied('namespace', 'namespace'),
      copied('pod_name', 'pod'),
      copied('pod_container_name', 'container'),
      ...(role === 'pod'
        ? [{ target_label: 'job', replacement: `events/${metadata.name}` }]
        : [copied('service_name', 'service'), copied('service_name', 'job')]),
      copied(`${role}_label_${spec.jobLabel}`, 'job'),
      { target_label: 'endpoint', replacement: port },
    ],
  }
}

const keep = (name: string, value: string) => ({ action: 'keep', source_labels: [meta(name)], regex: value })
/** An empty one changes nothing. */
const copied = (name: string, label: string) => ({ source_labels: [meta(name)], regex: '(.+)', target_label: label })

/** The pod's first port, and the service's where one leads to it. */
function discovered(manifests: readonly Manifest[], pod: string) {
  const { metadata, spec } = only('Deployment', manifests).spec.template
  const [container] = spec.containers
  const [{ name, containerPort }] = container.ports
  const facts: Record<string, string> = {
    ...{ namespace: 'events', pod_name: pod, pod_container_name: container.name, pod_container_port_name: name },
    ...labelled('pod', metadata.labels),
  }
  const service = manifests.find(({ kind }) => kind === 'Service')
  if (service !== undefined && holds(metadata.labels, service.spec.selector)) {
    const way = service.spec.ports.find(({ targetPort }: { targetPort: unknown }) => [name, containerPort].includes(targetPort))
    Object.assign(facts, { service_name: service.metadata.name, ...labelled('service', service.metadata.labels ?? {}) })
    if (way !== undefined) facts.endpointslice_port_name = way.name
  }
  return { containerPort, labels: Object.fromEntries(Object.entries(facts).map(([fact, value]) => [meta(fact), value])) }
}

const labelled = (of: string, labels: Texts): Texts =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [`${of}_label_${name}`, value]))
