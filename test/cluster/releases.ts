/** The release `sink` as somebody might run it: three pods with credentials of Secrets, and with all that may stand around them. */
import type { TestContext } from 'node:test'
import { chart, valuesOf } from '../chart/rendering.ts'
import { Namespace } from './namespace.ts'

export const values = {
  scaling: { replicas: 3, partitions: 12 },
  minReadySeconds: 2,
  networkPolicy: { enabled: true, egress: [{ ports: [{ protocol: 'TCP', port: 9093 }] }] },
}

export const NAME = 'sink-mytracker-sink'
const base = ['--values', valuesOf('sasl-tls'), '--wait', '--timeout', '60s']

export const install = ['install', 'sink', chart, ...base]

/** Installs the chart in a namespace of its own, and resolves when all pods are available. */
export async function installed(t: TestContext, own: object = {}): Promise<Namespace> {
  const namespace = await Namespace.made(t)
  await namespace.quietly(install, { ...values, ...own })
  return namespace
}

/** What is told to helm for an upgrade of such a release. */
export const upgrade = (from = chart): string[] => ['upgrade', 'sink', from, ...base]
