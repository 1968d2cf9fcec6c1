import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { brokerEnvironment, daemonCandidates, dockerAnswers } from '../../src/stack/docker.ts'

test('DOCKER_HOST means that daemon and no other', () => {
  assert.deepEqual(daemonCandidates({ DOCKER_HOST: 'unix:///run/d.sock' }, '/home/me', 7), [
    { kind: 'socket', path: '/run/d.sock' },
  ])
  assert.deepEqual(daemonCandidates({ DOCKER_HOST: 'tcp://docker.test:2376' }, '/home/me', 7), [
    { kind: 'tcp', host: 'docker.test', port: 2376 },
  ])
  assert.deepEqual(daemonCandidates({ DOCKER_HOST: 'nonsense' }, '/home/me', 7), [])
})

test('without DOCKER_HOST the usual sockets are tried', () => {
  const paths = daemonCandidates({ XDG_RUNTIME_DIR: '/xdg' }, '/home/me', 7).map(
    (daemon) => daemon.kind === 'socket' && daemon.path,
  )
  assert.deepEqual(paths, [
    '/var/run/docker.sock',
    '/xdg/docker.sock',
    '/home/me/.docker/run/docker.sock',
    '/home/me/.docker/desktop/docker.sock',
    '/run/user/7/docker.sock',
  ])
})

test('a daemon that answers the ping is there', async (t) => {
  assert.equal(await dockerAnswers(await daemon(t, (_, response) => response.end('OK'))), true)
})

test('a daemon that is silent is given up after about a second', async (t) => {
  const env = await daemon(t, () => undefined)
  const started = performance.now()
  assert.equal(await dockerAnswers(env), false)
  assert.ok(performance.now() - started < 2500)
})

test('a socket that leads nowhere is no daemon', async () => {
  assert.equal(await dockerAnswers({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' }), false)
})

test('the container advertises the port that it has on the host, and makes no topics by itself', () => {
  const environment = brokerEnvironment('docker.test', 40_001)
  assert.equal(environment.KAFKA_ADVERTISED_LISTENERS, 'PLAINTEXT://docker.test:40001,OWN://localhost:29092')
  assert.equal(environment.KAFKA_LISTENERS, 'PLAINTEXT://:9092,OWN://localhost:29092,CONTROLLER://localhost:29093')
  assert.equal(environment.KAFKA_AUTO_CREATE_TOPICS_ENABLE, 'false')
})

async function daemon(t: TestContext, answer: RequestListener): Promise<{ DOCKER_HOST: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'stack-docker-test-'))
  const path = join(folder, 'docker.sock')
  const server = createServer(answer)
  await new Promise<void>((done) => server.listen(path, done))
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true, force: true })
  })
  return { DOCKER_HOST: `unix://${path}` }
}
