import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { hostAndPort } from '../../src/stack/addresses.ts'
import { cacheFolder } from '../../src/stack/cache.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { dockerAnswers } from '../../src/stack/docker.ts'
import { findJava } from '../../src/stack/java.ts'
import { portAnswers } from '../../src/stack/ports.ts'
import { startStack } from '../../src/stack/stack.ts'
import { allInSync, threeNodes } from '../support/stack.ts'

const goneMs = 30_000
const module = new URL('../../src/stack/stack.ts', import.meta.url).href

test('a started stack carries a record and a schema, and nothing of it is left after stop', async (t) => {
  const { env, folders } = await surroundings(t)
  const stack = await startStack({ env, report: (line) => t.diagnostic(line) })
  t.after(() => stack.stop())
  assert.notEqual(stack.how, 'given')
  if (stack.how === 'java') assert.equal((await folders()).length, 1)

  assert.equal(await roundTrip(stack.brokers), 'hello')
  const id = await register(stack.registryUrl)
  assert.equal((await fetch(`${stack.registryUrl}/schemas/ids/${id}`)).status, 200)

  const pids = await processesNaming(await folders())
  if (stack.how === 'java' && process.platform === 'linux') assert.equal(pids.length, 1, 'the broker names its folder')
  await stack.stop()
  await stack.stop()
  assert.deepEqual(await answers(stack), [false, false])
  assert.deepEqual(await folders(), [])
  assert.deepEqual(pids.filter(lives), [])
})

test('an unknown topic is not made by asking for it', async (t) => {
  const { env } = await surroundings(t)
  const stack = await startStack({ env, registry: false, report: () => undefined })
  t.after(() => stack.stop())
  assert.equal(stack.registryUrl, '')
  const admin = new Kafka({ brokers: stack.brokers, logLevel: logLevel.NOTHING, retry: { retries: 1 } }).admin()
  await admin.connect()
  await assert.rejects(admin.fetchTopicMetadata({ topics: ['nobody-made-this'] }))
  assert.deepEqual(
    (await admin.listTopics()).filter((topic) => topic !== '__consumer_offsets'),
    [],
  )
  await admin.disconnect()
})

test('of three nodes one can be killed and started again, and nothing of them is left after stop', async (t) => {
  const { env, folders } = await surroundings(t)
  const reported: string[] = []
  const options = { env, registry: false, report: (line: string) => void reported.push(line) }
  const stack = await threeNodes(options, (why) => t.skip(why))
  if (stack === undefined) return
  t.after(() => stack.stop())
  const ports = stack.brokers.map((broker) => Number(broker.split(':')[1]))
  const answering = () => Promise.all(ports.map((port) => portAnswers(port)))
  const cluster = await Cluster.connect(stack)
  t.after(() => cluster.close())
  await cluster.createTopic('greetings', 3, {}, 3)
  assert.deepEqual((await cluster.leaders('greetings')).sort(), [1, 2, 3])

  const [first, second] = stack.nodes
  await second?.kill()
  assert.deepEqual(await answering(), [true, false, true])
  await eventually('the two that are left lead all', async () => !(await cluster.leaders('greetings')).includes(2))
  await second?.revive()
  assert.deepEqual(await answering(), [true, true, true])
  // With two of three gone nothing could be written: the revived one has to be in sync again.
  await eventually('the revived one is in sync', () => allInSync(cluster))
  await first?.kill()
  await eventually('the two that are left lead all', async () => !(await cluster.leaders('greetings')).includes(1))
  await cluster.produce('greetings', [{ partition: 2, key: null, value: Buffer.from('hello') }])
  assert.deepEqual(await cluster.ends('greetings'), [0, 0, 1])

  const pids = await processesNaming(await folders())
  if (process.platform === 'linux') assert.equal(pids.length, 2, 'two nodes are up')
  await stack.stop()
  assert.deepEqual(await answering(), [false, false, false])
  assert.deepEqual(await folders(), [])
  assert.deepEqual(pids.filter(lives), [])
  assert.deepEqual(
    reported.filter((line) => line.includes('ended')),
    [],
  )
})

test('the stack ends by itself when the process that started it is killed', async (t) => {
  // It looks after all processes together, and waits for the last of them: this one, or that of another file of tests.
  if (await dockerAnswers(process.env)) return t.skip("with containers it is the work of testcontainers' reaper")
  await endsWithItsOwner(t, 1)
})

test('three nodes, a revived one among them, end by themselves when the process that started them is killed', async (t) => {
  if ((await findJava(process.env)) === undefined) return t.skip('three nodes need Java')
  await endsWithItsOwner(t, 3)
})

async function endsWithItsOwner(t: TestContext, nodes: 1 | 3): Promise<void> {
  const { env, folders } = await surroundings(t)
  const program = `
    const { startStack } = await import(${JSON.stringify(module)})
    const stack = await startStack({ env: process.env, nodes: ${nodes}, report: () => {} })
    const { how, brokers, registryUrl } = stack
    if (${nodes} > 1) for (const act of ['kill', 'revive']) await stack.nodes[0][act]()
    console.log(JSON.stringify({ how, brokers, registryUrl }))
    setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', program], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => owner.kill('SIGKILL'))
  const [line = ''] = await firstLine(owner.stdout)
  const stack = JSON.parse(line) as { how: string; brokers: string[]; registryUrl: string }
  assert.deepEqual(
    await answers(stack),
    Array.from({ length: nodes + 1 }, () => true),
  )

  owner.kill('SIGKILL')
  await eventually('all ports are closed', async () => !(await answers(stack)).includes(true))
  await eventually('the folder is gone', async () => (await folders()).length === 0)
}

test('an aborted start leaves nothing', async (t) => {
  const { env, folders } = await surroundings(t)
  if (await dockerAnswers(env)) return t.skip('with containers: docker.test.ts')
  const controller = new AbortController()
  const start = startStack({ env, signal: controller.signal, report: (line) => line.startsWith('starting') && later() })
  const later = () =>
    void eventually('the folder is made', async () => (await folders()).length > 0).finally(() => controller.abort('enough'))
  await assert.rejects(start, (reason) => reason === 'enough')
  assert.deepEqual(await folders(), [])
})

/** A temporary folder of the test's own, so that stacks of other processes are not mistaken for this one's. */
async function surroundings(t: TestContext) {
  const temporary = await mkdtemp(join(tmpdir(), 'stack-test-'))
  t.after(() => rm(temporary, { recursive: true, force: true }))
  const previous = process.env.TMPDIR
  process.env.TMPDIR = temporary
  t.after(() => {
    if (previous === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = previous
  })
  const { MYTRACKER_SINK_BROKERS: _, MYTRACKER_SINK_REGISTRY_URL: __, ...rest } = process.env
  const env = { ...rest, MYTRACKER_SINK_CACHE: cacheFolder(process.env) }
  const folders = async () =>
    (await readdir(temporary)).filter((name) => name.startsWith('mytracker-sink-')).map((name) => join(temporary, name))
  return { env, folders }
}

async function roundTrip(brokers: string[]): Promise<string | undefined> {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const [admin, producer, consumer] = [kafka.admin(), kafka.producer(), kafka.consumer({ groupId: 'stack-test' })]
  const crashes: Error[] = []
  consumer.on('consumer.crash', ({ payload }) => crashes.push(payload.error))
  await admin.connect()
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic: 'greetings', numPartitions: 1 }] })
  await producer.connect()
  await producer.send({ topic: 'greetings', messages: [{ value: 'hello' }] })
  await consumer.connect()
  await consumer.subscribe({ topic: 'greetings', fromBeginning: true })
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  await consumer.run({ eachMessage: async ({ message }) => resolve(message.value?.toString()) })
  const value = await Promise.race([promise, delay(goneMs, undefined, { ref: false })])
  await Promise.all([consumer.disconnect(), producer.disconnect(), admin.disconnect()])
  assert.deepEqual(crashes, [], 'a fresh stack already has a group coordinator')
  return value
}

async function register(registryUrl: string): Promise<number> {
  const response = await fetch(`${registryUrl}/subjects/greetings-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({
      schema: JSON.stringify({ type: 'record', name: 'Greeting', fields: [{ name: 'text', type: 'string' }] }),
    }),
  })
  const { id } = (await response.json()) as { id: number }
  return id
}

/** Whether each broker and the registry accept connections. */
async function answers(stack: { readonly brokers: readonly string[]; readonly registryUrl: string }): Promise<boolean[]> {
  const places = [...stack.brokers, new URL(stack.registryUrl).host].map(hostAndPort)
  return await Promise.all(places.map(({ host, port }) => portAnswers(port, host)))
}

/** On Linux, those whose command line mentions one of the folders. */
async function processesNaming(folders: readonly string[]): Promise<number[]> {
  if (process.platform !== 'linux') return []
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(
    pids.map(async (pid) => ({ pid, line: await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') })),
  )
  return lines.filter(({ line }) => folders.some((folder) => line.includes(folder))).map(({ pid }) => Number(pid))
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string[]> {
  for await (const line of createInterface({ input: stream })) return [line]
  return []
}

async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + goneMs
  while (!(await condition())) {
    assert.ok(performance.now() < until, `in time: ${what}`)
    await delay(50)
  }
}
