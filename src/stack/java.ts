import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { brokerProperties } from './broker-properties.ts'
import type { Env } from './cache.ts'
import { cacheFolder, exists } from './cache.ts'
import type { Jar } from './class-archive.ts'
import { archiveFlags, classArchive } from './class-archive.ts'
import type { JvmPlan } from './keeper.ts'
import type { Keeper } from './keeping.ts'
import { JvmEnded, startKeeper } from './keeping.ts'
import type { Package } from './maven.ts'
import { fetchedPackage, kafkaPackage, registryPackage } from './maven.ts'
import { freePorts } from './ports.ts'
import { brokerReady, registryReady } from './ready.ts'
import type { Started, Starting } from './starting.ts'

const javaMin = 17
const readyMaxMs = 60_000
const startsMax = 2
/** Client compiler and serial collector: quick to start and small. The load of a demo or a bench needs no more. */
const jvmFlags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData']

interface Java {
  readonly command: string
  readonly version: string
}

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

/** Broker and registry as JVMs of this machine. */
export async function startOnJava(java: Java, starting: Starting): Promise<Started> {
  const { env, registry, report } = starting
  const packages = await fetchAll(starting)
  report(`starting ${kafkaPackage.title}${registry ? ` and ${registryPackage.title}` : ''} on Java ${javaMajor(java.version)}`)
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(java, packages, starting)
    } catch (error) {
      // Two causes pass by themselves: another process was quicker to bind the port, or the class archive was damaged (a JVM
      // may crash on that), which the keeper has removed by now.
      if (attempt === startsMax || !(error instanceof JvmEnded)) throw error
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

async function startOnce(java: Java, packages: Packages, { env, registry, report, signal }: Starting): Promise<Started> {
  const [brokerPort = 0, controllerPort = 0, registryPort = 0] = await freePorts(3)
  const folder = await mkdtemp(join(tmpdir(), 'mytracker-sink-'))
  let keeper: Keeper
  let jvms: JvmPlan[]
  try {
    await writeBrokerFiles(folder, { brokerPort, controllerPort })
    jvms = await Promise.all([
      brokerPlan(java, { jarsFolder: packages.kafka, folder, cache: cacheFolder(env) }),
      ...(registry ? [registryPlan(java, { jarsFolder: packages.apicurio, port: registryPort, cache: cacheFolder(env) })] : []),
    ])
    keeper = startKeeper({ folder, jvms }, env)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  const makesArchive = jvms.some(({ archive }) => archive.kind === 'made-at-exit')
  const registryUrl = registry ? `http://127.0.0.1:${registryPort}/apis/ccompat/v7` : ''
  const failing = new AbortController()
  try {
    const waiting = { deadlineMs: readyMaxMs, signal: AbortSignal.any([signal, failing.signal]) }
    const both = [brokerReady(brokerPort, waiting), ...(registry ? [registryReady(registryUrl, waiting)] : [])]
    await Promise.race([Promise.all(both), keeper.ended])
  } catch (error) {
    failing.abort(error)
    await keeper.stop()
    signal.throwIfAborted()
    throw error
  }
  keeper.ready()
  let stopping = false
  keeper.ended.catch((error: Error) => {
    if (!stopping) report(error.message)
  })
  return {
    brokers: [`127.0.0.1:${brokerPort}`],
    registryUrl,
    stop: async () => {
      if (makesArchive && !stopping) report('writing class archives (once), later starts are quicker')
      stopping = true
      await keeper.stop()
    },
  }
}

async function writeBrokerFiles(
  folder: string,
  ports: { readonly brokerPort: number; readonly controllerPort: number },
): Promise<void> {
  const data = join(folder, 'data')
  await mkdir(data)
  await writeFile(join(folder, 'server.properties'), brokerProperties({ ...ports, dataFolder: data }))
  // This is all that the format command would write, at the price of another JVM start.
  await writeFile(join(data, 'meta.properties'), `version=1\nnode.id=1\ncluster.id=${randomBytes(16).toString('base64url')}\n`)
}

async function brokerPlan(
  java: Java,
  { jarsFolder, folder, cache }: { readonly jarsFolder: string; readonly folder: string; readonly cache: string },
): Promise<JvmPlan> {
  const jars = await jarsOf(jarsFolder)
  const archive = await classArchive(cache, 'broker', { javaVersion: java.version, flags: jvmFlags, jars })
  // Jar by jar and sorted, not `*`: the archive holds only for the very same list.
  const classpath = jars.map((jar) => jar.path).join(delimiter)
  const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  const args = [...jvmFlags, ...archiveFlags(archive), log, '-cp', classpath, 'kafka.Kafka', join(folder, 'server.properties')]
  return { name: 'broker', command: java.command, args, archive }
}

async function registryPlan(
  java: Java,
  { jarsFolder, port, cache }: { readonly jarsFolder: string; readonly port: number; readonly cache: string },
): Promise<JvmPlan> {
  const jars = await jarsOf(jarsFolder)
  const runner = jars.find((jar) => jar.path.endsWith('-runner.jar'))
  if (runner === undefined)
    throw new Error(`There is no registry in ${jarsFolder}: remove that folder, it will be fetched again.`)
  const archive = await classArchive(cache, 'registry', { javaVersion: java.version, flags: jvmFlags, jars })
  const http = ['-Dquarkus.http.host=127.0.0.1', `-Dquarkus.http.port=${port}`]
  return {
    name: 'registry',
    command: java.command,
    args: [...jvmFlags, ...archiveFlags(archive), ...http, '-jar', runner.path],
    archive,
  }
}

async function jarsOf(folder: string): Promise<Jar[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.jar')).sort()
  return await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name)
      const { size, mtimeMs } = await stat(path)
      return { path, sizeBytes: size, mtimeMs }
    }),
  )
}

async function outputOf(command: string, args: readonly string[], env: Env): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, [...args], { env: { ...env }, timeout: 10_000 })
    return stdout + stderr
  } catch {
    return undefined
  }
}
