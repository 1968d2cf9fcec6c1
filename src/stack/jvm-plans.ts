import { execFile } from 'node:child_process'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { Node } from './broker-properties.ts'
import { brokerProperties } from './broker-properties.ts'
import type { Jar } from './class-archive.ts'
import { archiveFlags, classArchive } from './class-archive.ts'
import type { ProgramPlan } from './keeper.ts'
import type { BrokerExtras } from './starting.ts'

/** Client compiler and serial collector: quick to start and small. The load of a demo or a bench needs no more. */
const jvmFlags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData']

export interface Java {
  readonly command: string
  readonly version: string
}

interface Place {
  readonly jarsFolder: string
  readonly cache: string
}

export interface BrokerPlace extends Place {
  /** Of the whole stack. */
  readonly folder: string
  readonly nodes: readonly Node[]
  /** The same for all nodes. */
  readonly clusterId: string
  readonly extras: BrokerExtras
}

export function brokerName(node: Node, nodes: readonly Node[]): string {
  return nodes.length === 1 ? 'broker' : `broker-${node.id}`
}

/** Writes what the node reads when it starts, and says how to start it. */
export async function brokerPlan(java: Java, node: Node, place: BrokerPlace): Promise<ProgramPlan> {
  const { jarsFolder, folder, cache, nodes, extras } = place
  const name = brokerName(node, nodes)
  const properties = await writeBrokerFiles(join(folder, name), node, place)
  const jars = await jarsOf(jarsFolder)
  const found = await classArchive(cache, 'broker', { javaVersion: java.version, flags: jvmFlags, jars })
  const isAlone = nodes.length === 1
  // Making an archive is left to a node that is alone: it takes an orderly end, and nodes of a cluster that end together wait for each
  // other's votes. Their data is thrown away, so they need no such end.
  const archive = isAlone || found.kind === 'mapped' ? found : ({ kind: 'none' } as const)
  // Jar by jar and sorted, not `*`: the archive holds only for the very same list.
  const classpath = jars.map((jar) => jar.path).join(delimiter)
  const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  if (extras.scramUsers !== undefined) await format(java.command, ['-cp', classpath], properties, place)
  const args = [
    ...jvmFlags,
    ...archiveFlags(archive),
    ...(extras.jvmFlags ?? []),
    log,
    '-cp',
    classpath,
    'kafka.Kafka',
    properties,
  ]
  return { name, command: java.command, args, archive, endWith: isAlone ? 'SIGTERM' : 'SIGKILL' }
}

export async function registryPlan(java: Java, port: number, { jarsFolder, cache }: Place): Promise<ProgramPlan> {
  const jars = await jarsOf(jarsFolder)
  const runner = jars.find((jar) => jar.path.endsWith('-runner.jar'))
  if (runner === undefined)
    throw new Error(`There is no registry in ${jarsFolder}: remove that folder, it will be fetched again.`)
  const archive = await classArchive(cache, 'registry', { javaVersion: java.version, flags: jvmFlags, jars })
  const http = ['-Dquarkus.http.host=127.0.0.1', `-Dquarkus.http.port=${port}`]
  const args = [...jvmFlags, ...archiveFlags(archive), ...http, '-jar', runner.path]
  return { name: 'registry', command: java.command, args, archive, endWith: 'SIGTERM' }
}

/** Returns the path of the properties. */
async function writeBrokerFiles(home: string, node: Node, { nodes, clusterId, extras }: BrokerPlace): Promise<string> {
  const dataFolder = join(home, 'data')
  const properties = join(home, 'server.properties')
  await mkdir(dataFolder, { recursive: true })
  await writeFile(properties, brokerProperties({ node, nodes, dataFolder, extras }))
  // The format command does it, and must find none.
  if (extras.scramUsers !== undefined) return properties
  // This is all that the format command would write, at the price of another JVM start.
  await writeFile(join(dataFolder, 'meta.properties'), `version=1\nnode.id=${node.id}\ncluster.id=${clusterId}\n`)
  return properties
}

/** The users of SCRAM that there shall be from the start are known to the format command alone. */
async function format(
  command: string,
  classpath: readonly string[],
  properties: string,
  { clusterId, extras }: BrokerPlace,
): Promise<void> {
  const users = (extras.scramUsers ?? []).flatMap((user) => ['--add-scram', user])
  // In one word with its flag: one id in sixty-four begins with a dash, and would be taken for a flag itself.
  const options = [`--cluster-id=${clusterId}`, '--config', properties, ...users]
  await promisify(execFile)(command, [...jvmFlags, ...classpath, 'kafka.tools.StorageTool', 'format', ...options])
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
