/** kube-score's opinion of what is rendered, but for what is meant so. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cases, rendered } from './rendering.ts'
import { answerOf, skipped } from './tools.ts'

interface Meant {
  readonly says: string
  readonly why: string
  /** The values files for which it is so; absent: all. */
  readonly only?: readonly string[]
}

const meant: readonly Meant[] = [
  { says: 'CPU limit is not set', why: 'a limit stretches every time-out; the request keeps its share' },
  {
    says: 'ImagePullPolicy is not set to Always',
    why: 'the tag of a version does not move, and a start shall not depend on the registry',
  },
  { says: 'Deployment does not have a host podAntiAffinity set', why: 'spread constraints do it' },
  {
    says: 'The pod does not have a matching NetworkPolicy',
    why: 'which ways lead to brokers and tracker only the operator knows',
  },
  {
    says: 'Deployment few replicas',
    why: 'somebody else counts them, or one is wanted',
    only: ['external', 'keda', 'keda-oauth', 'keda-sasl-tls', 'one-pod'],
  },
]

describe('kube-score', { skip: skipped, concurrency: 2 }, () => {
  for (const name of cases) {
    it(`finds nothing in ${name} that is not meant`, async () => {
      const flags = ['--output-format', 'ci', '--enable-optional-test', 'container-seccomp-profile']
      const { text } = await answerOf('kube-score', ['score', ...flags, '-'], await rendered(name))
      const found = text.split('\n').filter((line) => /^\[(CRITICAL|WARNING)\]/.test(line))
      const isMeant = (line: string) => meant.some(({ says, only }) => line.endsWith(says) && (only ?? [name]).includes(name))
      assert.match(text, /^\[OK\]/m)
      assert.deepEqual(
        found.filter((line) => !isMeant(line)),
        [],
      )
    })
  }
})
