import assert from 'node:assert/strict'
import type { Namespace } from './namespace.ts'
import { lines } from './namespace.ts'

export interface Pod {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly resourceVersion: string
    readonly deletionTimestamp?: string
  }
  readonly spec: { readonly nodeName?: string }
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

/** The pods of the release at one moment. One that has been asked to go counts as gone. */
export interface Moment {
  readonly pods: number
  readonly ready: number
}

interface Listed {
  readonly metadata: { readonly resourceVersion: string }
  readonly items: readonly Pod[]
}

interface Happened {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'ERROR'
  readonly object: Pod
}

const chosen = 'labelSelector=app.kubernetes.io/component%3Dsink'

export const podsOf = async (namespace: Namespace): Promise<readonly Pod[]> => (await listed(namespace)).items

/** Each state that the pods go through while something is done, event by event, as the API server remembers it. */
export async function momentsDuring(namespace: Namespace, act: () => Promise<unknown>): Promise<Moment[]> {
  const { metadata, items } = await listed(namespace)
  await act()
  const since = `watch=true&resourceVersion=${metadata.resourceVersion}&timeoutSeconds=1`
  const happened = lines(await raw(namespace, `${since}&${chosen}`)).map((line) => JSON.parse(line) as Happened)
  const pods = new Map(items.map((pod) => [pod.metadata.uid, pod]))
  return happened.map(({ type, object }) => {
    assert.notEqual(type, 'ERROR', JSON.stringify(object))
    if (type === 'DELETED') pods.delete(object.metadata.uid)
    else pods.set(object.metadata.uid, object)
    const staying = [...pods.values()].filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    return { pods: staying.length, ready: staying.filter(isReady).length }
  })
}

/**
 * Three pods took turns: never fewer than two were ready, and never a fourth beside three. As a text, how many there were and how many of
 * them ready. A pod may well be made some milliseconds before its predecessor is asked to go: two replica sets are two workers' work.
 */
export function oneByOne(moments: readonly Moment[]): string {
  const course = moments.map(({ pods, ready }) => `${pods}/${ready}`).join(' ')
  const ready = moments.map((moment) => moment.ready)
  assert.deepEqual([Math.min(...ready), Math.max(...ready), ready.at(-1)], [2, 3, 3], course)
  return course
}

export const isReady = ({ status }: Pod): boolean =>
  status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false

const listed = async (namespace: Namespace): Promise<Listed> => JSON.parse(await raw(namespace, chosen)) as Listed

const raw = async (namespace: Namespace, query: string): Promise<string> =>
  await namespace.kubectl(['get', '--raw', `/api/v1/namespaces/${namespace.name}/pods?${query}`])
