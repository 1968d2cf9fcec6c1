import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exists, sweepAbandoned } from './cache.ts'

export interface Jar {
  readonly path: string
  readonly sizeBytes: number
  readonly mtimeMs: number
}

/**
 * Whether a JVM maps a class archive (AppCDS) or makes one. With it the broker starts in about 1 s in place of 4.
 *
 * The archive is made by the first real run as it ends, not by a run of its own beforehand: the first start is then as
 * quick as a start without archive can be, and only the first stop takes some seconds longer.
 */
export type ClassArchive =
  | { readonly kind: 'mapped'; readonly path: string }
  | {
      readonly kind: 'made-at-exit'
      /** Of this run alone; becomes `path` by a rename once it is whole. */
      readonly unfinishedPath: string
      readonly path: string
    }
  | { readonly kind: 'none' }

/** Everything that the JVM compares before it trusts an archive. What differs gets another name, so a stale one is never found. */
export function archiveName(service: string, { javaVersion, flags, jars }: ArchiveKey): string {
  const key = JSON.stringify([javaVersion, flags, jars.map((jar) => [jar.path, jar.sizeBytes, jar.mtimeMs])])
  return `${service}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}.jsa`
}

export interface ArchiveKey {
  /** All that `java -version` prints: the build counts, not just the release. */
  readonly javaVersion: string
  readonly flags: readonly string[]
  readonly jars: readonly Jar[]
}

export async function classArchive(cache: string, service: string, key: ArchiveKey): Promise<ClassArchive> {
  const folder = join(cache, 'class-archives')
  await mkdir(folder, { recursive: true })
  const path = join(folder, archiveName(service, key))
  if (await exists(path)) return { kind: 'mapped', path }
  await sweepAbandoned(folder, Date.now())
  return { kind: 'made-at-exit', path, unfinishedPath: join(folder, `.unfinished-${process.pid}-${Date.now()}-${service}.jsa`) }
}

export function archiveFlags(archive: ClassArchive): string[] {
  // With the log on, the JVM tells when it passes the archive over; by itself it would be slow in silence.
  if (archive.kind === 'none') return []
  if (archive.kind === 'mapped') return [`-XX:SharedArchiveFile=${archive.path}`, '-Xlog:cds']
  return [`-XX:ArchiveClassesAtExit=${archive.unfinishedPath}`]
}

/** Whether this log of a JVM says that it could not use its archive. */
export function archiveRefused(log: string): boolean {
  return /\[cds[^\]]*\].*(UseSharedSpaces:|unable to (map|use))/i.test(log)
}
