import { until } from '../../support/sink-process.ts'
import type { Scenario } from '../scenario.ts'

const BEFORE = 6
const AFTER = 9

/** The players who move to an added partition have no order between their old and their new one, as with any Kafka consumer. */
export const growth: Scenario = {
  name: 'growth',
  title: `from ${BEFORE} to ${AFTER} partitions while two instances run`,
  nodes: 1,
  twice: 'none',
  partitions: BEFORE,
  play: async (stage) => {
    const { cluster, feed, topic, groupId } = stage
    feed.start()
    await stage.start()
    await stage.start()
    await stage.more(3_000)
    await cluster.admin.createPartitions({ topicPartitions: [{ topic, count: AFTER }] })
    await feed.grow(AFTER)
    const startedAt = Date.now()
    await until('the added partitions are read and committed', async () => {
      const committed = await cluster.committed(groupId, topic)
      return committed.length === AFTER && committed.every((offset) => offset > 0)
    })
    const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1)
    await stage.more(3_000)
    return `added partitions committed after ${seconds} s`
  },
}
