/** What the Dockerfile builds on: as it names them, or where they cannot be pulled, made from this machine's own files. */
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { copyInto, librariesOf, pathOf } from '../support/root-folder.ts'
import type { Engine } from './engine.ts'

const authorities = '/etc/ssl/certs/ca-certificates.crt'

export interface Bases {
  readonly build: string
  readonly runtime: string
  readonly isLocal: boolean
}

export async function basesOf(engine: Engine, dockerfile: string): Promise<Bases> {
  const named = (argument: string): string => new RegExp(`^ARG ${argument}=(\\S+)$`, 'm').exec(dockerfile)?.[1] ?? ''
  const [build, runtime] = [named('BUILD_IMAGE'), named('BASE_IMAGE')]
  const pulled = [await engine.ended('pull', '--quiet', runtime), await engine.ended('pull', '--quiet', build)]
  if (pulled.every(({ code }) => code === 0)) return { build, runtime, isLocal: false }
  const local = { build: 'localhost/local-build:24', runtime: 'localhost/local-node:24', isLocal: true }
  await engine.imported(buildRoot(join(engine.folder, 'build-root')), local.build, ...environment())
  await engine.imported(runtimeRoot(join(engine.folder, 'runtime-root')), local.runtime)
  return local
}

/** Node and the C++ library, no shell: as the distroless one. */
function runtimeRoot(root: string): string {
  bring(root, process.execPath, '/nodejs/bin/node')
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/none\nnonroot:x:65532:65532:nonroot:/home/nonroot:/none\n')
  return root
}

/** Node, npm, a shell and what a build calls in it. */
function buildRoot(root: string): string {
  bring(root, process.execPath, '/usr/local/bin/node')
  for (const tool of ['sh', 'env', 'rm', 'chmod']) bring(root, pathOf(tool), tool === 'sh' ? '/bin/sh' : `/usr/bin/${tool}`)
  const npm = dirname(dirname(pathOf('npm')))
  cpSync(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true, dereference: true })
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'))
  return root
}

/** A program with the libraries that it is linked to, at the places where the loader looks for them. */
function bring(root: string, program: string, place: string): void {
  for (const folder of ['etc/ssl/certs', 'tmp', 'root']) mkdirSync(join(root, folder), { recursive: true })
  if (existsSync(authorities)) cpSync(authorities, join(root, authorities))
  const libraries = librariesOf(program)
  // Of the C library's own package, so in any base: what came built may be linked to it.
  const clock = libraries.find((library) => library.endsWith('/libc.so.6'))?.replace('libc.so.6', 'librt.so.1')
  if (clock !== undefined) libraries.push(clock)
  copyInto(root, program, place)
  for (const library of libraries) copyInto(root, library)
}

/** npm is to trust whom this machine trusts. */
function environment(): string[] {
  return existsSync(authorities) ? [`ENV NODE_EXTRA_CA_CERTS=${authorities}`] : []
}
