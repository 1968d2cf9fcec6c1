import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../chart/tools.ts'
import { until } from '../support/sink-process.ts'
import { nodes } from './control-plane.ts'
import type { Namespace } from './namespace.ts'
import { cluster } from './namespace.ts'
import { isReady, momentsDuring, oneByOne, podsOf } from './pods.ts'
import { installed, NAME } from './releases.ts'

const refused = /TooManyRequests.*would violate the pod's disruption budget/

test('one pod may be evicted, no further one until its successor is ready, but for one that is not ready itself', async (t) => {
  const namespace = await installed(t)
  const { metadata, spec } = await namespace.the('poddisruptionbudget')
  assert.deepEqual([metadata.name, spec.maxUnavailable, spec.unhealthyPodEvictionPolicy], [NAME, 1, 'AlwaysAllow'])
  await free(namespace, 1)
  const [first, second, third] = (await podsOf(namespace)).map(({ metadata }) => metadata.name)
  // So that its successor finds no place yet.
  await cluster.kubectl(['cordon', ...nodes])
  t.after(() => cluster.kubectl(['uncordon', ...nodes]))

  assert.equal((await evicted(namespace, first)).code, 0)
  const answer = await evicted(namespace, second)
  t.diagnostic(answer.text.trim())
  assert.equal(answer.code, 1)
  assert.match(answer.text, refused)

  const unready = { status: { conditions: [{ type: 'Ready', status: 'False' }] } }
  await namespace.kubectl(['patch', 'pod', third ?? '', '--subresource=status', '--patch', JSON.stringify(unready)])
  assert.equal((await evicted(namespace, third)).code, 0)
  assert.match((await evicted(namespace, second)).text, refused)

  await cluster.kubectl(['uncordon', ...nodes])
  await free(namespace, 1)
  assert.equal((await evicted(namespace, second)).code, 0)
})

test('draining one node after the other moves the pods one by one', async (t) => {
  const namespace = await installed(t)
  const moments = await momentsDuring(namespace, async () => {
    for (const node of nodes) {
      await free(namespace, 1)
      const said = await cluster.kubectl(['drain', node, '--timeout=60s'])
      assert.match(said, new RegExp(`pod/${NAME}-\\S+ evicted`))
      assert.ok((await podsOf(namespace)).every(({ spec }) => spec.nodeName !== node))
      await cluster.kubectl(['uncordon', node])
    }
    await until('all are ready', async () => (await podsOf(namespace)).filter(isReady).length === 3)
  })
  t.diagnostic(oneByOne(moments))
})

/** Through the API that `kubectl drain` asks, too. */
async function evicted(namespace: Namespace, name = ''): Promise<Answer> {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: namespace.name } }
  const place = `/api/v1/namespaces/${namespace.name}/pods/${name}/eviction`
  return await cluster.answer(['create', '--raw', place, '--filename=-'], JSON.stringify(eviction))
}

const free = async (namespace: Namespace, evictions: number): Promise<void> =>
  await until(`the budget allows ${evictions}`, async () => {
    return (await namespace.the('poddisruptionbudget')).status?.disruptionsAllowed === evictions
  })
