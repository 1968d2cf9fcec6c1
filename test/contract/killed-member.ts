/** A member of its own process: joins, commits what it is told, says so in a line, and waits to be killed. */
import { Cluster } from '../../src/stack/cluster.ts'
import type { Point } from '../support/memory-broker/member.ts'
import { until } from '../support/sink-process.ts'
import { groupConsumer } from './kafka-under-test.ts'
import { Listener } from './listener.ts'

const task = JSON.parse(process.argv[2] ?? '') as { brokers: string[]; groupId: string; points: Point[] }
const stack = { brokers: task.brokers, registryUrl: '', how: 'given' as const, nodes: [], stop: async () => undefined }
const listener = new Listener()
const member = await groupConsumer(await Cluster.connect(stack), {
  groupId: task.groupId,
  topics: [...new Set(task.points.map(({ topic }) => topic))],
  isOwn: false,
  handlers: listener.handlers,
})
await member.start()
await until('the partitions are assigned', () => listener.isAssigned)
await member.commit(task.points)
process.stdout.write('committed\n')
