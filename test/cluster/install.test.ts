import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes } from './control-plane.ts'
import { Namespace } from './namespace.ts'
import { isReady, podsOf } from './pods.ts'
import { install, installed, NAME, values } from './releases.ts'

test('an install makes three ready pods on three nodes without a warning, says what to do next, and leaves nothing when it is uninstalled', async (t) => {
  const namespace = await Namespace.made(t)
  await namespace.kubectl(['create', '--filename=-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: existing }))
  const before = await namespace.objects()
  const said = await namespace.quietly(install, values)
  t.diagnostic(said)
  assert.match(said, /STATUS: deployed/)
  assert.ok(said.includes(`kubectl --namespace ${namespace.name} rollout status deployment/${NAME}`))
  assert.ok(said.includes(`helm test sink --namespace ${namespace.name} --logs`))
  const pods = await podsOf(namespace)
  assert.ok(pods.every(isReady))
  assert.deepEqual(pods.map(({ spec }) => spec.nodeName).sort(), nodes)
  const { status } = await namespace.the('deployment')
  assert.deepEqual([status.replicas, status.availableReplicas], [3, 3])
  const events = await namespace.all('events')
  assert.deepEqual(
    events.filter(({ type }) => type !== 'Normal'),
    [],
  )

  const kinds = (await namespace.objects()).filter((name) => !before.includes(name)).map((name) => name.split('/')[0])
  for (const kind of [
    'poddisruptionbudget.policy',
    'networkpolicy.networking.k8s.io',
    'service',
    'serviceaccount',
    'configmap',
  ]) {
    assert.ok(kinds.includes(kind), `no ${kind} among ${kinds.join(', ')}`)
  }
  await namespace.quietly(['uninstall', 'sink', '--wait'])
  await namespace.holdsOnly(before)
})

test('helm test makes its pod where the pods are, and makes it anew when it is run again', async (t) => {
  const namespace = await installed(t)
  const uids = new Set<string>()
  for (let run = 0; run < 2; run += 1) {
    assert.match(await namespace.quietly(['test', 'sink']), /Phase: +Succeeded/)
    uids.add(JSON.parse(await namespace.kubectl(['get', 'pod', `${NAME}-check`, '--output=json'])).metadata.uid)
  }
  assert.equal(uids.size, 2)
})

const existing = [
  ...['mytracker', 'kafka', 'kafka-client', 'registry'].map((name) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name } })),
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'corporate-ca' } },
]
