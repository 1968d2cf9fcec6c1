import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Node } from './broker-properties.ts'
import type { Env } from './cache.ts'
import { cacheFolder, exists } from './cache.ts'
import type { Java } from './jvm-plans.ts'
import { brokerName, brokerPlan, registryPlan } from './jvm-plans.ts'
import type { Keeper } from './keeping.ts'
import { ProgramEnded, startKeeper } from './keeping.ts'
import type { Package } from './maven.ts'
import { fetchedPackage, kafkaPackage, registryPackage } from './maven.ts'
import { freePorts } from './ports.ts'
import { clusterReady, nodeReady, registryReady } from './ready.ts'
import { StackError } from './stack-error.ts'
import type { StackNode, Started, Starting } from './starting.ts'

const javaMin = 17
const readyMaxMs = 60_000
const startsMax = 2

/** Java as it is needed here, or undefined. `JAVA_HOME` goes before the search path; one that leads nowhere is passed over. */
export async function findJava(env: Env): Promise<Java | undefined> {
  const commands = [...(env.JAVA_HOME ? [join(env.JAVA_HOME, 'bin', 'java')] : []), 'java']
  for (const command of commands) {
    const version = await outputOf(command, ['-version'], env)
    if (version !== undefined && javaMajor(version) >= javaMin) return { command, version }
  }
  return undefined
}

/** 17 of `openjdk version "17.0.15"`, 8 of `java version "1.8.0_402"`, 0 of anything else. */
export function javaMajor(version: string): number {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(version) ?? []
  return Number((first === '1' ? second : first) ?? 0)
}

/** What this start still has to fetch; without Maven it must be nothing. */
export async function missingPackages({ env, registry }: { readonly env: Env; readonly registry: boolean }): Promise<Package[]> {
  const cache = cacheFolder(env)
  const missing: Package[] = []
  for (const wanted of registry ? [kafkaPackage, registryPackage] : [kafkaPackage]) {
    if (!(await exists(join(cache, wanted.folder)))) missing.push(wanted)
  }
  return missing
}

export async function mavenAnswers(env: Env): Promise<boolean> {
  return (await outputOf('mvn', ['--version'], env)) !== undefined
}

/** Brokers and registry as JVMs of this machine. */
export async function startOnJava(java: Java, starting: Starting): Promise<Started> {
  const { env, registry, nodes, report } = starting
  const packages = await fetchAll(starting)
  const times = nodes === 1 ? '' : ` (${nodes} nodes)`
  report(
    `starting ${kafkaPackage.title}${times}${registry ? ` and ${registryPackage.title}` : ''} on Java ${javaMajor(java.version)}`,
  )
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(java, packages, starting)
    } catch (error) {
      // Two causes pass by themselves: another process was quicker to bind the port, or the class archive was damaged (a JVM
      // may crash on that), which the keeper has removed by now.
      if (attempt === startsMax || !(error instanceof ProgramEnded)) throw error
      report(`the ${error.service} ended while it was starting, trying once more`)
    }
  }

  async function fetchAll({ signal }: Starting): Promise<Packages> {
    // One failing fetch ends the other: nobody waits for it, and a Maven left running would write into a folder already removed.
    const failing = new AbortController()
    const fetching = { cache: cacheFolder(env), env, report, signal: AbortSignal.any([signal, failing.signal]) }
    const both = [kafkaPackage, ...(registry ? [registryPackage] : [])].map(async (wanted) => {
      try {
        return await fetchedPackage(wanted, fetching)
      } catch (error) {
        failing.abort(error)
        throw error
      }
    })
    await Promise.allSettled(both)
    const [kafka = '', apicurio = ''] = await Promise.all(both)
    return { kafka, apicurio }
  }
}

interface Packages {
  readonly kafka: string
  readonly apicurio: string
}

async function startOnce(java: Java, packages: Packages, starting: Starting): Promise<Started> {
  const { registry, report, signal } = starting
  const names = Object.keys(starting.extras?.listeners ?? {})
  const [registryPort = 0, ...ports] = await freePorts(1 + (2 + names.length) * starting.nodes)
  const nodes = Array.from({ length: starting.nodes }, (_, index): Node => {
    const [brokerPort = 0, controllerPort = 0, ...extra] = ports.slice((2 + names.length) * index)
    const listeners = names.map((name, place) => [name, `127.0.0.1:${extra[place]}`] as const)
    return { id: index + 1, brokerPort, controllerPort, listeners: Object.fromEntries(listeners) }
  })
  const { keeper, makesArchive } = await startJvms(java, packages, { ...starting, brokers: nodes, registryPort })
  const registryUrl = registry ? `http://127.0.0.1:${registryPort}/apis/ccompat/v7` : ''
  const failing = new AbortController()
  try {
    const waiting = { deadlineMs: readyMaxMs, signal: AbortSignal.any([signal, failing.signal]) }
    const brokers = clusterReady(
      nodes.map(({ brokerPort }) => brokerPort),
      waiting,
    )
    await Promise.race([Promise.all([brokers, ...(registry ? [registryReady(registryUrl, waiting)] : [])]), keeper.ended])
  } catch (error) {
    failing.abort(error)
    await keeper.stop()
    signal.throwIfAborted()
    throw error
  }
  keeper.ready()
  const stopping = new AbortController()
  keeper.ended.catch((error: Error) => {
    if (!stopping.signal.aborted) report(error.message)
  })
  const stackNodes = nodes.map((node) => stackNode(node, brokerName(node, nodes), { keeper, signal: stopping.signal }))
  return {
    brokers: stackNodes.map(({ broker }) => broker),
    registryUrl,
    nodes: stackNodes,
    stop: async () => {
      if (makesArchive && !stopping.signal.aborted) report('writing class archives (once), later starts are quicker')
      stopping.abort(new StackError('The stack is being stopped.'))
      await keeper.stop()
    },
  }
}

interface Jvms extends Starting {
  readonly brokers: readonly Node[]
  readonly registryPort: number
}

async function startJvms(
  java: Java,
  packages: Packages,
  { env, registry, brokers, registryPort, extras = {} }: Jvms,
): Promise<{ keeper: Keeper; makesArchive: boolean }> {
  const folder = await mkdtemp(join(tmpdir(), 'mytracker-sink-'))
  const cache = cacheFolder(env)
  try {
    const clusterId = randomBytes(16).toString('base64url')
    const place = { jarsFolder: packages.kafka, folder, cache, nodes: brokers, clusterId, extras }
    const programs = await Promise.all([
      ...brokers.map((node) => brokerPlan(java, node, place)),
      ...(registry ? [registryPlan(java, registryPort, { jarsFolder: packages.apicurio, cache })] : []),
    ])
    const makesArchive = programs.some(({ archive }) => archive.kind === 'made-at-exit')
    return { keeper: startKeeper({ folder, programs }, env), makesArchive }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

function stackNode(
  { id, brokerPort, listeners }: Node,
  name: string,
  { keeper, signal }: { readonly keeper: Keeper; readonly signal: AbortSignal },
): StackNode {
  return {
    id,
    broker: `127.0.0.1:${brokerPort}`,
    listeners,
    kill: () => keeper.kill(name),
    stop: () => keeper.kill(name, 'SIGTERM'),
    revive: async () => {
      keeper.revive(name)
      await Promise.race([nodeReady(brokerPort, id, { deadlineMs: readyMaxMs, signal }), keeper.ended])
    },
  }
}

async function outputOf(command: string, args: readonly string[], env: Env): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, [...args], { env: { ...env }, timeout: 10_000 })
    return stdout + stderr
  } catch {
    return undefined
  }
}
