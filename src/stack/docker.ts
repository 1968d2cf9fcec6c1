import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { behaviour } from './broker-properties.ts'
import type { Env } from './cache.ts'
import { freePorts, portAnswers } from './ports.ts'
import { brokerReady } from './ready.ts'
import type { Started, Starting } from './starting.ts'

export const brokerImage = 'apache/kafka:4.3.1'
export const registryImage = 'apicurio/apicurio-registry:3.0.9'
const registryPort = 8080
const controllerPort = 29_093
const pingMs = 1000
const startMaxMs = 180_000

export type Daemon =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

/** Where a Docker daemon may listen, in the order in which testcontainers looks. `DOCKER_HOST` means that one and no other. */
export function daemonCandidates(env: Env, home: string, uid: number): Daemon[] {
  if (env.DOCKER_HOST) {
    if (!URL.canParse(env.DOCKER_HOST)) return []
    const { hostname, port, pathname } = new URL(env.DOCKER_HOST)
    if (hostname === '') return [{ kind: 'socket', path: pathname }]
    return [{ kind: 'tcp', host: hostname, port: Number(port || 2375) }]
  }
  const paths = [
    '/var/run/docker.sock',
    ...(env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, 'docker.sock')] : []),
    join(home, '.docker', 'run', 'docker.sock'),
    join(home, '.docker', 'desktop', 'docker.sock'),
    join('/run/user', `${uid}`, 'docker.sock'),
  ]
  return paths.map((path) => ({ kind: 'socket', path }))
}

/** Whether a daemon answers within about a second. A socket file alone says nothing: it outlives its daemon. */
export async function dockerAnswers(env: Env): Promise<boolean> {
  const answers = daemonCandidates(env, homedir(), userInfo().uid).map(async (daemon) => {
    if (daemon.kind === 'tcp') return await portAnswers(daemon.port, daemon.host, pingMs)
    return existsSync(daemon.path) && (await ping(daemon.path))
  })
  return (await Promise.all(answers)).includes(true)
}

/** Broker and registry as containers. testcontainers' own reaper removes them when this process dies without a stop. */
export async function startInDocker({ registry, report, signal }: Starting): Promise<Started> {
  // Loaded only here: it is large, a tool of development, and not in the image.
  const { GenericContainer, Wait, getContainerRuntimeClient } = await import('testcontainers')
  const { host } = (await getContainerRuntimeClient()).info.containerRuntime
  report(`starting ${brokerImage}${registry ? ` and ${registryImage}` : ''} in Docker (a first start pulls the images)`)
  // The broker tells its clients where it is, so the port has to be known before the container is. The same number inside and
  // outside serves the broker's calls to itself as well.
  const [brokerPort = 0] = await freePorts(1)
  const broker = new GenericContainer(brokerImage)
    .withEnvironment(brokerEnvironment(host, brokerPort))
    .withExposedPorts({ container: brokerPort, host: brokerPort })
    .withWaitStrategy(Wait.forListeningPorts())
    .withStartupTimeout(startMaxMs)
    .start()
  const apicurio = registry
    ? new GenericContainer(registryImage)
        .withExposedPorts(registryPort)
        .withWaitStrategy(Wait.forHttp('/apis/ccompat/v7/subjects', registryPort).forStatusCode(200))
        .withStartupTimeout(startMaxMs)
        .start()
    : undefined
  const containers = [broker, ...(apicurio === undefined ? [] : [apicurio])]
  const stop = async () => {
    for (const settled of await Promise.allSettled(containers)) if (settled.status === 'fulfilled') await settled.value.stop()
  }
  try {
    await abortable(Promise.all(containers), signal)
    await brokerReady(brokerPort, { host, deadlineMs: startMaxMs, signal })
  } catch (error) {
    await stop()
    throw error
  }
  const registryAt = (await apicurio)?.getMappedPort(registryPort)
  return {
    brokers: [`${host}:${brokerPort}`],
    registryUrl: registryAt === undefined ? '' : `http://${host}:${registryAt}/apis/ccompat/v7`,
    nodes: [],
    stop,
  }
}

/** The image turns `KAFKA_A_B` into the property `a.b`; once one is given its own defaults are gone, so all are. */
export function brokerEnvironment(host: string, port: number): Record<string, string> {
  const properties: Readonly<Record<string, string | number>> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@localhost:${controllerPort}`,
    listeners: `PLAINTEXT://:${port},CONTROLLER://:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${host}:${port}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    ...behaviour,
  }
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [`KAFKA_${key.toUpperCase().replaceAll('.', '_')}`, String(value)]),
  )
}

function ping(socketPath: string): Promise<boolean> {
  return new Promise((settle) => {
    const asking = request({ socketPath, path: '/_ping', timeout: pingMs }, (response) => {
      response.resume()
      settle(response.statusCode === 200)
    })
    asking.once('timeout', () => asking.destroy(new Error('no answer')))
    asking.once('error', () => settle(false))
    asking.end()
  })
}

/** testcontainers knows no signal: we stop waiting, and the containers are stopped when they have come up. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
