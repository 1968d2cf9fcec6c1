/** The servers and controllers of a Kubernetes cluster as processes of this machine, with nodes that are none (kwok). */
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ProgramPlan } from '../../src/stack/keeper.ts'
import type { Keeper } from '../../src/stack/keeping.ts'
import { startKeeper } from '../../src/stack/keeping.ts'
import { freePorts } from '../../src/stack/ports.ts'
import { customResources } from '../chart/schemas.ts'
import type { Answer } from '../chart/tools.ts'
import { answered, skipped } from '../chart/tools.ts'
import type { Certificates } from '../support/certificates.ts'
import { makeCertificates } from '../support/certificates.ts'
import { until } from '../support/sink-process.ts'
import { programs, stages } from './programs.ts'

/** Each in a zone of its own. */
export const nodes = ['node-a', 'node-b', 'node-c']

interface Place {
  readonly folder: string
  readonly programs: string
  readonly certificates: Certificates
  /** Of etcd for its clients, of etcd for its peers, and of the API server. */
  readonly ports: readonly number[]
}

export class ControlPlane {
  readonly #place: Place
  readonly #keepers: Keeper[] = []

  /** All of it is up when this resolves. Rejects with a sentence where Go or openssl is missing, and with the end of a log where a program ends. */
  static async start(): Promise<ControlPlane> {
    if (skipped !== undefined) throw new Error(skipped)
    const built = await programs()
    const folder = mkdtempSync(join(tmpdir(), 'mytracker-sink-cluster-'))
    const certificates = makeCertificates(folder)
    if (certificates === undefined) {
      rmSync(folder, { recursive: true })
      throw new Error('the cluster needs openssl on the PATH')
    }
    const plane = new ControlPlane({ folder, programs: built, certificates, ports: await freePorts(3) })
    await plane.#start().catch(async (error: unknown) => {
      await plane.stop()
      throw error
    })
    return plane
  }

  private constructor(place: Place) {
    this.#place = place
  }

  get kubeconfig(): string {
    return join(this.#place.folder, 'kubeconfig')
  }

  async #start(): Promise<void> {
    const { folder, certificates, ports } = this.#place
    const token = randomUUID()
    const cluster = { server: `https://127.0.0.1:${ports[2]}`, 'certificate-authority': certificates.ca }
    const config = {
      clusters: [{ name: 'test', cluster }],
      users: [{ name: 'admin', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
      'current-context': 'test',
    }
    writeFileSync(this.kubeconfig, JSON.stringify(config))
    writeFileSync(join(folder, 'tokens.csv'), `${token},admin,admin,system:masters\n`)
    await this.#keep(folder, servers(this.#place), 'the API server is ready', ['get', '--raw', '/readyz'])
    await this.kubectl(['apply', '--filename=-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: nodes.map(node) }))
    // The controller manager gives up where the API server is not there yet.
    const controllers = join(folder, 'controllers')
    mkdirSync(controllers)
    writeFileSync(join(controllers, 'stages.yaml'), await stages())
    const ready = ['wait', 'node', '--all', '--for=condition=Ready', '--timeout=1s']
    await this.#keep(controllers, controllersOf(this.#place, this.kubeconfig), 'the nodes are ready', ready)
  }

  /** Starts programs, each with its log in the folder, and asks until what they are for is there. */
  async #keep(folder: string, plans: readonly ProgramPlan[], what: string, question: readonly string[]): Promise<void> {
    const keeper = startKeeper({ folder, programs: plans }, { ...process.env, KWOK_WORKDIR: folder })
    this.#keepers.push(keeper)
    const isThere = async () => (await this.answer(question)).code === 0
    await Promise.race([until(what, isThere), keeper.ended])
  }

  /** How kubectl ended. */
  async answer(args: readonly string[], input = ''): Promise<Answer> {
    return await answered(join(this.#place.programs, 'kubectl'), ['--kubeconfig', this.kubeconfig, ...args], input)
  }

  /** What kubectl prints. Rejects where it fails. */
  async kubectl(args: readonly string[], input = ''): Promise<string> {
    const { code, stdout, text } = await this.answer(args, input)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${code}\n${text}`)
    return stdout
  }

  /** Those that the chart may make; nothing acts on them. */
  async defineCustomResources(): Promise<void> {
    await this.kubectl(['apply', '--server-side', '--filename=-'], (await customResources()).join('\n---\n'))
    await this.kubectl(['wait', 'crd', '--all', '--for=condition=Established', '--timeout=60s'])
  }

  async stop(): Promise<void> {
    for (const keeper of this.#keepers.toReversed()) await keeper.stop()
    rmSync(this.#place.folder, { recursive: true, force: true })
  }
}

/** The keeper of the stack is as good for these as for its JVMs. */
const plan = ({ programs }: Place, name: string, flags: Readonly<Record<string, unknown>>): ProgramPlan => ({
  name,
  command: join(programs, name),
  args: Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
  archive: { kind: 'none' },
  endWith: 'SIGTERM',
})

function servers(place: Place): ProgramPlan[] {
  const { folder, certificates, ports } = place
  const [clients, peers] = ports.map((port) => `http://127.0.0.1:${port}`)
  const etcd = {
    'data-dir': join(folder, 'etcd'),
    'listen-client-urls': clients,
    'advertise-client-urls': clients,
    'listen-peer-urls': peers,
    // Nothing of it outlives its process.
    'unsafe-no-fsync': true,
  }
  const api = {
    'etcd-servers': clients,
    'bind-address': '127.0.0.1',
    'advertise-address': '127.0.0.1',
    'secure-port': ports[2],
    'tls-cert-file': certificates.broker,
    'tls-private-key-file': certificates.broker,
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-signing-key-file': certificates.broker,
    'service-account-key-file': certificates.broker,
    'token-auth-file': join(folder, 'tokens.csv'),
    'authorization-mode': 'RBAC',
    'service-cluster-ip-range': '10.97.0.0/24',
    'endpoint-reconciler-type': 'none',
  }
  return [plan(place, 'etcd', etcd), plan(place, 'kube-apiserver', api)]
}

function controllersOf(place: Place, kubeconfig: string): ProgramPlan[] {
  const { certificates, folder } = place
  // Port 0: nobody asks them anything.
  const both = { kubeconfig, 'secure-port': 0, 'leader-elect': false }
  const manager = { ...both, 'service-account-private-key-file': certificates.broker, 'root-ca-file': certificates.ca }
  const kwok = {
    kubeconfig,
    config: join(folder, 'controllers/stages.yaml'),
    'manage-all-nodes': true,
    'node-lease-duration-seconds': 40,
    'server-address': '',
  }
  return [plan(place, 'kube-controller-manager', manager), plan(place, 'kube-scheduler', both), plan(place, 'kwok', kwok)]
}

const node = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/arch': 'amd64', 'topology.kubernetes.io/zone': `zone-of-${name}` },
  },
  status: { allocatable: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '10Gi', pods: '110' } },
})
