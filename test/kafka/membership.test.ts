import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PartitionAssigner } from 'kafkajs'
import { Membership } from '../../src/kafka/membership.ts'

type Parts = Parameters<PartitionAssigner>[0]

test('a commit that is asked for again after another join is still one of the member that asked first', async () => {
  const generations: number[] = []
  const moved = Promise.withResolvers<void>()
  let joins = 0
  const broker = {
    isConnected: () => true,
    joinGroup: async () => ({ memberId: 'm', generationId: ++joins }),
    offsetCommit: async ({ groupGenerationId }: { groupGenerationId: number }) => {
      generations.push(groupGenerationId)
      if (generations.length > 1) return
      await moved.promise
      throw Object.assign(new Error('the coordinator has moved'), { type: 'NOT_COORDINATOR_FOR_GROUP' })
    },
  }
  const cluster = { findGroupCoordinator: async () => broker }
  const membership = new Membership({
    groupId: 'g',
    beforeJoin: async () => undefined,
    outOfRange: () => undefined,
    metadataCut: () => undefined,
  })
  membership.assigner({ cluster, groupId: 'g', logger: undefined } as unknown as Parts)
  const join = async (): Promise<unknown> => (await cluster.findGroupCoordinator()).joinGroup()
  await join()
  const point = { topic: 'orders', partition: 0, offset: 7, runs: [] }
  const committed = membership.commit([point])
  await join()
  moved.resolve()
  assert.deepEqual([await committed, generations], [[point], [1, 1]])
})
