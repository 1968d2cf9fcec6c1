import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { Pool } from 'undici'
import type { Answer } from '../../src/core/outcome.ts'
import { Attempt } from '../../src/tracker/attempt.ts'
import { oddServer } from './odd-server.ts'

const poolOf = (context: TestContext, endpoint: string): Pool => {
  const pool = new Pool(endpoint, { connections: 1, headersTimeout: 0, bodyTimeout: 0 })
  context.after(() => pool.destroy())
  return pool
}

const post = (pool: Pool, path: string, timeoutMs: number): Promise<Answer> =>
  new Promise((settle) => {
    pool.dispatch({ path, method: 'POST', body: '{}' }, new Attempt(timeoutMs, settle))
  })

test('time in the queue counts, a request given up there is never sent, and the connection lives on', async (context) => {
  const { promise: held, resolve: hold } = Promise.withResolvers<() => void>()
  const server = await oddServer(context, (_, response, nth) => {
    if (nth === 1) hold(() => response.end())
    else response.end()
  })
  const pool = poolOf(context, server.endpoint)
  const slow = post(pool, '/slow', 5_000)
  const release = await held
  assert.deepEqual(await post(pool, '/impatient', 50), {
    kind: 'retry',
    reason: 'unavailable',
    detail: 'timed out after 50 ms waiting for a connection',
  })
  const patient = post(pool, '/patient', 5_000)
  release()
  assert.deepEqual([await slow, await patient], [{ kind: 'delivered' }, { kind: 'delivered' }])
  assert.deepEqual(
    server.received.map(({ url }) => url),
    ['/slow', '/patient'],
  )
  assert.equal(server.sockets.length, 1)
})

test('an attempt settles once, whatever comes after', async (context) => {
  const server = await oddServer(context, () => {})
  const answers: Answer[] = []
  const pool = poolOf(context, server.endpoint)
  await new Promise<void>((resolve) => {
    const settle = (answer: Answer) => {
      answers.push(answer)
      resolve()
    }
    pool.dispatch({ path: '/', method: 'POST', body: '{}' }, new Attempt(50, settle))
  })
  await pool.destroy()
  assert.equal(answers.length, 1)
})

test('a request that undici refuses to make halts instead of throwing', async (context) => {
  const pool = poolOf(context, 'http://127.0.0.1:9')
  const answer = await post(pool, '/with space', 5_000)
  assert.deepEqual(answer, {
    kind: 'halt',
    reason: 'misconfigured',
    detail: 'the request could not be made: UND_ERR_INVALID_ARG',
  })
})
