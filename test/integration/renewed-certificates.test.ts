import assert from 'node:assert/strict'
import { copyFileSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { AcceptedHit } from '../../src/simulator/journal.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { scoredSchema, scores, writeGameConfig } from '../support/game.ts'
import { SecretVolume } from '../support/secret-volume.ts'
import type { Secured } from '../support/secured-stack.ts'
import { securedStack } from '../support/secured-stack.ts'
import { SinkProcess, until } from '../support/sink-process.ts'

let reason = ''
const secured = (await securedStack((why) => {
  reason = why
})) as Secured
const skip = secured === undefined && reason

const TOPIC = 'renewed-scores'
const GROUP = 'renewed'
const PARTITIONS = 3
const EVENTS = 300

/** How many ids were accepted, and how often: one number where it was as often for all. */
function accepted(hits: readonly AcceptedHit[]): { ids: number; times: number[] } {
  const times = new Map<string, number>()
  for (const { params } of hits) {
    const { id } = params.customEventParams as { id: string }
    times.set(id, (times.get(id) ?? 0) + 1)
  }
  return { ids: times.size, times: [...new Set(times.values())] }
}

const title =
  'our certificate and key become those of another authority, then a torn pair: the process goes on, nothing is lost or twice'

test(title, { skip }, async (t) => {
  const { cluster, certificates, directory, restart, at } = secured
  const { ca, cert, key, strangerCert, strangerKey, strangerCa, clientCa } = certificates
  const schemaId = await cluster.register(`${TOPIC}-value`, scoredSchema)
  await cluster.createTopic(TOPIC, PARTITIONS)
  const tracker = await startSimulator({ journal: 'hits' })
  t.after(() => tracker.stop())
  const volume = new SecretVolume(t)
  const put = (certFile: string, keyFile: string) =>
    volume.put({ 'ca.crt': readFileSync(ca), 'tls.crt': readFileSync(certFile), 'tls.key': readFileSync(keyFile) })
  put(cert, key)
  const [caFile, certFile, keyFile] = ['ca.crt', 'tls.crt', 'tls.key'].map((name) => volume.path(name))
  const kafka = `, ssl: { caFile: ${caFile}, certFile: ${certFile}, keyFile: ${keyFile} }`
  const own = { topic: TOPIC, groupId: GROUP, trackerUrl: tracker.url }
  const sink = new SinkProcess(t, writeGameConfig(cluster, directory, { ...own, brokers: [at('MUTUAL')], kafka }))
  const said = () =>
    sink.log.filter(({ msg }) => msg.startsWith('renewed certificates')).map(({ level, files, why }) => ({ level, files, why }))

  /** The same ids in each round. */
  const delivers = async (round: number) => {
    await cluster.produce(TOPIC, scores(schemaId, EVENTS, PARTITIONS).messages)
    await until(`round ${round} is delivered`, () => tracker.journal.hits.length >= round * EVENTS)
    await until('it is committed', async () => {
      const [committed, ends] = [await cluster.committed(GROUP, TOPIC), await cluster.ends(TOPIC)]
      return String(committed) === String(ends)
    })
    assert.deepEqual(accepted(tracker.journal.hits), { ids: EVENTS, times: [round] })
  }

  await delivers(1)
  put(strangerCert, strangerKey)
  copyFileSync(strangerCa, clientCa)
  await restart()
  await delivers(2)
  const renewed = { level: 'info', files: `${caFile}, ${certFile}, ${keyFile}`, why: undefined }
  assert.deepEqual(said(), [renewed])

  put(cert, strangerKey)
  await restart()
  await delivers(3)
  assert.deepEqual(said(), [renewed, { level: 'warn', files: `${certFile}, ${keyFile}`, why: 'key values mismatch' }])
  assert.equal(await sink.end('SIGTERM'), 0)
})
