/** Broker and registry in containers, where a Docker daemon answers. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { GenericContainer } from 'testcontainers'
import { getContainerRuntimeClient } from 'testcontainers'
import { Containers } from '../../src/stack/containers.ts'
import { brokerImage, dockerAnswers, registryImage } from '../../src/stack/docker.ts'
import { startStack } from '../../src/stack/stack.ts'
import { until } from '../support/sink-process.ts'

const options = { skip: (await dockerAnswers(process.env)) ? false : 'no Docker daemon answers', timeout: 120_000 }
const { MYTRACKER_SINK_BROKERS: _, MYTRACKER_SINK_REGISTRY_URL: __, ...env } = process.env
const alive = new AbortController().signal
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The containers of stacks, running or not, and all volumes. */
async function present(): Promise<{ containers: string[]; volumes: string[] }> {
  const { dockerode } = (await getContainerRuntimeClient()).container
  const containers = await dockerode.listContainers({ all: true, filters: { label: ['mytracker-sink.stack'] } })
  const { Volumes } = await dockerode.listVolumes()
  return { containers: containers.map(({ Id }) => Id).sort(), volumes: Volumes.map(({ Name }) => Name).sort() }
}

/** Whether more containers are there than `before` had: broker and registry, both. */
async function bothAreThere(before: { readonly containers: readonly string[] }): Promise<boolean> {
  return (await present()).containers.length === before.containers.length + 2
}

test('a stack in containers leaves neither container nor volume', options, async () => {
  const before = await present()
  const stack = await startStack({ env, report: () => undefined })
  assert.equal(stack.how, 'docker')
  assert.equal(await bothAreThere(before), true)
  await stack.stop()
  await stack.stop()
  assert.deepEqual(await present(), before)
})

test('a start in containers that is aborted while they come up leaves nothing, soon', options, async () => {
  const before = await present()
  const controller = new AbortController()
  const start = startStack({ env, report: () => undefined, signal: controller.signal })
  await until('both are there', () => bothAreThere(before))
  const abortedAt = performance.now()
  controller.abort('enough')
  await assert.rejects(start, (reason) => reason === 'enough')
  assert.ok(performance.now() - abortedAt < 10_000)
  assert.deepEqual(await present(), before)
})

test('Ctrl-C while the containers of the demo come up ends it with 130, and leaves nothing', options, async (t) => {
  const before = await present()
  const demo = spawn(process.execPath, [main, 'demo'], { env, stdio: 'ignore' })
  t.after(() => demo.kill('SIGKILL'))
  const ended = once(demo, 'exit')
  await until('both are there', () => bothAreThere(before))
  demo.kill('SIGINT')
  assert.deepEqual(await ended, [130, null])
  assert.deepEqual(await present(), before)
})

test('of a container that ends while it starts, the end of its log is told, and the others go too', options, async () => {
  const before = await present()
  const containers = await Containers.connect()
  const never = async (_: unknown, signal: AbortSignal) => await once(signal, 'abort').then(() => signal.throwIfAborted())
  const one = (title: string, image: string, port: number) => ({
    title,
    image,
    configure: (container: GenericContainer) =>
      container.withEnvironment({ KAFKA_PROCESS_ROLES: 'bystander' }).withExposedPorts(port),
    ready: never,
  })
  const start = containers.start([one('broker', brokerImage, 9092), one('registry', registryImage, 8080)], alive)
  await assert.rejects(start, {
    name: 'StackError',
    message: /^the broker \(apache\/kafka:4\.3\.1\) ended by itself\. The end of its log:\n.*bystander/s,
  })
  assert.deepEqual(await present(), before)
})

test('an image that is not here and cannot be pulled is named in one sentence', options, async () => {
  const containers = await Containers.connect()
  const image = '127.0.0.1:1/nobody/nothing:1'
  await assert.rejects(containers.prepare([image], alive), {
    name: 'StackError',
    message: /^the image 127\.0\.0\.1:1\/nobody\/nothing:1 is not here and cannot be pulled: [^\n]+$/,
  })
})
