import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import kafkajs from 'kafkajs'
import { SessionWatch, stallLimits } from '../../src/kafka/session-watch.ts'
import { Succession } from '../../src/kafka/succession.ts'
import { until } from '../support/sink-process.ts'

/** Does what it is told, and ends when the test says so. */
class ScriptedSession {
  readonly #end = Promise.withResolvers<unknown>()
  readonly over = this.#end.promise
  isOver = false
  isClosed = false
  joins = 0

  async connect(): Promise<void> {}

  async join(): Promise<void> {
    this.joins += 1
  }

  fail(error: unknown): void {
    this.isOver = true
    this.#end.resolve(error)
  }

  async close(): Promise<void> {
    this.fail(new Error('closed'))
    this.isClosed = true
  }
}

/** The first session has joined. */
async function begun(t: TestContext) {
  const sessions: ScriptedSession[] = []
  const lost: string[] = []
  const failures: unknown[] = []
  const succession = new Succession({
    begin: () => {
      const session = new ScriptedSession()
      sessions.push(session)
      return session
    },
    watch: new SessionWatch(stallLimits({ sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 60_000 })),
    brokersAnswerSince: () => undefined,
    lost: ({ reason }) => lost.push(reason),
    failed: (error) => failures.push(error),
  })
  t.after(() => succession.stop())
  await succession.start()
  return { sessions, lost, failures, succession }
}

const { KafkaJSError, KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded } = kafkajs
const retriable = new KafkaJSError(new Error('no broker'))

for (const [name, error] of [
  ['was tried too often', new KafkaJSNumberOfRetriesExceeded(retriable, { retryCount: 5, retryTime: 300 })],
  ['may go better another time', retriable],
  ['is for a reason that may pass', Object.assign(new KafkaJSNonRetriableError('wrapped'), { cause: retriable })],
] as const) {
  test(`a crash that ${name} is followed by a new session, once the old one is put away`, async (t) => {
    const { sessions, lost, failures, succession } = await begun(t)
    sessions[0]?.fail(error)
    await until('another one has joined', () => sessions[1]?.joins === 1)
    assert.deepEqual([sessions[0]?.isClosed, lost, failures], [true, ['crash'], []])
    assert.equal(succession.current, sessions[1])
  })
}

for (const error of [new TypeError('a mistake of ours'), new KafkaJSNonRetriableError('refused')]) {
  test(`a crash that nobody can mend is told, and nothing follows: ${error.message}`, async (t) => {
    const { sessions, lost, failures } = await begun(t)
    sessions[0]?.fail(error)
    await until('it is told', () => failures.length > 0)
    assert.deepEqual([failures, lost, sessions.length], [[error], [], 1])
  })
}

test('one that is stopped while a new session is to come gets none', async (t) => {
  const [stopped, other] = [await begun(t), await begun(t)]
  stopped.sessions[0]?.fail(retriable)
  await until('it is over', () => stopped.sessions[0]?.isClosed === true)
  await stopped.succession.stop()
  other.sessions[0]?.fail(retriable)
  await until('the other has a new one', () => other.sessions.length === 2)
  assert.equal(stopped.sessions.length, 1)
})
