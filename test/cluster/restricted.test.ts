/** That the other tests would hear of it, if a pod were not as `restricted` wants it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chart, valuesOf } from '../chart/rendering.ts'
import { until } from '../support/sink-process.ts'
import { Namespace } from './namespace.ts'

const breaking = [
  { what: 'pods that run as root', values: { podSecurityContext: { runAsUser: 0 } }, said: /runAsUser=0/ },
  { what: 'pods that may run as root', values: { podSecurityContext: { runAsNonRoot: false } }, said: /runAsNonRoot != true/ },
  {
    what: 'a container that keeps its capabilities',
    values: { securityContext: { capabilities: null } },
    said: /unrestricted capabilities/,
  },
  {
    what: 'a further container that says nothing of its rights',
    values: { extraInitContainers: [{ name: 'wait', image: 'wait' }] },
    said: /allowPrivilegeEscalation != false .*wait/,
  },
]

for (const { what, values, said } of breaking) {
  test(`values that make ${what} are warned of, and no pod comes to be`, async (t) => {
    const namespace = await Namespace.made(t)
    const { code, text } = await namespace.helm(['install', 'sink', chart, '--values', valuesOf('minimal')], values)
    assert.equal(code, 0, text)
    assert.match(text, /Warning: would violate PodSecurity/)
    assert.match(text, said)
    await until('pods are refused', async () => (await namespace.all('events')).some(({ reason }) => reason === 'FailedCreate'))
    assert.deepEqual(await namespace.all('pods'), [])
    const tried = await namespace.helm(['test', 'sink'])
    assert.notEqual(tried.code, 0)
    assert.match(tried.text, /is forbidden: violates PodSecurity/)
  })
}
