/** Broker and registry in containers, where a Docker daemon answers. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { GenericContainer } from 'testcontainers'
import { getContainerRuntimeClient } from 'testcontainers'
import { errorText } from '../../src/core/errors.ts'
import { Containers } from '../../src/stack/containers.ts'
import { brokerImage, dockerAnswers, registryImage } from '../../src/stack/docker.ts'
import { startStack } from '../../src/stack/stack.ts'
import { until } from '../support/sink-process.ts'

const { MYTRACKER_SINK_BROKERS: _, MYTRACKER_SINK_REGISTRY_URL: __, ...env } = process.env
const alive = new AbortController().signal
const options = { skip: await whyNot(), timeout: 240_000 }
const label = 'mytracker-sink.stack'
const report = (line: string): void => void process.stderr.write(`${line}\n`)
const docker = async () => (await getContainerRuntimeClient()).container.dockerode
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** A daemon that cannot pull is none of these tests' business: stacks are on Java then. A first pull takes longer than a test may. */
async function whyNot(): Promise<string | false> {
  if (!(await dockerAnswers(process.env))) return 'no Docker daemon answers'
  try {
    await (await Containers.connect()).prepare([brokerImage, registryImage], alive)
    return false
  } catch (error) {
    return errorText(error)
  }
}

/** The containers of a process, running or not: other tests have theirs at the same time. */
async function containersOf(pid = process.pid): Promise<string[]> {
  const found = await (await docker()).listContainers({ all: true, filters: { label: [label] } })
  return found.filter(({ Labels }) => Labels[label]?.startsWith(`${pid}-`)).map(({ Id }) => Id)
}

/** Waits until broker and registry are there, and returns the volumes that they have. */
async function volumesOfBoth(pid?: number): Promise<string[]> {
  let ids: string[] = []
  await until('both are there', async () => {
    ids = await containersOf(pid)
    return ids.length === 2
  })
  const client = await docker()
  const inspected = await Promise.all(ids.map((id) => client.getContainer(id).inspect()))
  const volumes = inspected.flatMap(({ Mounts }) => Mounts.flatMap(({ Name }) => Name ?? []))
  assert.ok(volumes.length > 0, 'the broker has volumes')
  return volumes
}

async function nothingIsLeft(volumes: readonly string[], pid?: number): Promise<void> {
  assert.deepEqual(await containersOf(pid), [])
  const { Volumes } = await (await docker()).listVolumes()
  assert.deepEqual(
    Volumes.map(({ Name }) => Name).filter((name) => volumes.includes(name)),
    [],
  )
}

test('a stack in containers leaves neither container nor volume', options, async (t) => {
  const stack = await startStack({ env, report })
  t.after(() => stack.stop())
  assert.equal(stack.how, 'docker')
  const volumes = await volumesOfBoth()
  await stack.stop()
  await stack.stop()
  await nothingIsLeft(volumes)
})

test('a start in containers that is aborted while they come up leaves nothing, soon', options, async () => {
  const controller = new AbortController()
  const start = startStack({ env, report, signal: controller.signal })
  const volumes = await volumesOfBoth()
  const abortedAt = performance.now()
  controller.abort('enough')
  await assert.rejects(start, (reason) => reason === 'enough')
  assert.ok(performance.now() - abortedAt < 10_000)
  await nothingIsLeft(volumes)
})

test('Ctrl-C while the containers of the demo come up ends it with 130, and leaves nothing', options, async (t) => {
  const demo = spawn(process.execPath, [main, 'demo'], { env, stdio: 'ignore' })
  t.after(() => demo.kill('SIGKILL'))
  const ended = once(demo, 'exit')
  const volumes = await volumesOfBoth(demo.pid)
  demo.kill('SIGINT')
  assert.deepEqual(await ended, [130, null])
  await nothingIsLeft(volumes, demo.pid)
})

test('of a container that ends while it starts, the end of its log is told, and the others go too', options, async () => {
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
  await nothingIsLeft([])
})

test('an image that is not here and cannot be pulled is named in one sentence', options, async () => {
  const containers = await Containers.connect()
  const image = '127.0.0.1:1/nobody/nothing:1'
  await assert.rejects(containers.prepare([image], alive), {
    name: 'StackError',
    message: /^the image 127\.0\.0\.1:1\/nobody\/nothing:1 is not here and cannot be pulled: [^\n]+$/,
  })
})
