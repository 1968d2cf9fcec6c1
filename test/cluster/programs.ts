/** What a cluster without machines takes, built once from the modules of those who make it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kubernetes } from '../chart/schemas.ts'
import { build, kept, moduleFolder } from '../chart/tools.ts'

const kwok = 'v0.8.0'

const packages = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  kwok: 'sigs.k8s.io/kwok/cmd/kwok',
} as const

/** The folder that holds them, each under its name. */
export const programs = async (): Promise<string> =>
  await kept(`kubernetes-${kubernetes}-kwok-${kwok}`, async (folder) => {
    const requirements = await readFile(join(await moduleFolder('k8s.io/kubernetes', kubernetes), 'go.mod'), 'utf8')
    const libraries = [...requirements.matchAll(/^\s(k8s\.io\/\S+) v0\.0\.0$/gm)].map(([, library]) => library)
    const [major, minor] = kubernetes.slice(1).split('.')
    const version = { gitVersion: kubernetes, gitMajor: major, gitMinor: minor }
    const told = Object.entries(version).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    await build(folder, {
      requires: [`k8s.io/kubernetes ${kubernetes}`, `sigs.k8s.io/kwok ${kwok}`],
      // They stand in its own repository, and are published with a 0 for its 1.
      replaces: libraries.map((library) => `${library} => ${library} ${kubernetes.replace('v1', 'v0')}`),
      programs: packages,
      flags: ['-trimpath', '-ldflags', ['-s -w', ...told].join(' ')],
    })
  })

/** What kwok's fake nodes do with pods: each is ready at once, and gone at once when it is asked to go. */
export async function stages(): Promise<string> {
  const folder = join(await moduleFolder('sigs.k8s.io/kwok', kwok), 'kustomize/stage')
  const files = [
    'node/fast/node-initialize',
    'node/heartbeat-with-lease/node-heartbeat-with-lease',
    'pod/fast/pod-ready',
    'pod/fast/pod-delete',
  ]
  const texts = await Promise.all(files.map(async (file) => await readFile(join(folder, `${file}.yaml`), 'utf8')))
  return [...texts, JSON.stringify(podDone)].join('\n---\n')
}

/** A pod that runs once, as that of `helm test`, has done so. */
const podDone = {
  apiVersion: 'kwok.x-k8s.io/v1alpha1',
  kind: 'Stage',
  metadata: { name: 'pod-done' },
  spec: {
    resourceRef: { apiGroup: 'v1', kind: 'Pod' },
    selector: {
      matchExpressions: [
        { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' },
        { key: '.status.phase', operator: 'In', values: ['Running'] },
        { key: '.spec.restartPolicy', operator: 'In', values: ['Never'] },
      ],
    },
    next: { statusTemplate: 'phase: Succeeded' },
  },
}
