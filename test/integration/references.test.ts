import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Cluster } from '../../src/stack/cluster.ts'
import { CliProcess } from '../support/cli-process.ts'
import { sharedStack } from '../support/stack.ts'

const cluster = await Cluster.connect(await sharedStack())
after(() => cluster.close())
const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const TOPIC = 'referring-orders'
const record = (name: string, fields: Readonly<Record<string, string>>): object => ({
  ...{ type: 'record', name, namespace: 'referring' },
  fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
})

await cluster.createTopic(TOPIC, 1)
await cluster.registerReferred('referring.Money', 'referring-money', record('Money', { cents: 'long' }))
const money = await cluster.registerReferred('referring.Money', 'referring-money', record('Money', { total: 'string' }))
const line = await cluster.registerReferred('referring.Line', 'referring-line', record('Line', { price: 'Money' }), [money])
await cluster.register(`${TOPIC}-value`, record('Order', { user: 'string', line: 'Line', fee: 'Money' }), [line, money])

const config = join(directory, 'sink.yaml')
writeFileSync(
  config,
  `kafka: { brokers: ${JSON.stringify(cluster.stack.brokers)}, groupId: referring, topics: [${TOPIC}], startFrom: earliest }
schemaRegistry: { url: "${cluster.stack.registryUrl}" }
tracker: { endpoint: "http://127.0.0.1:9", apps: [{ name: android, idApp: 1, token: some-token }] }
mappings:
  - record: referring.Order
    app: android
    method: customEvent
    params:
      customUserId: user
      customEventName: { value: paid }
      customEventParams: { price: line.price.total, fee: fee.total }
`,
)
const event = { user: 'u', line: { price: { total: '1.50' } }, fee: { total: '0.10' } }

test('a subject that refers to others, in their second version and over two ways, is read by check, explain and test', async (t) => {
  const ofCli = (...args: readonly string[]) => new CliProcess(t, args).ended()
  const json = join(directory, 'event.json')
  writeFileSync(json, JSON.stringify(event))
  const tests = join(directory, 'orders.test.yaml')
  writeFileSync(
    tests,
    `tests:
  - name: an order
    record: referring.Order
    timestamp: "2026-01-01T00:00:00Z"
    event: ${JSON.stringify(event)}
    hit: { app: android, method: customEvent, params: { customUserId: u, eventTimestamp: 1767225600, customEventName: paid, customEventParams: { price: "1.50", fee: "0.10" } } }
`,
  )
  const [checked, explained, tested] = await Promise.all([
    ofCli('check', '--config', config, '--online'),
    ofCli('explain', '--config', config, '--record', 'referring.Order', '--json', json, '--values'),
    ofCli('test', tests, '--config', config),
  ])
  assert.match(checked.stdout, /mapping 1, referring\.Order.*version 1/)
  assert.doesNotMatch(checked.stdout, /mapping 1.*(does not fit|cannot)/)
  assert.equal(explained.code, 0, explained.stderr)
  assert.match(explained.stdout, /"price":"1\.50"/)
  assert.equal(tested.code, 0, tested.stdout + tested.stderr)
})
