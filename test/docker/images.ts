/** The images that src/stack/docker.ts names, made from this machine's Java and from what the stack on Java runs. */
import { execFileSync } from 'node:child_process'
import { chmodSync, globSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder } from '../../src/stack/cache.ts'
import { brokerImage, registryImage } from '../../src/stack/docker.ts'
import type { Package } from '../../src/stack/maven.ts'
import { fetchedPackage, kafkaPackage, registryPackage } from '../../src/stack/maven.ts'
import { copyInto, librariesOf, pathOf } from '../support/root-folder.ts'
import type { Podman } from './podman.ts'

const base = 'localhost/java'
/** What the images' scripts call, and the tests in them. */
const tools = ['bash', 'cat', 'chown', 'env', 'grep', 'id', 'ls', 'mkdir', 'rm', 'sed', 'sleep']
const modules = 'java.se,jdk.crypto.ec,jdk.jfr,jdk.management,jdk.naming.dns,jdk.net,jdk.security.auth,jdk.unsupported,jdk.zipfs'

/** The image has the broker's tools as well; compose.yaml calls two of them. */
const toolsPackage: Package = {
  folder: 'kafka-tools-4.3.1',
  title: 'the tools of Apache Kafka 4.3.1',
  aboutMegabytes: 90,
  content: { kind: 'jars', artifacts: ['org.apache.kafka:kafka-tools:4.3.1'] },
}

/** Under the pinned names, as if they had been pulled. */
export async function makeImages(podman: Podman, report: (line: string) => void): Promise<void> {
  const fetching = { cache: cacheFolder(process.env), env: process.env, report, signal: new AbortController().signal }
  const fetched = async (wanted: Package): Promise<string> => await fetchedPackage(wanted, fetching)
  const packages = {
    kafka: await fetched(kafkaPackage),
    tools: await fetched(toolsPackage),
    registry: await fetched(registryPackage),
  }
  report('making the images')
  const archive = join(podman.folder, 'java.tar')
  execFileSync('tar', ['-C', javaRoot(join(podman.folder, 'java')), '--owner=0', '--group=0', '-cf', archive, '.'])
  // Client compiler and serial collector: quick to start, as in src/stack/jvm-plans.ts.
  const environment = ['PATH=/opt/java/bin:/usr/bin', 'JDK_JAVA_OPTIONS=-XX:+UseSerialGC -XX:TieredStopAtLevel=1']
  const changes = environment.flatMap((variable) => ['--change', `ENV ${variable.replace('=', '="')}"`])
  await podman.run('import', '--quiet', ...changes, archive, base)
  await build(podman, 'kafka', brokerImage, packages)
  await build(podman, 'registry', registryImage, packages)
}

async function build(podman: Podman, name: string, image: string, packages: Readonly<Record<string, string>>): Promise<void> {
  const contexts = Object.entries(packages).map(([key, folder]) => `--build-context=${key}=${folder}`)
  const folder = fileURLToPath(new URL(name, import.meta.url))
  await podman.run('build', '--isolation=chroot', '--pull=never', '--quiet', ...contexts, '--tag', `docker.io/${image}`, folder)
}

/** A Java and a shell, with the libraries that they are linked to at the places where the loader looks for them. */
function javaRoot(root: string): string {
  for (const folder of ['etc', 'usr/bin', 'tmp']) mkdirSync(join(root, folder), { recursive: true })
  chmodSync(join(root, 'tmp'), 0o1777)
  symlinkSync('usr/bin', join(root, 'bin'))
  const java = join(root, 'opt/java')
  execFileSync('jlink', ['--add-modules', modules, '--strip-debug', '--no-header-files', '--no-man-pages', '--output', java])
  execFileSync(join(java, 'bin/java'), ['-Xshare:dump'])
  for (const tool of tools) copyInto(root, pathOf(tool), join('usr/bin', tool))
  symlinkSync('bash', join(root, 'usr/bin/sh'))
  const linked = [...globSync(join(root, 'usr/bin/*')), join(java, 'bin/java'), ...globSync(join(java, 'lib/**/*.so'))]
  // What Kafka's and the registry's own native libraries are linked to, too.
  for (const library of new Set([process.execPath, ...linked].flatMap(librariesOf))) copyInto(root, library)
  return root
}
