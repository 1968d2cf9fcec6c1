import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { cases, chart, valuesOf } from '../chart/rendering.ts'
import { cluster, Namespace } from './namespace.ts'

before(async () => {
  const priority = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'high' }, value: 1000 }
  await cluster.kubectl(['apply', '--filename=-'], JSON.stringify(priority))
  await cluster.defineCustomResources()
})

for (const name of cases) {
  test(`${name}: the API server takes it without a warning, it is installed, its test pod let in, and nothing is left of it`, async (t) => {
    const namespace = await Namespace.made(t)
    const untouched = await namespace.objects()
    const flags = ['sink', chart, '--values', valuesOf(name)]
    // Its pods are as good at once as after half a minute.
    const values = { minReadySeconds: 0 }

    const rendered = await namespace.quietly(['template', ...flags, '--no-hooks'], values)
    const applying = ['--namespace', namespace.name, 'apply', '--dry-run=server', '--filename=-']
    const { code, stdout, text } = await cluster.answer(applying, rendered)
    assert.equal(code, 0, text)
    assert.equal(text, stdout)

    await namespace.quietly(['install', ...flags, '--wait', '--timeout', '60s'], values)
    assert.match(await namespace.quietly(['test', 'sink']), /Phase: +Succeeded/)
    await namespace.quietly(['uninstall', 'sink', '--wait'])
    // Helm knows it no more, and its log may still be wanted.
    await namespace.kubectl(['delete', 'pod', '--selector=app.kubernetes.io/component=check'])
    await namespace.holdsOnly(untouched)
  })
}
