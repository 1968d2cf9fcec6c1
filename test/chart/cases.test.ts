/** Every values file of helm/ci: linted, rendered, held against the schemas of what reads it, and its configuration checked by the service. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { before, describe, it } from 'node:test'
import { CliProcess } from '../support/cli-process.ts'
import { mount } from './mounts.ts'
import type { Manifest } from './rendering.ts'
import { cases, chart, folderWith, manifestsOf, only, rendered, valuesOf } from './rendering.ts'
import { schemas } from './schemas.ts'
import { answerOf, skipped, tool } from './tools.ts'

const CONFIG = '/etc/mytracker-sink/config.yaml'

describe('a values file of the chart', { skip: skipped, concurrency: 2 }, () => {
  before(async () => {
    await tool('helm')
    await tool('kubeconform')
    await schemas()
  })

  for (const name of cases) {
    it(`${name}: lint finds nothing`, async () => {
      const { code, text } = await answerOf('helm', ['lint', '--strict', chart, '--values', valuesOf(name)])
      assert.equal(code, 0, text)
    })

    it(`${name}: every manifest holds against the strict schema of its kind`, async () => {
      const { code, text } = await conformity(await rendered(name))
      assert.equal(code, 0, text)
    })

    it(`${name}: the service finds its configuration sound, with the files where the pod has them`, async (t) => {
      const manifests = manifestsOf(await rendered(name))
      const file = mountedConfig(t, manifests)
      const env = environmentOf(manifests)
      const { code, stdout, stderr } = await new CliProcess(t, ['check', '--config', file], { env }).ended()
      assert.equal(code, 0, stdout + stderr)
      assert.equal(stderr, '')
    })
  }

  it('a manifest with a misspelt key or a number for a text does not hold', async () => {
    const deployment = (await rendered('keda')).replace('maxSurge', 'maxSurgee')
    assert.match((await conformity(deployment)).text, /maxSurgee/)
    const trigger = (await rendered('keda')).replace('lagThreshold: "20000"', 'lagThreshold: 20000')
    assert.match((await conformity(trigger)).text, /lagThreshold/)
  })
})

const conformity = async (manifests: string) => {
  const location = join(await schemas(), '{{.ResourceKind}}{{.KindSuffix}}.json')
  return await answerOf('kubeconform', ['-strict', '-summary', '-schema-location', location], manifests)
}

/** Lays out what the pod mounts, and gives the path of the configuration. */
function mountedConfig(t: TestContext, manifests: readonly Manifest[]): string {
  const root = folderWith(t, {})
  const { metadata, data } = only('ConfigMap', manifests)
  const { spec } = only('Deployment', manifests).spec.template
  mount(root, spec, (_, name, key) => (name === metadata.name ? data[key] : 'what the file holds'))
  return join(root, CONFIG)
}

/** Variables of the container; those from a Secret hold anything. */
function environmentOf(manifests: readonly Manifest[]): Record<string, string> {
  const [{ env = [] }] = only('Deployment', manifests).spec.template.spec.containers
  return Object.fromEntries(env.map(({ name, value = 'secret' }: { name: string; value?: string }) => [name, value]))
}
