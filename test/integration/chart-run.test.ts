/** What the chart mounts and runs, run here: against a broker that wants TLS and a password, and through the change of a Secret. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { stringify } from 'yaml'
import type { TextOf } from '../chart/mounts.ts'
import { mount } from '../chart/mounts.ts'
import { folderWith, manifestsOf, only, renderedFrom } from '../chart/rendering.ts'
import { skipped } from '../chart/tools.ts'
import { Asking } from '../support/asking.ts'
import { CliProcess } from '../support/cli-process.ts'
import { encodeScored, scoredSchema } from '../support/game.ts'
import { securedStack, USER } from '../support/secured-stack.ts'
import { closedPort, serving } from '../support/serving.ts'
import { SinkProcess, until } from '../support/sink-process.ts'

const TOPIC = 'chart-scores'
let why = skipped
const secured = skipped === undefined ? await securedStack((reason) => (why = reason)) : undefined

test('helm test finds nothing, records are delivered, and a token that changes is taken up', { skip: why }, async (t) => {
  assert.ok(secured)
  const { cluster, certificates } = secured
  const schemaId = await cluster.register(`${TOPIC}-value`, scoredSchema)
  await cluster.createTopic(TOPIC, 1)
  const tokens: (string | undefined)[] = []
  const endpoint = await serving(t, (request, response) => {
    if (request.method === 'POST') tokens.push(request.headers.authorization)
    response.setHeader('date', new Date().toUTCString()).end('{}')
  })

  const values = {
    config: {
      kafka: {
        ...{ brokers: [secured.at('GUARDED')], groupId: 'chart-sink', topics: [TOPIC], startFrom: 'earliest' },
        sasl: { mechanism: 'scram-sha-256', username: USER.name },
      },
      schemaRegistry: { url: cluster.stack.registryUrl },
      tracker: { endpoint, apps: [{ name: 'android', idApp: 1 }] },
      mappings: [{ record: 'com.game.Scored', module: './mapping/scored.ts' }],
      http: { port: await closedPort() },
    },
    mappingModules: {
      'scored.ts': `import type { ModuleMap } from 'mytracker-sink/mapping'
export const map: ModuleMap = ({ player }) => ({ app: 'android', method: 'login', params: { customUserId: player } })
`,
    },
    secrets: {
      appTokens: { android: { existingSecret: 'tracker', key: 'token' } },
      kafkaPassword: { existingSecret: 'kafka', key: 'password' },
    },
    certificates: { kafkaCa: { existingConfigMap: 'authority', key: 'ca.crt' } },
  }
  const root = folderWith(t, { 'values.yaml': stringify(values) })
  const manifests = manifestsOf(await renderedFrom(join(root, 'values.yaml')))
  const { data } = only('ConfigMap', manifests)
  const holding = (token: string): TextOf => {
    const held: Record<string, string> = { token, password: USER.password, 'ca.crt': readFileSync(certificates.ca, 'utf8') }
    return (_, __, key) => data[key] ?? held[key]
  }
  const { spec } = only('Deployment', manifests).spec.template
  mount(root, spec, holding('first-token'))
  const argsOf = ({ containers: [{ args }] }: typeof spec): string[] =>
    args.map((arg: string) => arg.replace(/^\/etc/, `${root}/etc`))

  const { code, stdout, stderr } = await new CliProcess(t, argsOf(only('Pod', manifests).spec)).ended()
  assert.equal(code, 0, stdout + stderr)
  tokens.length = 0

  const [, , config = ''] = argsOf(spec)
  const sink = new SinkProcess(t, config)
  const asking = await Asking.of(sink)
  const [{ readinessProbe, ports }] = spec.containers
  await until('it is ready', async () => (await asking.code(readinessProbe.httpGet.path)) === 200)
  assert.equal(new URL(asking.url).port, String(ports[0].containerPort))
  const score = async (id: string) =>
    await cluster.produce(TOPIC, [{ partition: 0, key: id, value: encodeScored(schemaId, { id, player: id }) }])
  await score('1')
  await until('it is delivered', () => tokens.length === 1)
  mount(root, spec, holding('second-token'), 2)
  await until('the new token is taken up', async () => {
    await score(String(tokens.length))
    return tokens.at(-1) === 'second-token'
  })
  assert.equal(tokens[0], 'first-token')
  assert.equal(await sink.end('SIGTERM'), 0)
})
