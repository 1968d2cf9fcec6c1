import { spawn } from 'node:child_process'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorText } from '../core/errors.ts'
import type { Env } from './cache.ts'
import { exists, settleFolder, sweepAbandoned, unfinishedFolder } from './cache.ts'
import { StackError } from './stack-error.ts'

/**
 * Version 2.8 on purpose: the registry's POM names a parent that Maven Central does not hold. Later versions of the plugin
 * read the POM of each artifact that they copy, and fail there.
 */
const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:2.8'
const fetchMaxMs = 15 * 60 * 1000
const outputTailChars = 64 * 1024

export interface Package {
  /** Folder in the cache; changes with the version, so that a folder once there never has to be checked again. */
  readonly folder: string
  readonly title: string
  /** With what Maven itself needs for the first time. */
  readonly aboutMegabytes: number
  readonly content:
    | { readonly kind: 'jars'; readonly artifacts: readonly string[] }
    | { readonly kind: 'archive'; readonly artifact: string }
}

export const kafkaPackage: Package = {
  folder: 'kafka-4.3.1',
  title: 'Apache Kafka 4.3.1',
  aboutMegabytes: 51,
  // slf4j-simple as old as the slf4j-api that Kafka brings: a 2.x does not bind to it, and the broker's log would be lost.
  content: { kind: 'jars', artifacts: ['org.apache.kafka:kafka_2.13:4.3.1', 'org.slf4j:slf4j-simple:1.7.36'] },
}

export const registryPackage: Package = {
  folder: 'registry-3.0.9',
  title: 'Apicurio Registry 3.0.9',
  aboutMegabytes: 115,
  // 3.0.9 is the last that was tried and runs on Java 17; 3.3 wants 21.
  content: { kind: 'archive', artifact: 'io.apicurio:apicurio-registry-app:3.0.9:tar.gz:all' },
}

export interface Fetching {
  readonly cache: string
  readonly env: Env
  readonly report: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * The folder with the package's files, fetched with Maven when the cache does not hold it yet. Maven uses the operator's own
 * settings and local repository, so mirrors, proxies and what is already there count.
 */
export async function fetchedPackage(wanted: Package, { cache, env, report, signal }: Fetching): Promise<string> {
  const place = join(cache, wanted.folder)
  if (await exists(place)) return place
  await sweepAbandoned(cache, Date.now())
  const started = performance.now()
  const work = await unfinishedFolder(cache, wanted.folder)
  const progress = new MavenProgress()
  const seconds = () => Math.round((performance.now() - started) / 1000)
  const timer = setInterval(() => {
    report(`fetching ${wanted.title} (once): ${progress.megabytes()} of about ${wanted.aboutMegabytes} MB, ${seconds()} s`)
  }, 1000)
  const run = async (command: string, args: readonly string[]) =>
    await runIn(work, { command, args, env, signal: AbortSignal.any([signal, AbortSignal.timeout(fetchMaxMs)]), progress })
  try {
    report(`fetching ${wanted.title} (once, about ${wanted.aboutMegabytes} MB) into ${place}`)
    const filled = await fill(wanted, { work, run })
    await settleFolder(filled, place)
    report(`fetched ${wanted.title} in ${seconds()} s`)
    return place
  } catch (error) {
    signal.throwIfAborted()
    throw new StackError(`Fetching ${wanted.title} with Maven failed: ${errorText(error)}`)
  } finally {
    clearInterval(timer)
    await rm(work, { recursive: true, force: true })
  }
}

interface Filling {
  readonly work: string
  readonly run: (command: string, args: readonly string[]) => Promise<void>
}

async function fill({ content }: Package, { work, run }: Filling): Promise<string> {
  const filled = join(work, 'filled')
  const maven = async (...args: string[]) => await run('mvn', ['-Dstyle.color=never', ...args, `-DoutputDirectory=${filled}`])
  if (content.kind === 'jars') {
    await writeFile(join(work, 'pom.xml'), pomOf(content.artifacts))
    await maven(`${plugin}:copy-dependencies`)
    return filled
  }
  await maven(`${plugin}:copy`, `-Dartifact=${content.artifact}`)
  const [archive] = await readdir(filled)
  if (archive === undefined) throw new Error('Maven ended well but left no file.')
  await run('tar', ['-xzf', join(filled, archive), '-C', filled])
  await rm(join(filled, archive))
  return filled
}

export function pomOf(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, name, version] = artifact.split(':')
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`
  })
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>',
    '<groupId>local</groupId><artifactId>fetch</artifactId><version>1</version>',
    `<dependencies>${dependencies.join('')}</dependencies></project>`,
  ].join('\n')
}

const unitBytes: Readonly<Record<string, number>> = { B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9 }

/** How many bytes have arrived, read from what Maven prints when nobody asks it to be quiet. */
export class MavenProgress {
  #doneBytes = 0
  #openBytes = 0
  #mostBytes = 0
  /** The line that the last chunk broke off in. */
  #rest = ''

  read(output: string): void {
    const lines = (this.#rest + output).split(/[\r\n]+/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('Downloaded from ')) {
        this.#doneBytes += sizes(line.slice(line.lastIndexOf('(')).replace(/ at .*/, ''))
        this.#openBytes = 0
      } else if (line.startsWith('Progress (')) {
        this.#openBytes = sizes(line)
      }
    }
  }

  megabytes(): number {
    // Between one file's end and the next line on the others, those seem gone for a moment.
    this.#mostBytes = Math.max(this.#mostBytes, this.#doneBytes + this.#openBytes)
    return Math.round(this.#mostBytes / 1e6)
  }
}

/** Adds up `12/109 MB`, `22 kB` and their like: the part that is here, not the whole that is to come. */
function sizes(text: string): number {
  let bytes = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(?:\/\d+(?:\.\d+)?)? ([kKMG]?B)\b/g)) {
    bytes += Number(amount) * (unitBytes[unit ?? 'B'] ?? 1)
  }
  return bytes
}

interface Running {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Env
  readonly signal: AbortSignal
  readonly progress: MavenProgress
}

function runIn(cwd: string, { command, args, env, signal, progress }: Running): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { cwd, env, signal, stdio: ['ignore', 'pipe', 'pipe'] })
    let tail = ''
    const hear = (chunk: string) => {
      progress.read(chunk)
      tail = (tail + chunk).slice(-outputTailChars)
    }
    child.stdout.setEncoding('utf8').on('data', hear)
    child.stderr.setEncoding('utf8').on('data', hear)
    child.once('error', failed)
    child.once('close', (code) =>
      code === 0 ? done() : failed(new Error(`${command} ended with ${code}.\n${lastErrors(tail)}`)),
    )
  })
}

function lastErrors(output: string): string {
  const lines = output.split(/[\r\n]+/).filter((line) => line.trim() !== '' && !line.startsWith('Progress ('))
  const errors = lines.filter((line) => line.startsWith('[ERROR]'))
  return (errors.length > 0 ? errors.slice(0, 3) : lines.slice(-5)).join('\n')
}
