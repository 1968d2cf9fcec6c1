import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { StartedTestContainer } from 'testcontainers'
import { behaviour } from './broker-properties.ts'
import type { Env } from './cache.ts'
import type { Container } from './containers.ts'
import { Containers } from './containers.ts'
import { freePorts, portAnswers } from './ports.ts'
import { brokerReady, registryReady } from './ready.ts'
import type { Started, Starting } from './starting.ts'

export const brokerImage = 'apache/kafka:4.3.1'
export const registryImage = 'apicurio/apicurio-registry:3.0.9'
const registryPort = 8080
const clientPort = 9092
/** Inside the container, as the image's own defaults have them. */
const [ownPort, controllerPort] = [29_092, 29_093]
const pingMs = 1000
const readyMaxMs = 180_000

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
  const containers = await Containers.connect()
  const { host } = containers
  report(`starting ${brokerImage}${registry ? ` and ${registryImage}` : ''} in Docker (a first start pulls the images)`)
  await containers.prepare(registry ? [brokerImage, registryImage] : [brokerImage], signal)
  // The broker tells its clients where it is, so the port has to be known before the container is.
  const [brokerPort = 0] = await freePorts(1)
  const urlOf = (container: StartedTestContainer) => `http://${host}:${container.getMappedPort(registryPort)}/apis/ccompat/v7`
  const broker: Container = {
    title: 'broker',
    image: brokerImage,
    configure: (container) =>
      container
        .withEnvironment(brokerEnvironment(host, brokerPort))
        .withExposedPorts({ container: clientPort, host: brokerPort }),
    ready: async (_, aborted) => await brokerReady(brokerPort, { host, deadlineMs: readyMaxMs, signal: aborted }),
  }
  const apicurio: Container = {
    title: 'schema registry',
    image: registryImage,
    configure: (container) => container.withExposedPorts(registryPort),
    ready: async (container, aborted) => await registryReady(urlOf(container), { deadlineMs: readyMaxMs, signal: aborted }),
  }
  const [, started] = await containers.start(registry ? [broker, apicurio] : [broker], signal)
  return {
    brokers: [`${host}:${brokerPort}`],
    registryUrl: started === undefined ? '' : urlOf(started),
    nodes: [],
    stop: async () => await containers.remove(),
  }
}

/** The image turns `KAFKA_A_B` into the property `a.b`; once one is given its own defaults are gone, so all are. */
export function brokerEnvironment(host: string, port: number): Record<string, string> {
  const properties: Readonly<Record<string, string | number>> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@localhost:${controllerPort}`,
    // The broker's calls to itself do not go by the host, which may know no way back into the container.
    listeners: `PLAINTEXT://:${clientPort},OWN://localhost:${ownPort},CONTROLLER://localhost:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${host}:${port},OWN://localhost:${ownPort}`,
    'inter.broker.listener.name': 'OWN',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,OWN:PLAINTEXT',
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
