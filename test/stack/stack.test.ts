import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { javaMajor } from '../../src/stack/java.ts'
import { freePorts, portAnswers } from '../../src/stack/ports.ts'
import { startStack } from '../../src/stack/stack.ts'
import { NoWayError } from '../../src/stack/stack-error.ts'

const noDocker = { DOCKER_HOST: 'unix:///nonexistent/docker.sock' }
const silent = () => undefined

test('given addresses are used when both answer, and stop leaves them alone', async (t) => {
  const brokerPort = await listen(t, createServer())
  const registryPort = await listen(
    t,
    createHttpServer((_, response) => response.end('[]')),
  )
  const options = { brokers: [`127.0.0.1:${brokerPort}`], registryUrl: `http://127.0.0.1:${registryPort}` }
  const stack = await startStack({ ...options, env: {}, report: silent })
  assert.deepEqual({ ...stack, stop: undefined }, { ...options, how: 'given', nodes: [], stop: undefined })
  await stack.stop()
  assert.equal(await portAnswers(brokerPort), true)
})

test('a given address where nothing answers is named', async (t) => {
  const brokerPort = await listen(t, createServer())
  const [dead] = await freePorts(1)
  const registryUrl = `http://user:secret@127.0.0.1:${dead}`
  await assert.rejects(startStack({ brokers: [`127.0.0.1:${dead}`], registryUrl, env: {}, report: silent }), {
    message: `No Kafka broker answers at 127.0.0.1:${dead}: check MYTRACKER_SINK_BROKERS.`,
  })
  await assert.rejects(startStack({ brokers: [`127.0.0.1:${brokerPort}`], registryUrl, env: {}, report: silent }), {
    message: `No schema registry answers at http://127.0.0.1:${dead}: check MYTRACKER_SINK_REGISTRY_URL.`,
  })
})

test('with neither Docker nor Java one sentence says what to install or to set', async (t) => {
  const folder = await temporary(t)
  await assert.rejects(startStack({ env: { ...noDocker, PATH: folder }, report: silent }), {
    name: 'StackError',
    message:
      'There is no way to a Kafka broker here: start Docker, or install Java 17 or later and Maven, or set MYTRACKER_SINK_BROKERS and MYTRACKER_SINK_REGISTRY_URL to a broker and a registry of your own.',
  })
})

test('three nodes need Java, whatever Docker could do', async (t) => {
  const folder = await temporary(t)
  await assert.rejects(startStack({ env: { PATH: folder }, nodes: 3, report: silent }), (error) => {
    assert.ok(error instanceof NoWayError)
    assert.equal(error.message, '3 Kafka brokers can be started on Java only: install Java 17 or later and Maven.')
    return true
  })
})

test('given brokers are not taken for three nodes that may be killed', async (t) => {
  const brokerPort = await listen(t, createServer())
  const options = { brokers: [`127.0.0.1:${brokerPort}`], registry: false, nodes: 3 } as const
  await assert.rejects(startStack({ ...options, brokers: [...options.brokers], env: {}, report: silent }), {
    name: 'StackError',
    message: /^Kafka brokers are given \(127\.0\.0\.1:\d+\), but 3 that may be killed are wanted/,
  })
})

test('a Java that is too old is no Java', async (t) => {
  const folder = await temporary(t)
  await program(join(folder, 'java'), `echo 'openjdk version "11.0.2" 2019-01-15' >&2`)
  await assert.rejects(
    startStack({ env: { ...noDocker, PATH: folder }, report: silent }),
    /There is no way to a Kafka broker here/,
  )
})

test('Java with an empty cache and without Maven says that Maven is missing and what for', async (t) => {
  const folder = await temporary(t)
  await program(join(folder, 'java'), `echo 'openjdk version "21.0.2" 2024-01-16' >&2`)
  const env = { ...noDocker, PATH: folder, MYTRACKER_SINK_CACHE: join(folder, 'cache') }
  await assert.rejects(
    startStack({ env, report: silent }),
    /^StackError: Java is here, but not Maven, which fetches Apache Kafka 4\.3\.1 and Apicurio Registry 3\.0\.9 once: install Maven/,
  )
})

test('a fetch that fails shows what Maven said', async (t) => {
  const folder = await temporary(t)
  await program(join(folder, 'java'), `echo 'openjdk version "21.0.2" 2024-01-16' >&2`)
  await program(join(folder, 'mvn'), '[ "$1" = --version ] && exit 0; echo "[ERROR] no route to central"; exit 1')
  const env = { ...noDocker, PATH: folder, MYTRACKER_SINK_CACHE: join(folder, 'cache') }
  await assert.rejects(
    startStack({ env, registry: false, report: silent }),
    /^StackError: Fetching Apache Kafka 4\.3\.1 with Maven failed: mvn ended with 1\.\n\[ERROR\] no route to central$/,
  )
})

test('the major version is read from what old and new JVMs print', () => {
  assert.equal(javaMajor('Picked up JAVA_TOOL_OPTIONS: -x\nopenjdk version "17.0.15" 2025-04-15'), 17)
  assert.equal(javaMajor('java version "1.8.0_402"'), 8)
  assert.equal(javaMajor('openjdk version "25" 2025-09-16'), 25)
  assert.equal(javaMajor('command not found'), 0)
})

test('free ports differ and are free', async () => {
  const ports = await freePorts(5)
  assert.equal(new Set(ports).size, 5)
  for (const port of ports) assert.equal(await portAnswers(port), false)
})

async function listen(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

async function program(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
}

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stack-choice-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
