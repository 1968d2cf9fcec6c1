/** What a trigger and its authentication say, held against the source of KEDA's Kafka scaler. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cases, manifestsOf, only, rendered } from './rendering.ts'
import { kedaKafkaScaler } from './schemas.ts'
import { skipped } from './tools.ts'

interface Parameter {
  readonly from: readonly string[]
  /** Empty: any text. */
  readonly values: readonly string[]
}

/** Fields like: Sasl string `keda:"name=sasl,order=triggerMetadata;authParams,optional,enum=none;plaintext"`. */
async function parameters(): Promise<ReadonlyMap<string, Parameter>> {
  const tags = (await kedaKafkaScaler()).matchAll(/`keda:"name=(\w+),order=([\w;]+)([^"]*)"`/g)
  return new Map(
    [...tags].map(([, name = '', order = '', rest = '']) => {
      const values = /enum=([\w;]+)/.exec(rest)?.[1]?.split(';') ?? []
      return [name, { from: order.split(';'), values }]
    }),
  )
}

describe('a trigger of KEDA', { skip: skipped }, () => {
  for (const name of cases.filter((each) => each.startsWith('keda'))) {
    it(`${name}: says what the scaler reads, and only where it reads it`, async () => {
      const known = await parameters()
      assert.ok(known.size > 20)
      const manifests = manifestsOf(await rendered(name))
      const metadata = only('ScaledObject', manifests).spec.triggers.flatMap((trigger: { metadata: object }) =>
        Object.entries(trigger.metadata),
      ) as [string, string][]
      for (const [key, value] of metadata) {
        const { from = [], values = [] } = known.get(key) ?? {}
        assert.ok(from.includes('triggerMetadata'), key)
        assert.ok(values.length === 0 || values.includes(value), `${key}: ${value}`)
      }
      const authentication = manifests.find(({ kind }) => kind === 'TriggerAuthentication')?.spec ?? {}
      const targets = [...(authentication.secretTargetRef ?? []), ...(authentication.configMapTargetRef ?? [])]
      for (const { parameter } of targets) assert.ok(known.get(parameter)?.from.includes('authParams'), parameter)
      assert.equal(new Set(targets.map(({ parameter }) => parameter)).size, targets.length)
      assert.equal(targets.length > 0, name !== 'keda')
    })
  }
})
