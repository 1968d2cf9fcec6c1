/** What compose.yaml names is there: files, targets, images, addresses between its services. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { paramRules } from '../../src/param-rules.ts'
import { brokerEnvironment, brokerImage, registryImage } from '../../src/stack/docker.ts'

interface Service {
  readonly image?: string
  readonly build?: { readonly context: string; readonly target: string }
  readonly ports?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, object>>
  readonly command?: readonly string[]
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (name: string): string => readFileSync(join(root, name), 'utf8')
const { services } = parse(read('compose.yaml')) as { services: Readonly<Record<string, Service>> }
const { kafka, topics, registry, tracker, sink } = services
const dockerfile = read('Dockerfile')
const demo = loadConfig(join(root, 'config/demo.yaml'), sink?.environment ?? {}, paramRules)

test('compose: broker and registry are those of the demo, and behave as they do', () => {
  assert.deepEqual([kafka?.image, topics?.image, registry?.image], [brokerImage, brokerImage, registryImage])
  const listens = /LISTENER/
  const behaviour = (environment: object) => Object.entries(environment).filter(([name]) => !listens.test(name))
  assert.deepEqual(behaviour(kafka?.environment ?? {}), behaviour(brokerEnvironment('kafka', 9092)))
})

test('compose: files, targets and the services that others wait for are there', () => {
  for (const [name, { volumes = [], depends_on = {}, build }] of Object.entries(services)) {
    for (const volume of volumes) assert.ok(existsSync(join(root, volume.split(':')[0] as string)), `${name}: ${volume}`)
    for (const other of Object.keys(depends_on)) assert.ok(other in services, `${name}: ${other}`)
    if (build !== undefined) assert.match(dockerfile, new RegExp(`^FROM \\S+ AS ${build.target}$`, 'm'), name)
  }
  const mounted = sink?.volumes?.[0]?.split(':')[1]
  assert.match(dockerfile, new RegExp(`^CMD .*"${mounted}"`, 'm'))
})

test('compose: the configuration is sound, and its addresses are those of the services', () => {
  assert.ok('config' in demo, JSON.stringify(demo))
  const { config } = demo
  const listeners = kafka?.environment?.KAFKA_ADVERTISED_LISTENERS ?? ''
  assert.ok(listeners.split(',').includes(`PLAINTEXT://${config.kafka.brokers[0]}`), listeners)
  const inside = (service: Service | undefined) => service?.ports?.map((port) => port.split(':').at(-1))
  const urls = { registry: config.schemaRegistry.url, tracker: config.tracker.endpoint }
  for (const [name, url] of Object.entries(urls)) {
    assert.equal(new URL(url).hostname, name)
    assert.deepEqual(inside(services[name]), [new URL(url).port])
  }
  assert.deepEqual([config.http.host, inside(sink)], ['0.0.0.0', [String(config.http.port)]])
})

test('compose: the stand-in knows the apps, and the topics are made before the sink reads them', () => {
  assert.ok('config' in demo)
  const { apps } = demo.config.tracker
  assert.deepEqual(
    tracker?.command,
    apps.flatMap(({ idApp, token }) => ['--app', `${idApp}:${token.read()}`]),
  )
  assert.match(topics?.command?.[0] ?? '', new RegExp(`in ${demo.config.kafka.topics.join(' ')};`))
})
