import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { chart, folderWith } from '../chart/rendering.ts'
import type { Namespace } from './namespace.ts'
import { momentsDuring, oneByOne, podsOf } from './pods.ts'
import { installed, upgrade, values } from './releases.ts'

interface Revision {
  readonly revision: number
  readonly status: string
  readonly description: string
}

const changed = { ...values, config: { log: { level: 'debug' } } }

test('changed configuration replaces the pods one by one, with none beside them, and so does the way back', async (t) => {
  const namespace = await installed(t)
  const first = await checksum(namespace)

  const there = await momentsDuring(namespace, () => namespace.quietly(upgrade(), changed))
  t.diagnostic(oneByOne(there))
  const second = await checksum(namespace)
  assert.notEqual(second, first)

  const back = await momentsDuring(namespace, () => namespace.quietly(['rollback', 'sink', '1', '--wait', '--timeout', '60s']))
  t.diagnostic(oneByOne(back))
  assert.equal(await checksum(namespace), first)

  const history = JSON.parse(await namespace.quietly(['history', 'sink', '--output', 'json'])) as Revision[]
  assert.deepEqual(
    history.map(({ revision, status, description }) => `${revision} ${status}: ${description}`),
    ['1 superseded: Install complete', '2 superseded: Upgrade complete', '3 deployed: Rollback to 1'],
  )
})

test('a new version of the chart that changes nothing of the pods starts none of them again', async (t) => {
  const pinned = { ...values, image: { tag: '0.1.0' } }
  const namespace = await installed(t, pinned)
  const before = await podsOf(namespace)
  await namespace.quietly(upgrade(nextVersion(t)), pinned)
  assert.equal((await namespace.the('deployment')).metadata.labels?.['helm.sh/chart'], 'mytracker-sink-999.0.0_next')
  assert.deepEqual(
    (await podsOf(namespace)).map(({ metadata }) => metadata.uid),
    before.map(({ metadata }) => metadata.uid),
  )
})

test('a new version of the service replaces the pods one by one', async (t) => {
  const namespace = await installed(t)
  const moments = await momentsDuring(namespace, () => namespace.quietly(upgrade(nextVersion(t)), values))
  t.diagnostic(oneByOne(moments))
  const { spec } = await namespace.the('deployment')
  assert.match(spec.template.spec.containers[0].image, /:999\.0\.0$/)
})

const checksum = async (namespace: Namespace): Promise<unknown> =>
  (await namespace.the('deployment')).spec.template.metadata.annotations['checksum/config']

/** The folder of the chart as it would be with the next release. */
function nextVersion(t: TestContext): string {
  const folder = folderWith(t, {})
  cpSync(chart, folder, { recursive: true })
  const file = join(folder, 'Chart.yaml')
  writeFileSync(
    file,
    readFileSync(file, 'utf8')
      .replace(/^version: .*$/m, 'version: 999.0.0+next')
      .replace(/^appVersion: .*$/m, 'appVersion: 999.0.0'),
  )
  return folder
}
