import assert from 'node:assert/strict'
import { until } from '../../support/sink-process.ts'
import type { Scenario } from '../scenario.ts'

const BEHIND = 50_000
const HELD_MS = 60_000
const PLAYER = 'stuck'

export const stuckRecord: Scenario = {
  name: 'stuck-record',
  title: `one record is refused for a minute while ${BEHIND.toLocaleString('en')} behind it are delivered; then SIGKILL`,
  nodes: 1,
  twice: 'bounded',
  partitions: 1,
  // Tried in place for longer than the run: it is not to be parked.
  config: ['retry: { replicationFactor: 1, inPlace: { attempts: 100, delay: 250ms, maxDelay: 5s } }'],
  play: async (stage) => {
    const { cluster, feed, topic, groupId } = stage
    stage.held = PLAYER
    const heldAt = Date.now()
    const instance = await stage.start()
    await feed.single(PLAYER)
    await feed.burst(stage.scaled(BEHIND))
    await until('all behind it are delivered', () => stage.hits.length === stage.scaled(BEHIND))
    feed.start()
    await until('it is held long enough', () => Date.now() - heldAt > stage.scaled(HELD_MS))
    assert.deepEqual(await cluster.committed(groupId, topic), [0])
    const behind = stage.hits.length
    await stage.kill(instance)
    stage.held = undefined
    await stage.more(2_000)
    return `${behind} delivered behind the commit point`
  },
}
