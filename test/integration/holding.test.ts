/** The tracker, the registry or the mapping in trouble: what the sink does, and what it says of it. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startSimulator } from '../../src/simulator/server.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { METRIC_PREFIX } from '../../src/telemetry/metric-definitions.ts'
import type { Asking } from '../support/asking.ts'
import { encodeScored, scoredSchema } from '../support/game.ts'
import { EVENTS, PARTITIONS, Scene } from '../support/scene.ts'
import { serving } from '../support/serving.ts'
import { until } from '../support/sink-process.ts'
import { sharedStack } from '../support/stack.ts'

const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())
const more = 'breaker: { failures: 5, probeAfter: 300ms }'

const value = async (asking: Asking, name: string, labels = {}) => (await asking.metrics()).value(METRIC_PREFIX + name, labels)

test('the tracker down: all waits but for probes, it says so, and goes on at once when one is answered', async (t) => {
  const scene = await Scene.set(t, cluster, { name: 'down', more })
  const { sink, asking } = await scene.start()
  scene.fault = () => ({ status: 503 })
  await scene.produce()
  const blocked = await asking.until('it is held', ({ tracker }) => tracker.breaker !== 'closed')
  assert.equal(blocked.state, 'blocked')
  assert.match(
    blocked.verdict,
    /^The tracker (is down|was down and is being tried) since .* \(status 503\); .* not committed yet\./,
  )
  assert.equal(await value(asking, 'breaker_open'), 1)
  const requests = scene.tracker.journal.counts().requests
  await until('it is probed thrice', () => scene.tracker.journal.counts().requests >= requests + 3)
  assert.equal(await scene.onSideTopics(), 0)
  assert.equal(await asking.code('/livez'), 200)
  scene.fault = undefined
  await scene.done(asking, EVENTS)
  assert.equal((await asking.status()).tracker.breaker, 'closed')
  assert.equal(await value(asking, 'breaker_open'), 0)
  const said = sink.log.map(({ msg }) => msg)
  assert.equal(said.filter((msg) => msg.startsWith('the tracker is down')).length, 1)
  assert.equal(said.filter((msg) => msg === 'the tracker is back').length, 1)
  await sink.end('SIGTERM')
})

test('a wrong endpoint: all waits, nothing is parked, and all arrives once it is right', async (t) => {
  const scene = await Scene.set(t, cluster, { name: 'elsewhere', more })
  const { sink, asking } = await scene.start()
  scene.fault = () => ({ status: 404 })
  await scene.produce()
  const { verdict } = await asking.until('it is blocked', ({ state }) => state === 'blocked')
  assert.match(verdict, /^The tracker answers as if we spoke to the wrong place since .*tracker\.endpoint/)
  assert.equal(sink.log.filter(({ msg, level }) => level === 'error' && msg.includes('wrong place')).length, 1)
  scene.fault = undefined
  await scene.done(asking, EVENTS)
  assert.equal(await scene.onSideTopics(), 0)
  await sink.end('SIGTERM')
})

test('a token that is replaced in its file: the app that was refused goes on without a restart', async (t) => {
  const scene = await Scene.set(t, cluster, { name: 'token', more })
  const token = join(scene.directory, 'web.token')
  writeFileSync(token, 'revoked')
  scene.edit('idApp: 2, token: t2', `idApp: 2, tokenFile: ${token}`)
  await scene.tracker.stop()
  const known = [
    { idApp: '1', token: 't1' },
    { idApp: '2', token: 'granted' },
  ]
  scene.tracker = await startSimulator({ journal: 'hits', apps: known })
  t.after(() => scene.tracker.stop())
  scene.edit(/endpoint: .*/, `endpoint: ${scene.tracker.url}`)
  const { sink, asking } = await scene.start()
  await scene.produce()
  const blocked = await asking.until('one app is blocked', ({ apps }) => apps.some(({ state }) => state === 'blocked'))
  assert.deepEqual(
    blocked.apps.map(({ name, state }) => `${name} ${state}`),
    ['android ok', 'web blocked'],
  )
  await until('the other one is delivered', () => scene.delivered === (EVENTS * 4) / 5)
  assert.equal(await value(asking, 'app_blocked', { app: 'web' }), 1)
  writeFileSync(token, 'granted')
  await scene.done(asking, EVENTS)
  assert.equal(await value(asking, 'app_blocked', { app: 'web' }), 0)
  assert.equal(await scene.onSideTopics(), 0)
  await sink.end('SIGTERM')
})

test('a tracker that asks for fewer requests: nothing goes in the pause, nothing is parked, and the verdict says why it is slow', async (t) => {
  const scene = await Scene.set(t, cluster, { name: 'paced', more })
  const { sink, asking } = await scene.start()
  let asked = 0
  const late: number[] = []
  scene.fault = () => {
    asked ||= Date.now()
    if (Date.now() - asked > 250) late.push(Date.now() - asked)
    return { status: 429, headers: { 'retry-after': '3' } }
  }
  await scene.produce()
  const { verdict } = await asking.until('it is asked', ({ tracker }) => (tracker.answers[429] ?? 0) > 0)
  assert.match(verdict, /The tracker asks for fewer requests since .* UTC \(429: too many requests\)/)
  await until('the pause is over', () => late.length > 0)
  assert.ok((late[0] ?? 0) >= 3_000, `a request ${late[0]} ms after the first 429`)
  scene.fault = undefined
  await scene.done(asking, EVENTS)
  assert.equal(await scene.onSideTopics(), 0)
  assert.ok(((await value(asking, 'in_flight_limit')) ?? 0) < 64)
  await sink.end('SIGTERM')
})

test('the registry down at the start and once more when a new schema comes: lanes that need it wait, and all arrives', async (t) => {
  let isDown = true
  const proxied = await serving(t, (incoming, response) => {
    if (isDown) return response.writeHead(503).end()
    const { method, url = '', headers } = incoming
    const path = new URL(cluster.stack.registryUrl).pathname.replace(/\/$/, '') + url
    const forward = request(new URL(path, cluster.stack.registryUrl), { method, headers: { ...headers, host: '' } }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    incoming.pipe(forward)
    return undefined
  })
  const scene = await Scene.set(t, cluster, { name: 'registry', more, registryUrl: proxied })
  const { sink, asking } = await scene.start()
  await scene.produce()
  const { verdict } = await asking.until('it is blocked, each partition', ({ state, partitions }) => {
    const waiting = partitions.filter((partition) => partition.state === 'waiting-for-schema')
    return state === 'blocked' && waiting.length === PARTITIONS
  })
  assert.match(verdict, /^The schema registry does not answer, and 3 partitions wait for a schema since/)
  isDown = false
  await scene.done(asking, EVENTS)

  isDown = true
  const fields = [...scoredSchema.fields, { name: 'level', type: 'int', default: 0 }]
  const newer = await cluster.register('game', { ...scoredSchema, fields })
  assert.notEqual(newer, scene.schemaId)
  const value = Buffer.concat([encodeScored(newer, { id: 'newer', player: 'p' }), Buffer.from([2])])
  await cluster.produce(scene.topic, [{ partition: 0, key: 'p', value }])
  await asking.until('one partition waits', ({ state }) => state === 'blocked')
  const known = [1, 2].map((partition) => ({
    ...{ partition, key: 'q' },
    value: encodeScored(scene.schemaId, { id: `known-${partition}`, player: 'q' }),
  }))
  await cluster.produce(scene.topic, known)
  await until('the others go on', () => scene.delivered === EVENTS + 2)
  isDown = false
  await scene.done(asking, EVENTS + 3)
  assert.equal(await scene.onSideTopics(), 0)
  await sink.end('SIGTERM')
})

test('a slip in the mapping makes every record invalid: the topic is held, and after the cure everything is delivered or named', async (t) => {
  const events = 3_000
  const scene = await Scene.set(t, cluster, { name: 'slip', more })
  scene.edit('eventTimestamp: at', 'eventTimestamp: player')
  const first = await scene.start()
  await scene.produce(events)
  const { verdict } = await first.asking.until('it is held', ({ state }) => state === 'blocked')
  assert.match(
    verdict,
    /^Too many records of slip-events would become dead letters since .* of its last \d+ records, the last one invalid-hit: /,
  )
  assert.match(verdict, /Mend the mapping or the producer.*deadLetters\.brake/)
  assert.equal(await first.sink.end('SIGTERM'), 0)
  // Once it has ended: a write may have been under way.
  const dead = await scene.onSideTopics()
  assert.ok(dead <= 1_000, `${dead} dead letters`)
  const committed = await cluster.committed(scene.groupId, scene.topic)
  assert.ok(committed.reduce((sum: number, each) => sum + Math.max(0, each ?? 0), 0) <= dead)

  scene.edit('eventTimestamp: player', 'eventTimestamp: at')
  const second = await scene.start()
  await second.asking.until('all is committed', ({ state, partitions }) => state === 'idle' && partitions.length === PARTITIONS)
  assert.equal(await scene.onSideTopics(), dead)
  assert.equal(
    new Set(scene.tracker.journal.hits.map(({ params }) => (params.customEventParams as { id: string }).id)).size,
    scene.delivered,
  )
  assert.equal(scene.delivered + dead, events)
  await second.sink.end('SIGTERM')
})
