/** What the chart's schema says of values, said by Helm itself; and what of them the pods notice. */
import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { chart, folderWith, manifestsOf, only, valuesOf } from './rendering.ts'
import { answerOf, skipped } from './tools.ts'

const template = async (folder: string, ...flags: readonly string[]) =>
  await answerOf('helm', ['template', 'sink', folder, '--values', valuesOf('minimal'), ...flags])

/** What is set, and the end of the place that Helm names. */
const refused = [
  ['replicas=3', 'replicas'],
  ['scaling.mod=keda', 'mod'],
  ['scaling.mode=hpa', '/scaling/mode'],
  ['scaling.keda.minReplicas=0', '/scaling/keda/minReplicas'],
  ['podDisruptionBudget.maxUnavailable=0', '/podDisruptionBudget/maxUnavailable'],
  ['monitor.kind=Both', '/monitor/kind'],
  ['monitor.interval=30', '/monitor/interval'],
  ['secrets.kafkaPassword.name=kafka', '/secrets/kafkaPassword'],
  ['secrets.kafkaPassword.existingSecret=kafka', '/secrets/kafkaPassword'],
  ['secrets.appTokens.shop-android.existingConfigMap=tokens', '/secrets/appTokens/shop-android'],
  ['certificates.kafkaCa.existingConfigMap=ca', '/certificates/kafkaCa'],
  ['image.digest=latest', '/image/digest'],
  ['livenessProbe.httpGet.path=/', 'httpGet'],
  ['config.kafka.topics={..}', '/config/kafka/topics/0'],
  ['config.kafka.tpoics={a}', 'tpoics'],
  ['config.batch.maxEvents=21', '/config/batch/maxEvents'],
  ['config.batch.linger=2 s', '/config/batch/linger'],
  ['config.tracker.apps[0].name=a,config.tracker.apps[0].idApp=0', '/config/tracker/apps/0/idApp'],
] as const

describe('values of the chart', { skip: skipped, concurrency: 2 }, () => {
  for (const [value, place] of refused) {
    it(`cannot be ${value}`, async () => {
      const { code, text } = await template(chart, '--set', value)
      assert.notEqual(code, 0)
      assert.match(text, /values don't meet the specifications of the schema/)
      assert.ok(text.includes(place), text)
    })
  }

  it('cannot be none: the least that is missing is named', async () => {
    const { text } = await answerOf('helm', ['template', 'sink', chart])
    assert.match(text, /missing properties 'kafka', 'schemaRegistry', 'tracker'/)
  })

  it('may hold `off` as YAML 1.1 reads it', async () => {
    const { code, text } = await template(chart, '--set', 'config.breaker=false,config.deadLetters.brake=false')
    assert.equal(code, 0, text)
  })

  it('start the pods again where the configuration or a module changes', async () => {
    const checksums = await Promise.all(
      [[], ['config.log.level=debug'], ['mappingModules.a\\.ts=export']].map(async (values) => checksumOf(...values)),
    )
    assert.equal(new Set(checksums).size, checksums.length)
  })

  it('leave the pods alone where only the chart has a new version', async (t) => {
    const newer = join(folderWith(t, {}), 'chart')
    cpSync(chart, newer, { recursive: true })
    const file = join(newer, 'Chart.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^version: .*$/m, 'version: 99.0.0'))
    const [before, after] = await Promise.all([chart, newer].map(async (folder) => deploymentOf((await template(folder)).stdout)))
    assert.notDeepEqual(after?.metadata.labels, before?.metadata.labels)
    assert.deepEqual(after?.spec.template, before?.spec.template)
  })

  it('are each used by a template', () => {
    const templates = readdirSync(join(chart, 'templates'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
      .join('')
    const paths = [...readFileSync(join(chart, 'README.md'), 'utf8').matchAll(/^\| `([\w.]+)` \|/gm)].map(([, path = '']) => path)
    assert.ok(paths.length > 60)
    const isUsed = (path: string) => new RegExp(`\\.${path.split('.').at(-1)}\\b`).test(templates)
    assert.deepEqual(
      paths.filter((path) => !isUsed(path)),
      [],
    )
  })

  it('are rendered as docs/kubernetes.md shows them', async (t) => {
    const page = readFileSync(new URL('../../docs/kubernetes.md', import.meta.url), 'utf8')
    const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => block)
    assert.equal(blocks.length, 4)
    for (const [place, block] of blocks.entries()) {
      const folder = folderWith(t, { 'values.yaml': block })
      const { code, text } = await template(chart, '--values', join(folder, 'values.yaml'))
      assert.equal(code, 0, `block ${place}: ${text}`)
    }
  })

  it('belong to a chart whose application is this version of the service', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
    assert.equal((parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')) as { appVersion: string }).appVersion, version)
  })
})

const deploymentOf = (text: string) => only('Deployment', manifestsOf(text))

async function checksumOf(...values: readonly string[]): Promise<string> {
  const { stdout } = await template(chart, ...values.flatMap((value) => ['--set', value]))
  return deploymentOf(stdout).spec.template.metadata.annotations['checksum/config']
}
