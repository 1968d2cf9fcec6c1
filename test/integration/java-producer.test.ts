/** What Java's own producer writes, which most services use: its framing of each codec, in batches of many blocks. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { cacheFolder, exists } from '../../src/stack/cache.ts'
import { Cluster } from '../../src/stack/cluster.ts'
import { findJava } from '../../src/stack/java.ts'
import { kafkaPackage } from '../../src/stack/maven.ts'
import { startStack } from '../../src/stack/stack.ts'
import { groupConsumer } from '../contract/kafka-under-test.ts'
import { Listener, range } from '../contract/listener.ts'
import { until } from '../support/sink-process.ts'

const RECORDS = 600
/** Of one block in Java's framing of snappy. */
const BLOCK_BYTES = 32_768
const source = new URL('../support/java-producer/Produce.java', import.meta.url).pathname

const report = (line: string): void => void process.stderr.write(`${line}\n`)
const stack = await startStack({ env: process.env, registry: false, report })
after(() => stack.stop())
const cluster = await Cluster.connect(stack)
after(() => cluster.close())
const run = Date.now().toString(36)

for (const codec of ['gzip', 'snappy', 'lz4', 'zstd', 'none'])
  test(`what Java's producer writes with ${codec} is read whole, byte for byte`, async (t) => {
    const topic = `java-${codec}-${run}`
    await cluster.createTopic(topic, 1)
    const said = await produce(t, topic, codec)
    if (said === undefined) return
    const { rate, batchBytes } = said
    t.diagnostic(`${Math.round(batchBytes)} bytes a batch, ${rate.toFixed(2)} of what they were`)
    assert.ok(codec === 'none' ? rate === 1 : rate < 0.9)
    assert.ok(batchBytes / rate > 3 * BLOCK_BYTES)
    const listener = new Listener()
    const member = await groupConsumer(cluster, { groupId: topic, topics: [topic], isOwn: false, handlers: listener.handlers })
    t.after(() => member.stop())
    await member.start()
    await until('all are read', () => listener.records.length === RECORDS)
    assert.deepEqual(listener.offsetsOf(0), range(0, RECORDS))
    for (const { offset, key, value } of listener.records) {
      assert.equal(key, `k-${offset}`)
      assert.ok(value?.equals(bytesOf(offset)), `the value of ${offset}`)
    }
  })

/** Undefined, and the test skipped: it takes a JDK, and the broker's own jars. */
async function produce(t: TestContext, topic: string, codec: string) {
  const [java, jars] = [await findJava(process.env), join(cacheFolder(process.env), kafkaPackage.folder)]
  if (java === undefined || !(await exists(jars))) return void t.skip('there is no Java with the jars of a broker')
  const { stdout: modules } = await promisify(execFile)(java.command, ['--list-modules'])
  if (!modules.includes('jdk.compiler')) return void t.skip('this Java cannot compile')
  const args = ['-cp', join(jars, '*'), source, stack.brokers.join(','), topic, codec, String(RECORDS)]
  const { stdout } = await promisify(execFile)(java.command, args, { timeout: 60_000 })
  const figure = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(stdout)?.[1])
  return { rate: figure('compression-rate-avg'), batchBytes: figure('batch-size-avg') }
}

function bytesOf(index: number): Buffer {
  return Buffer.from(Array.from({ length: (index * 37) % 5_000 }, (_, at) => (index * 31 + at * at * 7 + (at >> 3)) & 255))
}
