/** Without KEDA itself: somebody else sets the replicas as it does, through the Deployment's scale. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { Namespace } from './namespace.ts'
import { cluster } from './namespace.ts'
import { podsOf } from './pods.ts'
import { installed, NAME, upgrade, values } from './releases.ts'

const keda = { ...values, scaling: { mode: 'keda', partitions: 12 }, minReadySeconds: 0 }
const debug = { config: { log: { level: 'debug' } } }

before(() => cluster.defineCustomResources())

test('with KEDA an upgrade and a rollback leave the number of pods to it', async (t) => {
  const namespace = await installed(t, keda)
  assert.equal((await podsOf(namespace)).length, 1)
  await scaledTo(namespace, 5)
  for (const change of [upgrade(), ['rollback', 'sink', '1', '--wait', '--timeout', '60s']]) {
    await namespace.quietly(change, { ...keda, ...debug })
    assert.equal((await namespace.the('deployment')).spec.replicas, 5)
  }
  assert.equal((await podsOf(namespace)).length, 5)
})

test('a release that goes to KEDA keeps one pod, unless the replicas are handed over first; back it goes by force', async (t) => {
  const careless = await installed(t)
  await careless.quietly(upgrade(), keda)
  assert.equal((await podsOf(careless)).length, 1)

  const namespace = await installed(t)
  const first = await uids(namespace)
  const handed = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: NAME }, spec: { replicas: 3 } }
  await namespace.kubectl(['apply', '--server-side', '--field-manager=scaling', '--filename=-'], JSON.stringify(handed))
  await namespace.quietly(upgrade(), keda)
  assert.deepEqual(await uids(namespace), first)
  assert.equal((await namespace.all('scaledobject')).length, 1)

  await scaledTo(namespace, 4)
  const refused = await namespace.helm(upgrade(), values)
  assert.notEqual(refused.code, 0)
  assert.match(refused.text, /conflict with .* subresource .*scale.*\.spec\.replicas/)
  assert.equal((await podsOf(namespace)).length, 4)

  await namespace.quietly([...upgrade(), '--force-conflicts'], values)
  assert.equal((await podsOf(namespace)).length, 3)
  assert.equal((await namespace.all('scaledobject')).length, 0)
})

async function scaledTo(namespace: Namespace, replicas: number): Promise<void> {
  await namespace.kubectl(['scale', `deployment/${NAME}`, `--replicas=${replicas}`])
  await namespace.kubectl(['rollout', 'status', `deployment/${NAME}`, '--timeout=60s'])
}

const uids = async (namespace: Namespace): Promise<string[]> =>
  (await podsOf(namespace)).map(({ metadata }) => metadata.uid).sort()
